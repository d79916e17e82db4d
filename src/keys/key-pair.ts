import { randomBytes } from 'node:crypto';
import { KeyError } from '../errors/developer-errors.js';
import type { KeyInput } from './key-input.js';
import { readPrivateKey, type PrivateKeyReading } from './read-private-key.js';
import { readPublicKey, type PublicKeyReading } from './read-public-key.js';
import type { Signer } from './signer.js';
import { SigningKey } from './signing-key.js';
import { VerificationKey } from './verification-key.js';

/** The keys as configured. A member that is present and undefined is refused, never taken as left out. */
export interface KeyPairOptions {
  readonly privateKey?: KeyInput | undefined;
  readonly publicKey?: KeyInput | undefined;
  readonly passphrase?: string | undefined;
}

/** What a service signs and verifies with. Without a signer it only verifies. */
export interface KeyPair {
  readonly signer: Signer | undefined;
  readonly verificationKey: VerificationKey;
  readonly warnings: readonly string[];
}

/**
 * Reads the configured keys, proves that they belong together and that they work. The one place where a private and
 * a public key meet.
 *
 * @param now - Unix seconds, for the validity of a certificate.
 * @throws KeyError
 */
export async function loadKeyPair(options: KeyPairOptions, now: number): Promise<KeyPair> {
  const given = 'publicKey' in options ? readPublicKey(options.publicKey as KeyInput, now) : undefined;
  if (!('privateKey' in options)) {
    if (!given) throw noKey();
    return { signer: undefined, verificationKey: given.key, warnings: given.warnings };
  }
  return provePair(readPrivateKey(options.privateKey as KeyInput, options.passphrase), given);
}

/**
 * Proves that a private key works, and that the public one, where there is one, belongs to it.
 *
 * @throws KeyError `ERR_KEY_PAIR`, `ERR_KEY_SELF_TEST`
 */
export async function provePair(
  reading: PrivateKeyReading,
  given: PublicKeyReading | undefined,
): Promise<KeyPair & { signer: Signer }> {
  const kid = agreedKid(reading.ownKid, given, reading.where);
  const signer = new SigningKey(reading.key, kid);
  if (given && !given.key.isSameKey(signer.publicKey)) throw notAPair(reading.where);
  const verificationKey = new VerificationKey(signer.publicKey, signer.kid);
  await selfTest(signer, verificationKey, reading.where);
  return { signer, verificationKey, warnings: [...reading.warnings, ...(given?.warnings ?? [])] };
}

/** Signs and verifies once, so that broken keys or a broken crypto build stop the boot, not the first login. */
async function selfTest(signer: Signer, verificationKey: VerificationKey, where: string): Promise<void> {
  const sample = randomBytes(32);
  const signature = await signer.sign(sample).catch((cause: unknown) => {
    throw new KeyError(
      'ERR_KEY_SELF_TEST',
      `${where} cannot sign with RS256 on this machine. Make a new key pair.`,
      { cause },
    );
  });
  if (verificationKey.verify(sample, signature)) return;
  throw new KeyError(
    'ERR_KEY_SELF_TEST',
    `${where} signs, but its own public half does not verify the signature: the key is damaged. Make a new key pair.`,
  );
}

function agreedKid(
  privateKid: string | undefined,
  given: PublicKeyReading | undefined,
  where: string,
): string | undefined {
  const publicKid = given?.hasOwnKid ? given.key.kid : undefined;
  if (privateKid !== undefined && publicKid !== undefined && privateKid !== publicKid) {
    throw new KeyError(
      'ERR_KEY_PAIR',
      `${where} and publicKey are JWKs with different kids. Give both the same kid, or none.`,
    );
  }
  return privateKid ?? publicKid;
}

function notAPair(where: string): KeyError {
  return new KeyError(
    'ERR_KEY_PAIR',
    `${where} and publicKey are not a pair: what the one signs, the other would refuse. Make the public key from this ` +
      "private key ('openssl rsa -in rs256.pem -pubout -outform PEM -out rs256.pub'), or leave publicKey out.",
  );
}

function noKey(): KeyError {
  return new KeyError(
    'ERR_KEY_MISSING',
    "Neither privateKey nor publicKey was given. Make a pair with 'npx jwt-rs256 keygen', then set " +
      "privateKey: { file: 'keys/rs256.pem' } (or keyDirectory: 'keys', for keys that rotate) where tokens are issued. Where " +
      "they are only verified, set publicKey: { file: 'keys/rs256.pub' }, jwksUri (the address of the issuer's JWK Set) or " +
      'discovery: true (it is found from the URL of the issuer).',
  );
}
