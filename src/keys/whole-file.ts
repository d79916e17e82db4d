import { randomUUID } from 'node:crypto';
import { link, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A file that is to be there whole or not at all. */
export interface WholeFile {
  readonly path: string;
  readonly text: string;
  /** Such as 0o600. */
  readonly mode: number;
}

/**
 * Writes a file that was not there before. It is whole and on the disk when it appears, also after a crash at any
 * moment, and it never replaces one that somebody else made meanwhile: a link does not, where a rename would.
 *
 * @returns false when there is one of this name, which stays as it is.
 */
export async function writeNew(file: WholeFile): Promise<boolean> {
  return throughTemporary(file, async (temporary) => {
    try {
      await link(temporary, file.path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  });
}

/** Writes a file, in the place of one that is there. Whoever reads sees the old one or the new one, whole. */
export async function replace(file: WholeFile): Promise<void> {
  await throughTemporary(file, (temporary) => rename(temporary, file.path));
}

async function throughTemporary<T>(
  { path, text, mode }: WholeFile,
  place: (temporary: string) => Promise<T>,
): Promise<T> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    const placed = await place(temporary);
    await syncDirectory(dirname(path));
    return placed;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** A new name is safe from a crash only when the folder is on the disk too. */
export async function syncDirectory(directory: string): Promise<void> {
  // Windows opens no folders, and needs no such thing.
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
