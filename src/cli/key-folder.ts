import { KeyError } from '../errors/developer-errors.js';
import { DirectorySnapshot } from '../keys/ring/directory-snapshot.js';
import { KeyDirectory } from '../keys/ring/key-directory.js';
import { retentionOf, type RotationPolicy } from '../keys/ring/rotation-policy.js';
import { explainError } from './explain-error.js';
import type { Terminal } from './terminal.js';

export function snapshotOf(
  directory: KeyDirectory,
  policy: RotationPolicy,
  now: number,
): Promise<DirectorySnapshot> {
  return DirectorySnapshot.take(directory, retentionOf(policy), now);
}

/** Says which keys of the folder could not be read. */
export function warnOfFaults(snapshot: DirectorySnapshot, err: Terminal['err']): void {
  for (const { fault } of snapshot.faulty) err.write(`${explainError(fault)}\n`);
}

/**
 * A new key is encrypted where there is a passphrase, and its application has to be able to read it. So keys that cannot
 * be opened are refused, and a passphrase that none of them needs is warned of.
 *
 * @throws KeyError `ERR_KEY_ENCRYPTED`, `ERR_KEY_PASSPHRASE`
 */
export async function assertSameEncryption(
  directory: KeyDirectory,
  snapshot: DirectorySnapshot,
  err: Terminal['err'],
): Promise<void> {
  const isLocked = (error: KeyError): boolean =>
    error.code === 'ERR_KEY_ENCRYPTED' || error.code === 'ERR_KEY_PASSPHRASE';
  const locked = snapshot.faulty.find(({ fault }) => isLocked(fault!));
  if (locked) throw locked.fault!;
  if (directory.passphrase === undefined || !snapshot.held.some(({ canSign }) => canSign)) return;
  const plain = new KeyDirectory(directory.path, undefined);
  const { held } = await DirectorySnapshot.take(plain, 0, 0);
  if (!held.some(({ canSign }) => canSign)) return;
  err.write('The new key is encrypted, and others here are not. Does the application have the passphrase?\n');
}

/**
 * Refuses to make a private key where there are public ones alone.
 *
 * @throws KeyError `ERR_KEY_DIRECTORY`
 */
export function assertIssuing(snapshot: DirectorySnapshot, path: string, force: boolean): void {
  if (force || snapshot.hasPrivateFile || snapshot.held.length === 0) return;
  throw new KeyError(
    'ERR_KEY_DIRECTORY',
    `${path} has public keys alone, so it is the folder of a service that verifies. Its private keys are somewhere else: rotate ` +
      'there, or add --force if this folder is to have some.',
  );
}
