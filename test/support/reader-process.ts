import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describeWith } from './installed.js';
import { AUDIENCE } from './mint.js';
import type { NodeReader, ReaderAnswer } from './reader-worker.js';

const WORKER = fileURLToPath(new URL('reader-worker.ts', import.meta.url));
const LOADER = new URL('typescript-loader.mjs', import.meta.url).href;
const PYTHON_WORKER = fileURLToPath(new URL('pyjwt-reader.py', import.meta.url));
const PYTHON = '/usr/bin/python3';

/** What reads the tokens of an issuer, by the package that verifies. */
export const NODE_READERS = [
  'jose',
  'jsonwebtoken',
  'fast-jwt',
  'express-oauth2-jwt-bearer',
] as const satisfies readonly NodeReader[];

/** Debian's, and not what else there may be on the path. Undefined: not installed, or it cannot do RS256. */
export const pyJwtVersion = readPyJwtVersion();

/** `describe` for what needs PyJWT. */
export function describeWithPyJwt(name: string, suite: () => void): void {
  describeWith({ name: 'python3-jwt', isInstalled: pyJwtVersion !== undefined }, name, suite);
}

/** Another library in a process of its own, which knows the URL of an issuer, an audience, and nothing else. */
export class ReaderProcess implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  #said = '';

  private constructor(program: string, args: readonly string[]) {
    // What a proxy is for is not on this machine.
    this.#child = spawn(program, args, { env: { ...process.env, no_proxy: '127.0.0.1' } });
    this.#child.stderr.on('data', (chunk: Buffer) => (this.#said += chunk.toString()));
    // It may be gone before a token gets there; then there is no answer either.
    this.#child.stdin.on('error', () => undefined);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  static open(reader: NodeReader | 'PyJWT', issuer: string): ReaderProcess {
    if (reader === 'PyJWT') return new ReaderProcess(PYTHON, [PYTHON_WORKER, issuer, AUDIENCE]);
    return new ReaderProcess(process.execPath, ['--import', LOADER, WORKER, reader, issuer, AUDIENCE]);
  }

  async verify(token: string): Promise<ReaderAnswer> {
    this.#child.stdin.write(`${token}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`The reader ended: ${this.#said}`);
    return JSON.parse(value) as ReaderAnswer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.stdin.end();
    await exit;
  }
}

function readPyJwtVersion(): string | undefined {
  const script = 'import jwt, cryptography; print(jwt.__version__)';
  const { status, stdout } = spawnSync(PYTHON, ['-c', script], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}
