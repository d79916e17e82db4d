import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const WORKER = fileURLToPath(new URL('rotation-worker.ts', import.meta.url));
const LOADER = new URL('typescript-loader.mjs', import.meta.url).href;

/** The steps of making a key at each of which the process is killed: what it was about to do, or had just done. */
const STEPS = [
  'before it opens the temporary file',
  'before it writes',
  'before it syncs the file',
  'before it closes the file',
  'before it links',
  'after it linked',
  'before it syncs the folder',
  'before it removes the temporary file',
] as const;

export type KillStep = (typeof STEPS)[number];

/** A process that rotates keys in a folder and is killed on the way. */
export class KilledRotation {
  static readonly STEPS = STEPS;

  static async run(directory: string, step: KillStep): Promise<{ signal: string | null; said: string }> {
    const child = spawn(process.execPath, ['--import', LOADER, WORKER, directory, step], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
    return { signal, said };
  }
}
