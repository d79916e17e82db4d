import { generateKeyPairSync } from 'node:crypto';

/** An RSA key pair as PEM text (PKCS #8 and SPKI). */
export interface PemPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

const pairs = new Map<string, PemPair>();

/** The key pair of this name: made at its first use, the same for the rest of the process. */
export function keyPairOf(owner: string): PemPair {
  let pair = pairs.get(owner);
  if (!pair) pairs.set(owner, (pair = makeKeyPair()));
  return pair;
}

function makeKeyPair(): PemPair {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
}
