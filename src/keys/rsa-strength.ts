import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { KeyError } from '../errors/developer-errors.js';
import { residueSubgroup, SMALL_PRIMES } from './small-primes.js';

const SHORTEST_MODULUS = 2048;
const LONGEST_MODULUS = 8192;
const SMALLEST_EXPONENT = 65_537n;
const LARGEST_EXPONENT_BITS = 64;

const ROCA_PRIMES = SMALL_PRIMES.filter((prime) => prime <= 167);

/**
 * Refuses every key that RS256 must not be used with: other types, sizes that are too weak (RFC 7518 §3.3) or so
 * large that verifying becomes an attack on us, unusual exponents, and moduli that are known to be factored easily.
 *
 * @throws KeyError `ERR_KEY_TYPE`, `ERR_KEY_TOO_SHORT`, `ERR_KEY_TOO_LONG`, `ERR_KEY_EXPONENT`, `ERR_KEY_ROCA`,
 * `ERR_KEY_WEAK_FACTOR`
 */
export function assertRsaStrength(key: KeyObject, where: string): void {
  if (key.asymmetricKeyType !== 'rsa')
    throw new KeyError('ERR_KEY_TYPE', `${where} is ${typeName(key)}. ${MAKE_RSA}`);
  const { modulus, exponent } = numbersOf(key);
  const modulusLength = bitLength(modulus);
  if (modulusLength < SHORTEST_MODULUS) {
    throw new KeyError(
      'ERR_KEY_TOO_SHORT',
      `${where} has ${modulusLength} bits; RS256 needs 2048 or more (RFC 7518 §3.3). ${MAKE_RSA}`,
    );
  }
  if (modulusLength > LONGEST_MODULUS) {
    throw new KeyError(
      'ERR_KEY_TOO_LONG',
      `${where} has ${modulusLength} bits; at most 8192 are accepted, for verifying would take too long. ${MAKE_RSA}`,
    );
  }
  if (exponent % 2n === 0n || exponent < SMALLEST_EXPONENT || bitLength(exponent) > LARGEST_EXPONENT_BITS) {
    throw new KeyError(
      'ERR_KEY_EXPONENT',
      `${where} has a public exponent that is even, under 65537 or over 64 bits. ${MAKE_RSA}`,
    );
  }
  assertModulus(modulus, where);
}

const MAKE_RSA = "Make an RSA key pair with 'npx jwt-rs256 keygen'.";

function typeName(key: KeyObject): string {
  if (key.asymmetricKeyType === 'rsa-pss')
    return 'an RSA-PSS key, which may not be used for RS256 (PKCS #1 v1.5)';
  return key.type === 'secret'
    ? 'a symmetric secret; RS256 needs an RSA key pair'
    : `a key of type ${key.asymmetricKeyType}; RS256 needs an RSA key`;
}

function assertModulus(modulus: bigint, where: string): void {
  const factor = SMALL_PRIMES.find((prime) => modulus % BigInt(prime) === 0n);
  if (factor !== undefined || modulus % 2n === 0n) {
    throw new KeyError(
      'ERR_KEY_WEAK_FACTOR',
      `${where} has a modulus with a tiny prime factor: it was made wrongly and gives no security. ${MAKE_RSA}`,
    );
  }
  // CVE-2017-15361: primes of the form k*M + (65537^a mod M) leave the modulus in the subgroup that 65537 generates,
  // modulo each small prime. A good modulus passes all of these tests with a chance of about 2^-27.
  if (ROCA_PRIMES.every((prime) => residueSubgroup(65_537, prime).has(Number(modulus % BigInt(prime))))) {
    throw new KeyError(
      'ERR_KEY_ROCA',
      `${where} has the ROCA fingerprint (CVE-2017-15361): its private key can be computed from the public one. ${MAKE_RSA}`,
    );
  }
}

/** By way of a JWK: `asymmetricKeyDetails` takes quadratic time, and an exponent may have a million digits. */
function numbersOf(key: KeyObject): { modulus: bigint; exponent: bigint } {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const { n, e } = publicKey.export({ format: 'jwk' });
  const modulus = toBigInt(n!);
  const exponent = toBigInt(e!);
  if (bitLength(modulus) > LONGEST_MODULUS || bitLength(exponent) > LONGEST_MODULUS) drainError();
  return { modulus, exponent };
}

/**
 * On Node 24 and 26, exporting a key with a number of more than 16,384 bits leaves an OpenSSL error behind, which the
 * next key that the process reads would fail with. It fails with this one instead.
 */
function drainError(): void {
  try {
    createPrivateKey('no key');
  } catch {
    // What was left behind is gone now.
  }
}

function toBigInt(text: string): bigint {
  return BigInt(`0x0${Buffer.from(text, 'base64url').toString('hex')}`);
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}
