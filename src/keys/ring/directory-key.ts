import { join } from 'node:path';
import { KeyError } from '../../errors/developer-errors.js';
import { readKeyFileLater, whereIs } from '../key-file.js';
import type { KeySlot } from '../key-input.js';
import { fromBytes, type KeyMaterial } from '../key-material.js';
import { provePair } from '../key-pair.js';
import { privateKeyFrom } from '../read-private-key.js';
import { publicKeyFrom, type PublicKeyReading } from '../read-public-key.js';
import type { Signer } from '../signer.js';
import type { VerificationKey } from '../verification-key.js';
import type { KeyFiles } from './key-listing.js';

/** A key of a folder that was read and proven. */
export interface DirectoryKey {
  /** Undefined: the public half alone. */
  readonly signer: Signer | undefined;
  readonly verificationKey: VerificationKey;
  readonly warnings: readonly string[];
}

/** What became of reading a key: the key as far as it is good, and what is wrong with it. */
export interface DirectoryReading {
  readonly key?: DirectoryKey;
  readonly fault?: KeyError;
}

/** Where and how keys of a folder are read. */
export interface DirectoryReader {
  readonly directory: string;
  readonly passphrase: string | undefined;
  /** Unix seconds. */
  readonly now: number;
}

/**
 * Reads one key of a folder. Of one whose private half is bad the public half still verifies, if it is there: other
 * instances may be able to sign with it.
 */
export async function readDirectoryKey(files: KeyFiles, reader: DirectoryReader): Promise<DirectoryReading> {
  let given: PublicKeyReading | undefined;
  try {
    if (files.publicMark !== undefined)
      given = publicKeyFrom(await materialOf(files, 'publicKey', reader), reader.now);
    if (files.privateMark === undefined) return given ? { key: verifying(given) } : {};
    const material = await materialOf(files, 'privateKey', reader);
    const pair = await provePair(privateKeyFrom(material, reader.passphrase), given);
    return { key: pair };
  } catch (error) {
    const fault = error instanceof KeyError ? error : unknownFault(files, error);
    const isPublicHalfGood = given !== undefined && fault.code !== 'ERR_KEY_PAIR';
    return isPublicHalfGood ? { key: verifying(given!), fault } : { fault };
  }
}

async function materialOf(
  files: KeyFiles,
  slot: KeySlot,
  { directory }: DirectoryReader,
): Promise<KeyMaterial> {
  const name = `${files.stem}.${slot === 'privateKey' ? 'pem' : 'pub'}`;
  const { path, bytes, readableByOthers } = await readKeyFileLater(join(directory, name), slot);
  return fromBytes(bytes, whereIs(path, slot), readableByOthers);
}

function verifying({ key, warnings }: PublicKeyReading): DirectoryKey {
  return { signer: undefined, verificationKey: key, warnings };
}

/** Nothing that reading throws may end the process: it happens while requests are answered. */
function unknownFault({ stem }: KeyFiles, cause: unknown): KeyError {
  return new KeyError('ERR_KEY_FORMAT', `${stem} cannot be read. Make the key again.`, { cause });
}
