import { createPublicKey } from 'node:crypto';
import { KeyError } from '../errors/developer-errors.js';
import { readPrivateKey } from '../keys/read-private-key.js';
import { readPublicKey } from '../keys/read-public-key.js';
import { VerificationKey } from '../keys/verification-key.js';
import { SystemClock } from '../time/clock.js';

/** The public key of a private key file, or of one that is public already. @throws KeyError */
export function keyOfFile(file: string, passphrase: string | undefined): VerificationKey {
  try {
    const { key, ownKid } = readPrivateKey({ file }, passphrase);
    return new VerificationKey(createPublicKey(key), ownKid);
  } catch (error) {
    if (!(error instanceof KeyError) || error.code !== 'ERR_KEY_PUBLIC_IN_PRIVATE_SLOT') throw error;
    return readPublicKey({ file }, new SystemClock().now()).key;
  }
}
