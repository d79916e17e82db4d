import {
  createPrivateKey,
  createPublicKey,
  X509Certificate,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { KeyError } from '../errors/developer-errors.js';
import type { KeyInput } from './key-input.js';
import { isEncryptedDer, readMaterial, type KeyMaterial } from './key-material.js';
import { pemBlocks } from './pem-text.js';
import { assertRsaJwk, PRIVATE_MEMBERS } from './rsa-jwk.js';
import { assertRsaStrength } from './rsa-strength.js';
import { VerificationKey } from './verification-key.js';

/** A key that was read, and what its operator should know about it. */
export interface PublicKeyReading {
  readonly key: VerificationKey;
  /** Whether the kid came with the key (a JWK's own) rather than from its thumbprint. */
  readonly hasOwnKid: boolean;
  readonly warnings: readonly string[];
}

/**
 * Reads a public key and refuses, with a sentence, whatever must not verify: a private key above all, which
 * node:crypto would silently turn into its public half.
 *
 * @param now - Unix seconds, for the validity of a certificate.
 * @throws KeyError
 */
export function readPublicKey(input: KeyInput, now: number): PublicKeyReading {
  return publicKeyFrom(readMaterial(input, 'publicKey'), now);
}

/** @see readPublicKey */
export function publicKeyFrom(material: KeyMaterial, now: number): PublicKeyReading {
  const { where } = material;
  switch (material.form) {
    case 'keyObject':
      return reading(publicOnly(material.key, where), where);
    case 'jwk':
      return reading(fromJwk(material.jwk, where), where, [], material.jwk.kid as string | undefined);
    case 'der':
      return fromEncodings([material.bytes], where, now);
    case 'pem':
      // In the whole text: of a private key that lost its first line there is no block.
      if (material.text.includes('PRIVATE KEY-----')) throw privateInPublicSlot(where);
      return fromEncodings(pemBlocks(material.text), where, now);
  }
}

function reading(key: KeyObject, where: string, warnings: string[] = [], ownKid?: string): PublicKeyReading {
  assertRsaStrength(key, where);
  return { key: new VerificationKey(key, ownKid), hasOwnKid: ownKid !== undefined, warnings };
}

function fromJwk(jwk: JsonWebKey, where: string): KeyObject {
  const member = PRIVATE_MEMBERS.find((name) => jwk[name] !== undefined);
  if (member) {
    throw new KeyError(
      'ERR_KEY_JWK_PRIVATE',
      `${where} has the private member "${member}". Whoever verifies needs only kty, n and e: take the others out.`,
    );
  }
  assertRsaJwk(jwk, 'verify', where);
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    throw new KeyError('ERR_KEY_JWK', `${where} is not a valid RSA public key. Export the JWK again.`);
  }
}

function fromEncodings(
  encodings: readonly (string | Buffer)[],
  where: string,
  now: number,
): PublicKeyReading {
  if (encodings.some(isPrivate)) throw privateInPublicSlot(where);
  for (const encoding of encodings) {
    const certificate = parse(() => new X509Certificate(encoding));
    const key = certificate ? parse(() => certificate.publicKey) : parsePublic(encoding);
    if (key) return reading(key, where, certificate ? certificateWarnings(certificate, where, now) : []);
  }
  throw new KeyError(
    'ERR_KEY_FORMAT',
    `${where} cannot be read: the text is damaged, or it is not a public key. Make it again from the private key ` +
      "with 'openssl rsa -in rs256.pem -pubout -outform PEM -out rs256.pub'.",
  );
}

function publicOnly(key: KeyObject, where: string): KeyObject {
  if (key.type === 'private') throw privateInPublicSlot(where);
  return key;
}

function privateInPublicSlot(where: string): KeyError {
  return new KeyError(
    'ERR_KEY_PRIVATE_IN_PUBLIC_SLOT',
    `${where} is a private key. The public key is what verifies, and the private key must not be where tokens are only ` +
      'verified. Put the private key into privateKey, and here the file that ' +
      "'openssl rsa -in rs256.pem -pubout -outform PEM -out rs256.pub' makes, or leave publicKey out.",
  );
}

/** Any sign of a private key counts, even one that cannot be opened here: encrypted, or damaged. */
function isPrivate(encoding: string | Buffer): boolean {
  if (typeof encoding === 'string') return parse(() => createPrivateKey(encoding)) !== undefined;
  if (isEncryptedDer(encoding)) return true;
  return (['pkcs8', 'pkcs1', 'sec1'] as const).some(
    (type) => parse(() => createPrivateKey({ key: encoding, format: 'der', type })) !== undefined,
  );
}

function parsePublic(encoding: string | Buffer): KeyObject | undefined {
  if (typeof encoding === 'string') return parse(() => createPublicKey(encoding));
  return (
    parse(() => createPublicKey({ key: encoding, format: 'der', type: 'spki' })) ??
    parse(() => createPublicKey({ key: encoding, format: 'der', type: 'pkcs1' }))
  );
}

function parse<T>(attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch {
    return undefined;
  }
}

function certificateWarnings(certificate: X509Certificate, where: string, now: number): string[] {
  const from = Date.parse(certificate.validFrom) / 1000;
  const to = Date.parse(certificate.validTo) / 1000;
  if (now > to)
    return [
      `${where} is a certificate that expired on ${certificate.validTo}. Its key still verifies; renew it.`,
    ];
  return now < from
    ? [
        `${where} is a certificate that is valid only from ${certificate.validFrom}. Is this machine's clock right?`,
      ]
    : [];
}
