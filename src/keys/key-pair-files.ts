import { link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { KeyError } from '../errors/developer-errors.js';
import type { GeneratedKeyPair } from './generate-key-pair.js';

/** Where a key pair was written. */
export interface KeyPairFiles {
  readonly privateKeyFile: string;
  readonly publicKeyFile: string;
}

/** The names that `keygen`, the documentation and the two openssl commands agree on. */
export function keyPairFiles(directory: string): KeyPairFiles {
  return { privateKeyFile: join(directory, 'rs256.pem'), publicKeyFile: join(directory, 'rs256.pub') };
}

/**
 * Writes a key pair as `rs256.pem` (mode 0600) and `rs256.pub` (0644) into a directory, which is made if missing.
 * Each file appears whole or not at all.
 *
 * @param options.force - Replace files that are there. Default: false.
 * @throws KeyError `ERR_KEY_FILE_EXISTS` when one of the files is there, before anything is written.
 * @example
 * ```ts
 * import { generateKeyPair, writeKeyPair } from 'nestjs-jwt-rs256';
 *
 * await writeKeyPair('keys', await generateKeyPair());
 * ```
 */
export async function writeKeyPair(
  directory: string,
  pair: GeneratedKeyPair,
  options: { force?: boolean } = {},
): Promise<KeyPairFiles> {
  const files = keyPairFiles(directory);
  const place = options.force === true ? rename : linkNew;
  await assertWritable(files, options.force === true);
  await mkdir(directory, { recursive: true });
  await writeWhole(files.privateKeyFile, pair.privateKey, 0o600, place);
  await writeWhole(files.publicKeyFile, pair.publicKey, 0o644, place);
  return files;
}

/** @throws KeyError `ERR_KEY_FILE_EXISTS` */
export async function assertWritable(files: KeyPairFiles, force: boolean): Promise<void> {
  for (const file of force ? [] : [files.privateKeyFile, files.publicKeyFile]) {
    if (await exists(file)) throw fileExists(file);
  }
}

async function writeWhole(
  file: string,
  text: string,
  mode: number,
  place: (from: string, to: string) => Promise<void>,
): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await place(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Unlike rename, link never replaces a file that appeared in the meantime. */
async function linkNew(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? fileExists(to) : error;
  }
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT' && error.code !== 'ENOTDIR',
  );
}

function fileExists(file: string): KeyError {
  return new KeyError(
    'ERR_KEY_FILE_EXISTS',
    `${file} is there already. Replacing a key makes every token that it signed invalid; use --force (force: true) if that is meant.`,
  );
}
