import { describe, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chromium, type Browser } from 'playwright-core';

const program = spawnSync('which', ['chromium-headless-shell'], { encoding: 'utf8' }).stdout.trim();

/**
 * `describe` for what needs a browser. Where it is missing, the suite is skipped, and says so; in CI it fails, for there it
 * is installed.
 */
export function describeWithBrowser(name: string, suite: () => void): void {
  if (program !== '') return describe(name, suite);
  const reason = `chromium-headless-shell is not installed, so this was NOT tested: ${name}`;
  if (process.env.CI === 'true') {
    return describe(name, () => {
      it('needs chromium-headless-shell', () => {
        throw new Error(reason);
      });
    });
  }
  process.stderr.write(`\n*** SKIPPED: ${reason} ***\n`);
  describe.skip(name, suite);
}

/** A browser of this test's own. It reaches the loopback interface only. */
export function startBrowser(): Promise<Browser> {
  // In a container there is no user namespace to build its sandbox in.
  return chromium.launch({ executablePath: program, args: ['--no-sandbox'] });
}
