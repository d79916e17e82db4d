import type { DirectorySnapshot } from './directory-snapshot.js';
import type { DirectoryFile } from './key-directory.js';
import { parseKeyFileName } from './key-file-name.js';
import { parseRevokedName } from './key-listing.js';

/**
 * Why a file of a folder of keys may be deleted: its key is retired, or revoked; it was to become a file, and whoever
 * wrote it has ended; or it revokes a key that is gone, and of which no token can be valid.
 */
export type PruneReason = 'retired' | 'revoked' | 'leftover' | 'spent';

export interface PrunableFile {
  readonly name: string;
  readonly reason: PruneReason;
}

/** What is being written is there for moments. Seconds. */
const LEFTOVER_AFTER = 3600;

const TEMPORARY = /^(.+?\.(?:pem|pub|revoked))(?:\.[\w-]+)?\.tmp$/;

/** How long something has to be there, and at what moment. Seconds. */
export interface PruningTime {
  /** For which a key verifies after it stopped signing. */
  readonly retention: number;
  /** Unix. */
  readonly now: number;
}

/**
 * What may be deleted of a folder of keys: nothing that signs, will sign, or verifies, and nothing that is not known to
 * be ours. Of a key that cannot be read it is not known what it is, so it stays.
 */
export function prunableFiles(
  snapshot: DirectorySnapshot,
  files: readonly DirectoryFile[],
  time: PruningTime,
): readonly PrunableFile[] {
  return files.flatMap((file) => {
    const reason = reasonOf(file, snapshot, time);
    return reason ? [{ name: file.name, reason }] : [];
  });
}

function reasonOf(
  { name, changedAt }: DirectoryFile,
  snapshot: DirectorySnapshot,
  { retention, now }: PruningTime,
): PruneReason | undefined {
  const age = now - changedAt;
  const keyFile = parseKeyFileName(name);
  if (keyFile) return reasonOfKey(keyFile.stem, snapshot, { retention, now });
  if (isTemporary(name)) return age >= LEFTOVER_AFTER ? 'leftover' : undefined;
  const kid = parseRevokedName(name);
  if (kid === undefined || !(age >= retention)) return undefined;
  // A key that cannot be read may be the one that is revoked.
  const mayBeThere = snapshot.held.some(({ key }) => key === undefined || key.verificationKey.kid === kid);
  return mayBeThere ? undefined : 'spent';
}

function reasonOfKey(
  stem: string,
  snapshot: DirectorySnapshot,
  { retention, now }: PruningTime,
): PruneReason | undefined {
  const held = snapshot.held.find(({ name }) => name === stem);
  if (!held || held.fault) return undefined;
  // What it followed would live on without it, until the end that its own successor makes for both.
  const isFollowed = snapshot.state.keys.some(
    (key) => key.canSign && key.signsFrom > held.signsFrom && key.signsFrom + retention <= now,
  );
  if (snapshot.isRevoked(held)) return isFollowed || !snapshot.hasEnded(held) ? 'revoked' : undefined;
  const isRetired = snapshot.state.keys.some(({ name, state }) => name === stem && state === 'retired');
  return isRetired ? 'retired' : undefined;
}

function isTemporary(name: string): boolean {
  const target = TEMPORARY.exec(name)?.[1];
  return (
    target !== undefined && (parseKeyFileName(target) !== undefined || parseRevokedName(target) !== undefined)
  );
}
