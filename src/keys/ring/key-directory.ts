import { createPrivateKey } from 'node:crypto';
import { access, constants, lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { KeyError } from '../../errors/developer-errors.js';
import { generateKeyPair, type KeySize } from '../generate-key-pair.js';
import { syncDirectory, writeNew } from '../whole-file.js';
import { stemOf } from './key-file-name.js';
import { listKeys, revokedName, type KeyListing } from './key-listing.js';

/** A new key is as long as the one before it, or the shortest of these. */
const SIZES: readonly KeySize[] = [4096, 3072, 2048];

/** A file of a folder of keys, whatever it is. */
export interface DirectoryFile {
  readonly name: string;
  /** Unix seconds. */
  readonly changedAt: number;
}

/** A folder of keys, as a ring lists it and writes to it. What is in the files is not its business. */
export class KeyDirectory {
  /** Absolute. */
  readonly path: string;
  /** Of its private keys, where they are encrypted; a new one is encrypted with it too. */
  readonly passphrase: string | undefined;

  /** @param path - a relative one starts at the working directory. */
  constructor(path: string, passphrase: string | undefined) {
    this.path = resolve(path);
    this.passphrase = passphrase;
  }

  /** @throws KeyError `ERR_KEY_DIRECTORY` when it cannot be listed. */
  async list(): Promise<KeyListing> {
    try {
      return await listKeys(this.path);
    } catch (cause) {
      throw notListable(this.path, cause as NodeJS.ErrnoException);
    }
  }

  /** Makes the folder if it is missing. @throws KeyError `ERR_KEY_DIRECTORY` when it cannot be written. */
  async assertWritable(): Promise<void> {
    await this.#writing(async () => {
      await mkdir(this.path, { recursive: true, mode: 0o700 });
      await access(this.path, constants.W_OK);
    });
  }

  /**
   * Makes a private key and puts it into the folder. Where another instance was faster, its key is the one that counts.
   *
   * @param signsFrom - Unix seconds, whole ones. The name of the file says so.
   * @param bits - of the key before, if there is one.
   * @returns the name of the file without the ending.
   * @throws KeyError `ERR_KEY_DIRECTORY` when the folder cannot be written.
   */
  async make(signsFrom: number, bits: number | undefined): Promise<string> {
    const size = SIZES.find((candidate) => candidate <= (bits ?? 0)) ?? 2048;
    const { privateKey } = await generateKeyPair(size);
    const text = this.passphrase === undefined ? privateKey : encrypted(privateKey, this.passphrase);
    const stem = stemOf(signsFrom);
    await this.#writing(() => writeNew({ path: join(this.path, `${stem}.pem`), text, mode: 0o600 }));
    return stem;
  }

  /**
   * Puts the file into the folder that revokes a key. It may be there already.
   *
   * @param now - Unix seconds.
   * @throws KeyError `ERR_KEY_DIRECTORY` when the folder cannot be written.
   */
  async revoke(kid: string, now: number): Promise<void> {
    const text = `Revoked ${new Date(now * 1000).toISOString()}. Whatever this key signed is invalid.\n`;
    await this.#writing(() => writeNew({ path: join(this.path, revokedName(kid)), text, mode: 0o644 }));
  }

  /** All files, and links to files. Folders are none. @throws KeyError `ERR_KEY_DIRECTORY` when it cannot be listed. */
  async files(): Promise<readonly DirectoryFile[]> {
    try {
      const entries = await readdir(this.path, { withFileTypes: true });
      const files = entries.filter((entry) => entry.isFile() || entry.isSymbolicLink());
      return await Promise.all(files.map(({ name }) => fileOf(this.path, name)));
    } catch (cause) {
      throw notListable(this.path, cause as NodeJS.ErrnoException);
    }
  }

  /** Deletes files. One that is gone already is no fault. @throws KeyError `ERR_KEY_DIRECTORY` when it cannot be written. */
  async remove(names: readonly string[]): Promise<void> {
    await this.#writing(async () => {
      for (const name of names) await rm(join(this.path, name), { force: true });
      await syncDirectory(this.path);
    });
  }

  async #writing(write: () => Promise<unknown>): Promise<void> {
    try {
      await write();
    } catch (cause) {
      throw notWritable(this.path, cause as NodeJS.ErrnoException);
    }
  }
}

/**
 * A start that has come, whose name is free. Going back makes it one that signs at once; but not back behind a private key
 * that has begun, which would end it, be it revoked even. Where one began in this very second, it is the next one.
 *
 * @returns Unix seconds.
 */
export function freeStart(listing: KeyListing, now: number): number {
  const begun = listing.keys.filter(({ signsFrom }) => signsFrom <= now);
  const newest = newestStart({ ...listing, keys: begun });
  let start = Math.floor(now);
  while (isTaken(listing, start)) start--;
  return start > newest ? start : nextFreeStart(listing, newest + 1);
}

/** The first start from then on whose name is free: that of a revoked key is not. @returns Unix seconds. */
export function nextFreeStart(listing: KeyListing, soonest: number): number {
  let start = soonest;
  while (isTaken(listing, start)) start++;
  return start;
}

/** Whether a key of the folder has the name that says this start, private or public. */
function isTaken({ keys }: KeyListing, start: number): boolean {
  return keys.some(({ stem }) => stem === stemOf(start));
}

/** From when the newest private key of the folder signs, be it good or not: its name is taken. Unix seconds. */
export function newestStart({ keys }: KeyListing): number {
  return Math.max(
    ...keys.filter(({ privateMark }) => privateMark !== undefined).map(({ signsFrom }) => signsFrom),
  );
}

async function fileOf(directory: string, name: string): Promise<DirectoryFile> {
  const { mtimeMs } = await lstat(join(directory, name));
  return { name, changedAt: mtimeMs / 1000 };
}

function encrypted(privateKey: string, passphrase: string): string {
  return createPrivateKey(privateKey).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase,
  }) as string;
}

function notWritable(path: string, cause: NodeJS.ErrnoException): KeyError {
  return new KeyError(
    'ERR_KEY_DIRECTORY',
    `keyDirectory ${path} cannot be written (${cause.code}). To rotate or revoke keys from here, let the user that runs this ` +
      'process write to it (chown, chmod 700; a mounted secret is read-only). Otherwise leave the option rotation out, and run ' +
      "'npx jwt-rs256 rotate' where it can be written.",
    { cause },
  );
}

function notListable(path: string, cause: NodeJS.ErrnoException): KeyError {
  return new KeyError('ERR_KEY_DIRECTORY', `keyDirectory ${path} ${whyNotListable(path, cause.code)}`, {
    cause,
  });
}

function whyNotListable(path: string, code: string | undefined): string {
  if (code === 'ENOTDIR') return 'is not a folder. Name the folder, not the key file in it.';
  if (code !== 'ENOENT')
    return `cannot be read (${code}). Let the user that runs this process read it: chown, then chmod 700.`;
  return (
    `does not exist. A relative path starts at the working directory (${process.cwd()}). Make a key with ` +
    `'npx jwt-rs256 keygen --directory ${path}'.`
  );
}
