import { readFile } from 'node:fs/promises';
import { env } from 'node:process';
import { KeyDirectory } from '../keys/ring/key-directory.js';
import { textOf, wrongUsage, type FlagValues } from './flags.js';

export const DIRECTORY_FLAGS = ['directory', 'passphrase-file'] as const;

export const DIRECTORY_HELP = `  -d, --directory <path>        the folder of keys (default: keys)
      --passphrase-file <path>  for encrypted keys, or the environment variable JWT_RS256_PASSPHRASE`;

/** The name of the environment variable. On the command line every user of the machine would see the passphrase. */
const VARIABLE = 'JWT_RS256_PASSPHRASE';

type Flags = FlagValues<(typeof DIRECTORY_FLAGS)[number]>;

export async function openDirectory(command: string, flags: Flags): Promise<KeyDirectory> {
  const path = textOf(command, flags, 'directory') ?? 'keys';
  return new KeyDirectory(path, await readPassphrase(command, flags));
}

/** An empty one is refused: a key would be written that is not encrypted, or that anybody can open. */
export async function readPassphrase(command: string, flags: Flags): Promise<string | undefined> {
  const file = textOf(command, flags, 'passphrase-file');
  const passphrase = file === undefined ? env[VARIABLE] : await fromFile(file);
  if (passphrase !== '') return passphrase;
  throw wrongUsage(command, `${file === undefined ? VARIABLE : 'The file of --passphrase-file'} is empty.`);
}

/** The line break that editors put at its end is not part of it. */
async function fromFile(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
}
