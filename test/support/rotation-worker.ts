import fs, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import type { KillStep } from './killed-rotation.js';

// One process that makes a key in a folder, and kills itself with SIGKILL at the step that its parent names.

const [directory, step] = process.argv.slice(2) as [string, KillStep];

function die(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  // The signal comes from outside; nothing may happen until it does.
  return new Promise(() => undefined);
}

/** Puts the end of this process before, or after, a method. */
function deadly<T extends object>(
  target: T,
  method: keyof T,
  when: 'before' | 'after',
  isIt: (first: unknown) => boolean,
): void {
  const original = target[method] as (...args: unknown[]) => Promise<unknown>;
  const replacement = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    if (!isIt(args[0])) return original.apply(this, args);
    if (when === 'before') return die();
    await original.apply(this, args);
    return die();
  };
  target[method] = replacement as T[keyof T];
}

const isTemporary = (path: unknown): boolean => String(path).endsWith('.tmp');
const isAny = (): boolean => true;

const probe = await fs.open(new URL(import.meta.url), 'r');
const handle = Object.getPrototypeOf(probe) as FileHandle;
await probe.close();

let syncs = 0;
const ARM: Record<KillStep, () => void> = {
  'before it opens the temporary file': () => deadly(fs, 'open', 'before', isTemporary),
  'before it writes': () => deadly(handle, 'writeFile', 'before', isAny),
  'before it syncs the file': () => deadly(handle, 'sync', 'before', isAny),
  'before it closes the file': () => deadly(handle, 'sync', 'after', isAny),
  'before it links': () => deadly(fs, 'link', 'before', isAny),
  'after it linked': () => deadly(fs, 'link', 'after', isAny),
  'before it syncs the folder': () => deadly(handle, 'sync', 'before', () => ++syncs === 2),
  'before it removes the temporary file': () => deadly(fs, 'rm', 'before', isAny),
};
ARM[step]();
syncBuiltinESMExports();

const { KeyDirectory } = await import('../../src/keys/ring/key-directory.js');
await new KeyDirectory(directory, undefined).make(Math.ceil(Date.now() / 1000) + 90_000_000, 2048);
process.exit(3);
