import { transformFile } from '@swc/core';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const SOURCE = join(import.meta.dirname, '../../src');

/** What the command line is made of. It never loads Nest, so it needs no package to run. */
const FOLDERS = /^(cli|errors|events|keys|time|tokens)[\\/].+\.ts$/;

/** What a command wrote, and how it ended. */
export interface CliResult {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** What a program finds when it starts. */
export interface Given {
  /** What it can read. */
  readonly input?: string;
  /** Besides the environment of the tests. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The command line of this package, compiled from its source into a folder of its own, as a clean checkout has no build. */
export class Cli {
  private constructor(private readonly directory: string) {}

  static async compile(): Promise<Cli> {
    const directory = mkdtempSync(join(tmpdir(), 'jwt-rs256-cli-'));
    writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
    const sources = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((file) =>
      FOLDERS.test(file),
    );
    await Promise.all(sources.map((file) => compileInto(directory, file)));
    return new Cli(directory);
  }

  /** The file that `bin` of package.json names, here. */
  get main(): string {
    return join(this.directory, 'cli', 'main.js');
  }

  run(args: readonly string[], cwd: string, given?: Given): Promise<CliResult> {
    return run(process.execPath, [this.main, ...args], cwd, given);
  }

  /** Runs the command as a shell would, after other commands. */
  runInShell(script: string, cwd: string): Promise<CliResult> {
    return run('sh', ['-c', script.replaceAll('jwt-rs256', `'${process.execPath}' '${this.main}'`)], cwd);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

async function compileInto(directory: string, file: string): Promise<void> {
  const { code } = await transformFile(join(SOURCE, file), {
    swcrc: false,
    jsc: { target: 'es2023', parser: { syntax: 'typescript', decorators: true } },
    module: { type: 'es6' },
  });
  const target = join(directory, file.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, code);
}

/** Runs a program to its end. */
export function run(
  program: string,
  args: readonly string[],
  cwd: string,
  { input = '', env = {} }: Given = {},
): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env } });
    // Whoever does not read it may close it.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const texts = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...texts }));
  });
}
