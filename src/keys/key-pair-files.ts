import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyError } from '../errors/developer-errors.js';
import type { GeneratedKeyPair } from './generate-key-pair.js';
import { replace, writeNew, type WholeFile } from './whole-file.js';

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
  const force = options.force === true;
  await assertWritable(files, force);
  await mkdir(directory, { recursive: true });
  await place({ path: files.privateKeyFile, text: pair.privateKey, mode: 0o600 }, force);
  await place({ path: files.publicKeyFile, text: pair.publicKey, mode: 0o644 }, force);
  return files;
}

/** @throws KeyError `ERR_KEY_FILE_EXISTS` */
export async function assertWritable(files: KeyPairFiles, force: boolean): Promise<void> {
  for (const file of force ? [] : [files.privateKeyFile, files.publicKeyFile]) {
    if (await exists(file)) throw fileExists(file);
  }
}

async function place(file: WholeFile, force: boolean): Promise<void> {
  if (force) await replace(file);
  else if (!(await writeNew(file))) throw fileExists(file.path);
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
