import { readFileSync, statSync, type Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { KeyError } from '../errors/developer-errors.js';
import type { KeySlot } from './key-input.js';

/** What was read from a key file: its bytes, and whether others than its owner may read it. */
export interface KeyFile {
  readonly path: string;
  readonly bytes: Buffer;
  readonly readableByOthers: boolean;
}

const LARGEST_KEY_FILE = 1024 * 1024;

/**
 * Reads a key file, or says in which of the usual ways it cannot be read. A relative path starts at the
 * process's working directory.
 *
 * @throws KeyError `ERR_KEY_FILE_*`
 */
export function readKeyFile(file: string, slot: KeySlot): KeyFile {
  const path = resolve(file);
  try {
    const stat = statSync(path);
    assertRegular(stat, path, slot);
    return keyFileOf(stat, readFileSync(path), path, slot);
  } catch (error) {
    throw unreadable(error, path, slot);
  }
}

/** The same without blocking: for a folder that is read while requests are answered, and may lie on a network. */
export async function readKeyFileLater(file: string, slot: KeySlot): Promise<KeyFile> {
  const path = resolve(file);
  try {
    const found = await stat(path);
    assertRegular(found, path, slot);
    return keyFileOf(found, await readFile(path), path, slot);
  } catch (error) {
    throw unreadable(error, path, slot);
  }
}

/** How messages name a key file. */
export function whereIs(path: string, slot: KeySlot): string {
  return `${slot} (file ${path})`;
}

function assertRegular(stat: Stats, path: string, slot: KeySlot): void {
  const where = whereIs(path, slot);
  if (stat.isDirectory()) {
    throw new KeyError('ERR_KEY_FILE_DIRECTORY', `${where} is a directory. Name the key file in it.`);
  }
  if (stat.isFile() && stat.size <= LARGEST_KEY_FILE) return;
  throw new KeyError(
    'ERR_KEY_FILE_UNREADABLE',
    `${where} is not a regular file of at most 1 MiB. Name a key file.`,
  );
}

function keyFileOf({ mode }: Stats, bytes: Buffer, path: string, slot: KeySlot): KeyFile {
  if (bytes.every((byte) => byte <= 0x20)) {
    throw new KeyError(
      'ERR_KEY_FILE_EMPTY',
      `${whereIs(path, slot)} is empty. Was the command that makes it interrupted? ${REMAKE[slot]}`,
    );
  }
  return { path, bytes, readableByOthers: process.platform !== 'win32' && (mode & 0o077) !== 0 };
}

const REMAKE: Record<KeySlot, string> = {
  privateKey: "Make a key pair with 'npx jwt-rs256 keygen' or 'openssl genrsa -out rs256.pem 2048'.",
  publicKey:
    "Make it from the private key with 'openssl rsa -in rs256.pem -pubout -outform PEM -out rs256.pub'.",
};

function unreadable(error: unknown, path: string, slot: KeySlot): KeyError {
  if (error instanceof KeyError) return error;
  const cause = error as NodeJS.ErrnoException;
  const where = whereIs(path, slot);
  if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') {
    const hint = `A relative path starts at the working directory (${process.cwd()}). ${REMAKE[slot]}`;
    return new KeyError('ERR_KEY_FILE_MISSING', `${where} does not exist. ${hint}`, { cause });
  }
  return new KeyError(
    'ERR_KEY_FILE_UNREADABLE',
    `${where} cannot be read (${cause.code}). Let the user that runs this process read it: chown, then chmod 600.`,
    { cause },
  );
}
