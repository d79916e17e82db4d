import { createPrivateKey, createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import { KeyError } from '../errors/developer-errors.js';
import type { KeyInput } from './key-input.js';
import { isEncryptedDer, readMaterial, type KeyMaterial } from './key-material.js';
import { pemBlocks } from './pem-text.js';
import { assertRsaJwk } from './rsa-jwk.js';
import { assertRsaStrength } from './rsa-strength.js';

/** A private key that was read, and what its operator should know about it. */
export interface PrivateKeyReading {
  readonly key: KeyObject;
  readonly ownKid: string | undefined;
  readonly warnings: readonly string[];
  readonly where: string;
}

/**
 * Reads a private key and refuses, with a sentence, whatever must not sign.
 *
 * @throws KeyError
 */
export function readPrivateKey(input: KeyInput, passphrase?: string): PrivateKeyReading {
  return privateKeyFrom(readMaterial(input, 'privateKey'), passphrase);
}

/** @see readPrivateKey */
export function privateKeyFrom(material: KeyMaterial, passphrase?: string): PrivateKeyReading {
  const { where } = material;
  const key = privateKeyOf(material, passphrase);
  assertRsaStrength(key, where);
  const warnings = material.readableByOthers
    ? [`${where} can be read by others than its owner. Run chmod 600 on it.`]
    : [];
  return {
    key,
    ownKid: material.form === 'jwk' ? (material.jwk.kid as string | undefined) : undefined,
    warnings,
    where,
  };
}

function privateKeyOf(material: KeyMaterial, passphrase: string | undefined): KeyObject {
  const { where } = material;
  switch (material.form) {
    case 'keyObject':
      if (material.key.type === 'public') throw publicInPrivateSlot(where);
      return material.key;
    case 'jwk':
      if (material.jwk.kty === 'RSA' && material.jwk.d === undefined) throw publicInPrivateSlot(where);
      assertRsaJwk(material.jwk, 'sign', where);
      return attempt(() => createPrivateKey({ key: material.jwk, format: 'jwk' })).key ?? refuseJwk(where);
    case 'der':
      return fromDer(material.bytes, passphrase, where);
    case 'pem':
      return fromPem(pemBlocks(material.text), passphrase, where);
  }
}

function fromPem(blocks: readonly string[], passphrase: string | undefined, where: string): KeyObject {
  let locked: KeyError | undefined;
  let misplaced: KeyError | undefined;
  for (const block of blocks) {
    const { key, error } = attempt(() =>
      createPrivateKey({ key: block, ...(passphrase === undefined ? {} : { passphrase }) }),
    );
    if (key) return key;
    if (isEncrypted(block)) locked ??= encrypted(error, passphrase, where);
    else if (attempt(() => createPublicKey(block)).key) misplaced ??= publicInPrivateSlot(where);
  }
  throw locked ?? misplaced ?? damaged(where);
}

function fromDer(bytes: Buffer, passphrase: string | undefined, where: string): KeyObject {
  if (isEncryptedDer(bytes)) return fromEncryptedDer(bytes, passphrase, where);
  for (const type of ['pkcs8', 'pkcs1', 'sec1'] as const) {
    const { key } = attempt(() => createPrivateKey({ key: bytes, format: 'der', type }));
    if (key) return key;
  }
  for (const type of ['spki', 'pkcs1'] as const) {
    if (attempt(() => createPublicKey({ key: bytes, format: 'der', type })).key)
      throw publicInPrivateSlot(where);
  }
  if (attempt(() => new X509Certificate(bytes).publicKey).key) throw publicInPrivateSlot(where);
  throw damaged(where);
}

function fromEncryptedDer(bytes: Buffer, passphrase: string | undefined, where: string): KeyObject {
  const options = { key: bytes, format: 'der', type: 'pkcs8' } as const;
  const { key, error } = attempt(() =>
    createPrivateKey(passphrase === undefined ? options : { ...options, passphrase }),
  );
  if (key) return key;
  throw encrypted(error, passphrase, where);
}

function attempt(parse: () => KeyObject): { key?: KeyObject; error?: NodeJS.ErrnoException } {
  try {
    return { key: parse() };
  } catch (error) {
    return { error: error as NodeJS.ErrnoException };
  }
}

function isEncrypted(block: string): boolean {
  return block.includes('BEGIN ENCRYPTED PRIVATE KEY') || block.includes('4,ENCRYPTED');
}

function encrypted(
  error: NodeJS.ErrnoException | undefined,
  passphrase: string | undefined,
  where: string,
): KeyError {
  if (passphrase === undefined || error?.code === 'ERR_MISSING_PASSPHRASE') {
    return new KeyError(
      'ERR_KEY_ENCRYPTED',
      `${where} is encrypted and no passphrase was given. Set the option passphrase, or decrypt the key with ` +
        "'openssl rsa -in encrypted.pem -out rs256.pem'.",
    );
  }
  if (error?.code === 'ERR_OSSL_EVP_UNSUPPORTED') {
    return new KeyError(
      'ERR_KEY_PASSPHRASE',
      `${where} is encrypted in an old way (DES, RC2 or the like) that this Node.js cannot open. Encrypt it again with ` +
        "'openssl pkcs8 -topk8 -provider legacy -provider default -in old.pem -out rs256.pem'.",
    );
  }
  return new KeyError(
    'ERR_KEY_PASSPHRASE',
    `${where} cannot be opened with this passphrase. Correct the option passphrase.`,
  );
}

function publicInPrivateSlot(where: string): KeyError {
  return new KeyError(
    'ERR_KEY_PUBLIC_IN_PRIVATE_SLOT',
    `${where} is a public key: it can verify, but it cannot sign. Put it into publicKey; a service that only verifies ` +
      'leaves privateKey out.',
  );
}

function refuseJwk(where: string): never {
  throw new KeyError(
    'ERR_KEY_JWK',
    `${where} is not a valid RSA private key; it needs n, e, d, p, q, dp, dq and qi. Export the JWK again.`,
  );
}

function damaged(where: string): KeyError {
  return new KeyError(
    'ERR_KEY_FORMAT',
    `${where} cannot be read: the text is damaged, or it is not a private key. Make a key pair with ` +
      "'npx jwt-rs256 keygen' or 'openssl genrsa -out rs256.pem 2048'.",
  );
}
