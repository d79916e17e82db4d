import { KeyObject } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { inspect } from 'node:util';

const SHORTEST_LEAK = 20;

/** A longer name of a file is taken for a key that was put in its place. */
const LONGEST_NAME = 350;

/**
 * A run of 20 characters of the key that anything of this error shows: its message, its stack, its cause, whatever a
 * logger may print. Undefined where there is none.
 */
export function leakOf(error: unknown, ...inputs: unknown[]): string | undefined {
  const shown = inspect(error, { depth: 10, showHidden: true, maxStringLength: null });
  return leakInText(shown, ...inputs);
}

/** A run of 20 characters of the key that this text holds. */
export function leakInText(text: string, ...inputs: unknown[]): string | undefined {
  const material = inputs.flatMap(spellingsOf).join('\n').slice(0, 100_000);
  for (let start = 0; start + SHORTEST_LEAK <= text.length; start += 1) {
    const run = text.slice(start, start + SHORTEST_LEAK);
    if (material.includes(run)) return run;
  }
  return undefined;
}

/** The texts in which the material of a key input could appear. */
function spellingsOf(input: unknown): string[] {
  if (typeof input === 'string') return [input, input.replace(/\s+/g, '')];
  if (Buffer.isBuffer(input))
    return (['latin1', 'base64', 'base64url', 'hex'] as const).map((name) => input.toString(name));
  if (input instanceof KeyObject) return exportsOf(input);
  if (typeof input !== 'object' || input === null) return [];
  const { file } = input as { file?: unknown };
  if (typeof file === 'string')
    return isRegularFile(file) ? spellingsOf(readFileSync(file)) : file.length > LONGEST_NAME ? [file] : [];
  return Object.values(input).flatMap(spellingsOf);
}

function exportsOf(key: KeyObject): string[] {
  if (key.type === 'secret') return spellingsOf(key.export());
  const type = key.type === 'public' ? 'spki' : 'pkcs8';
  return [
    ...spellingsOf(key.export({ type, format: 'der' } as never)),
    key.export({ type, format: 'pem' } as never) as string,
  ];
}

function isRegularFile(path: string): boolean {
  return (
    !path.includes('\0') &&
    existsSync(path) &&
    statSync(path).isFile() &&
    statSync(path).size > 0 &&
    statSync(path).size < 1_000_000
  );
}
