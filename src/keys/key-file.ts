import { readFileSync, statSync } from 'node:fs';
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
  const where = `${slot} (file ${path})`;
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) {
      throw new KeyError('ERR_KEY_FILE_DIRECTORY', `${where} is a directory. Name the key file in it.`);
    }
    if (!stat.isFile() || stat.size > LARGEST_KEY_FILE) {
      throw new KeyError(
        'ERR_KEY_FILE_UNREADABLE',
        `${where} is not a regular file of at most 1 MiB. Name a key file.`,
      );
    }
    const bytes = readFileSync(path);
    if (bytes.every((byte) => byte <= 0x20)) {
      throw new KeyError(
        'ERR_KEY_FILE_EMPTY',
        `${where} is empty. Was the command that makes it interrupted? ${REMAKE[slot]}`,
      );
    }
    return { path, bytes, readableByOthers: process.platform !== 'win32' && (stat.mode & 0o077) !== 0 };
  } catch (error) {
    throw error instanceof KeyError ? error : unreadable(error as NodeJS.ErrnoException, where, slot);
  }
}

const REMAKE: Record<KeySlot, string> = {
  privateKey: "Make a key pair with 'npx jwt-rs256 keygen' or 'openssl genrsa -out rs256.pem 2048'.",
  publicKey:
    "Make it from the private key with 'openssl rsa -in rs256.pem -pubout -outform PEM -out rs256.pub'.",
};

function unreadable(cause: NodeJS.ErrnoException, where: string, slot: KeySlot): KeyError {
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
