import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly execArgv?: readonly string[];
}

/** Starts another program of this folder, such as `http-server`. It dies with this process. */
export function startProgram(
  name: string,
  args: readonly string[],
  options: ProgramOptions = {},
): ChildProcess {
  const file = new URL(`../${name}.js`, import.meta.url);
  return fork(file, [...args], {
    env: { ...process.env, ...options.env },
    execArgv: [...(options.execArgv ?? [])],
  });
}

/** Runs a program that sends one message, and waits for its end. */
export async function runProgram<T>(
  name: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<T> {
  const child = startProgram(name, args, options);
  let answer: T | undefined;
  child.on('message', (message) => (answer = message as T));
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code === 0 && answer !== undefined) return answer;
  throw new Error(`${name} ${args.join(' ')} ended with ${code ?? 'a signal'}`);
}
