import {
  checkPrimeSync,
  createHash,
  createPrivateKey,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';

// RSA keys made from numbers of our choice: sizes, exponents and flaws that no key generator gives.

/** A number of exactly `bits` bits that looks random and is the same in every run. */
export function randomNumber(bits: number, seed: string): bigint {
  const bytes = createHash('shake256', { outputLength: Math.ceil(bits / 8) })
    .update(seed)
    .digest();
  return (BigInt(`0x${bytes.toString('hex')}`) & ((1n << BigInt(bits)) - 1n)) | (1n << BigInt(bits - 1));
}

/** An odd number of exactly `bits` bits without a factor under 10,000: nobody can tell that it is no real modulus. */
export function modulusOf(bits: number, seed = 'modulus'): bigint {
  for (let candidate = randomNumber(bits, seed) | 1n; ; candidate += 2n) {
    if (SMALL_PRIMES.every((prime) => candidate % prime !== 0n)) return candidate;
  }
}

/** The JWK of a public key with this modulus and exponent. */
export function publicJwkOf(modulus: bigint, exponent = 65_537n): JsonWebKey {
  return { kty: 'RSA', n: base64url(modulus), e: base64url(exponent) };
}

/** The public key with this modulus and exponent. */
export function publicKeyOf(modulus: bigint, exponent?: bigint): KeyObject {
  return createPublicKey({ key: publicJwkOf(modulus, exponent), format: 'jwk' });
}

/** The private key with these prime factors. */
export function privateKeyOf(p: bigint, q: bigint, e = 65_537n): KeyObject {
  const d = inverse(e, (p - 1n) * (q - 1n));
  const numbers = { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
  const members = Object.entries(numbers).map(([name, value]) => [name, base64url(value)]);
  return createPrivateKey({ key: { kty: 'RSA', ...Object.fromEntries(members) }, format: 'jwk' });
}

/** A prime of 1024 bits as the faulty chips made them (CVE-2017-15361): k * M + (65537^a mod M). */
export function rocaPrime(seed: string): bigint {
  const product = SMALL_PRIMES.slice(0, 125).reduce((all, prime) => all * prime, 2n);
  const residue = power(65_537n, randomNumber(64, `${seed} exponent`), product);
  const first = (randomNumber(1024, seed) | (1n << 1022n)) / product;
  for (let k = first; ; k += 1n) {
    const candidate = k * product + residue;
    if (checkPrimeSync(candidate)) return candidate;
  }
}

/** The number of this size that has these residues modulo these primes (Chinese remainder theorem), and is odd. */
export function numberWithResidues(
  residues: ReadonlyMap<bigint, bigint>,
  bits: number,
  seed: string,
): bigint {
  const pairs = [[2n, 1n] as const, ...residues];
  const product = pairs.reduce((all, [prime]) => all * prime, 1n);
  const smallest = pairs.reduce((sum, [prime, residue]) => {
    const rest = product / prime;
    return (sum + residue * rest * inverse(rest % prime, prime)) % product;
  }, 0n);
  return (randomNumber(bits, seed) / product) * product + smallest;
}

export function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let [square, left] = [base % modulus, exponent]; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [value % modulus, modulus, 1n, 0n];
  while (b > 0n) [a, b, x, y] = [b, a % b, y, x - (a / b) * y];
  return ((x % modulus) + modulus) % modulus;
}

function base64url(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url');
}

/** The odd primes under 10,000, by the plainest way there is. */
export const SMALL_PRIMES: readonly bigint[] = Array.from({ length: 5000 }, (_, index) => 2 * index + 1)
  .filter((number) => {
    for (let divisor = 3; divisor * divisor <= number; divisor += 2) if (number % divisor === 0) return false;
    return number > 2;
  })
  .map(BigInt);
