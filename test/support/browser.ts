import { spawnSync } from 'node:child_process';
import { chromium, type Browser } from 'playwright-core';
import { describeWith } from './installed.js';

const program = spawnSync('which', ['chromium-headless-shell'], { encoding: 'utf8' }).stdout.trim();

/** `describe` for what needs a browser. */
export function describeWithBrowser(name: string, suite: () => void): void {
  describeWith({ name: 'chromium-headless-shell', isInstalled: program !== '' }, name, suite);
}

/** A browser of this test's own. It reaches the loopback interface only. */
export function startBrowser(): Promise<Browser> {
  // In a container there is no user namespace to build its sandbox in.
  return chromium.launch({ executablePath: program, args: ['--no-sandbox'] });
}
