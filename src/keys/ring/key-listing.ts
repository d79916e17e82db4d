import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseKeyFileName } from './key-file-name.js';

/** The files of one key. A mark is a text that differs after every change of the file, or says why it cannot be told. */
export interface KeyFiles {
  readonly stem: string;
  readonly signsFrom: number;
  readonly privateMark: string | undefined;
  readonly publicMark: string | undefined;
  /** Unix seconds at which the older of the files was last changed. */
  readonly publishedAt: number;
}

/** What is in a folder of keys, by the names alone. */
export interface KeyListing {
  readonly keys: readonly KeyFiles[];
  /** The kids of keys that somebody has revoked, and when. Unix seconds. */
  readonly revoked: ReadonlyMap<string, number>;
  /** Names that end in .pem and are no keys of a ring. */
  readonly strangers: readonly string[];
}

const REVOKED = /^([A-Za-z0-9_-]{43})\.revoked$/;

/** The name of the file whose presence revokes a key. */
export function revokedName(kid: string): string {
  return `${kid}.revoked`;
}

/** The kid that a file of this name revokes. @returns undefined for any other name. */
export function parseRevokedName(name: string): string | undefined {
  return REVOKED.exec(name)?.[1];
}

/**
 * Lists a folder of keys.
 *
 * Names are read through symbolic links, so a folder whose files are links into another one, which is swapped as a whole
 * (as Kubernetes does with secrets), is seen to have changed.
 *
 * @throws Error of the file system when the folder cannot be listed.
 */
export async function listKeys(directory: string): Promise<KeyListing> {
  const names = await readdir(directory);
  const keys = new Map<string, KeyFiles>();
  for (const name of names) {
    const parsed = parseKeyFileName(name);
    if (!parsed) continue;
    const { stem, signsFrom, half } = parsed;
    const { mark, changedAt } = await markOf(join(directory, name));
    const known = keys.get(stem) ?? {
      stem,
      signsFrom,
      privateMark: undefined,
      publicMark: undefined,
      publishedAt: Number.POSITIVE_INFINITY,
    };
    const publishedAt = Math.min(known.publishedAt, changedAt);
    keys.set(stem, { ...known, publishedAt, [half === 'private' ? 'privateMark' : 'publicMark']: mark });
  }
  return {
    keys: [...keys.values()],
    revoked: await revokedAmong(names, directory),
    strangers: names.filter((name) => name.endsWith('.pem') && !parseKeyFileName(name)),
  };
}

async function markOf(path: string): Promise<{ mark: string; changedAt: number }> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs, mode } = await stat(path, { bigint: true });
    return { mark: [dev, ino, size, mtimeNs, ctimeNs, mode].join(':'), changedAt: Number(mtimeNs) / 1e9 };
  } catch (error) {
    return { mark: String((error as NodeJS.ErrnoException).code), changedAt: Number.POSITIVE_INFINITY };
  }
}

async function revokedAmong(names: readonly string[], directory: string): Promise<Map<string, number>> {
  const revoked = new Map<string, number>();
  for (const name of names) {
    const kid = parseRevokedName(name);
    if (kid !== undefined) revoked.set(kid, await revokedAt(join(directory, name)));
  }
  return revoked;
}

const TIME = /\d{4}-\d\d-\d\dT[\d:.]+Z/;
/** In octets. What we write there is shorter. */
const LONGEST_MARK = 1024;

/**
 * When a key was revoked: as the mark says, for a copy of the file has another time; else when the file was last changed.
 * Where that cannot be told, it was revoked after everything it may have done.
 */
async function revokedAt(path: string): Promise<number> {
  try {
    const found = await stat(path);
    const { size, mtimeMs } = found;
    // Of a pipe, reading would wait for a writer for ever.
    const text = found.isFile() && size <= LONGEST_MARK ? await readFile(path, 'latin1') : '';
    const said = Date.parse(TIME.exec(text)?.[0] ?? '');
    return (Number.isNaN(said) ? mtimeMs : said) / 1000;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
