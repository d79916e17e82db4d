import { createPublicKey } from 'node:crypto';
import { KeyError, type KeyErrorCode } from '../../errors/developer-errors.js';
import { assertRsaJwk, PRIVATE_MEMBERS } from '../rsa-jwk.js';
import { assertRsaStrength } from '../rsa-strength.js';
import { thumbprint } from '../key-id.js';
import { VerificationKey } from '../verification-key.js';
import type { SkipReason } from './remote-key-event.js';
import { isRemoteObject, parseRemoteObject, type RemoteObject } from './remote-json.js';
import { RemoteKeysError } from './remote-keys-error.js';

/** A key of a set that does not verify. */
export interface SkippedKey {
  readonly reason: SkipReason;
  readonly message: string;
}

/** The keys of a JWK Set that may verify RS256 signatures: one at least, and one for a kid. */
export interface JwkSetReading {
  readonly keys: readonly VerificationKey[];
  /** The same text for the same keys under the same kids, in whatever order. */
  readonly identity: string;
  readonly skipped: readonly SkippedKey[];
}

/** A key, and the text that tells it from others. */
interface ReadKey {
  readonly key: VerificationKey;
  readonly print: string;
}

/** With that of the post-quantum keys (kty `AKP`). */
const PRIVATE = [...PRIVATE_MEMBERS, 'priv'];
const MOST_KEYS = 100;
/** In characters. A modulus of 8192 bits takes 1366; a longer one is not even parsed. */
const LONGEST_MEMBER = 2048;
/** In characters. A kid goes into every token and into the log. */
const LONGEST_KID = 256;

/**
 * Reads a JWK Set (RFC 7517 §5) of another issuer. Keys that cannot verify RS256 are skipped one by one. Two different
 * keys with one kid are both skipped: which of them is meant, an attacker might decide.
 *
 * @throws RemoteKeysError `refused`: not a JWK Set, too many keys, a private key anywhere, or no usable key.
 */
export function readJwkSet(body: Buffer): JwkSetReading {
  const set = parseRemoteObject(body, 'The JWK Set');
  const jwks: unknown = set.keys;
  refusePrivate([set, ...(Array.isArray(jwks) ? (jwks as unknown[]) : [])]);
  if (!Array.isArray(jwks))
    throw new RemoteKeysError('refused', 'The JWK Set has no member "keys" that is a list (RFC 7517 §5).');
  if (jwks.length > MOST_KEYS)
    throw new RemoteKeysError('refused', `The JWK Set has more than ${MOST_KEYS} keys.`);
  return select(jwks);
}

function refusePrivate(jwks: readonly unknown[]): void {
  const isPrivate = (jwk: unknown): boolean =>
    isRemoteObject(jwk) && PRIVATE.some((member) => Object.hasOwn(jwk, member));
  if (!jwks.some(isPrivate)) return;
  throw new RemoteKeysError(
    'refused',
    'The JWK Set has a private or symmetric key in it, so whoever reads it can sign tokens. None of its keys is trusted ' +
      'any further than before. Tell its operator at once: that key has to be replaced.',
  );
}

function select(jwks: readonly unknown[]): JwkSetReading {
  const byKid = new Map<string, ReadKey>();
  const skipped: SkippedKey[] = [];
  const refused = new Set<string>();
  for (const [index, jwk] of jwks.entries()) {
    const where = describe(jwk, index);
    const read = readKey(jwk, where);
    if ('reason' in read) {
      skipped.push(read);
      continue;
    }
    const { kid } = read.key;
    const other = byKid.get(kid);
    byKid.set(kid, other ?? read);
    if (!other || other.print === read.print) continue;
    refused.add(kid);
    skipped.push({
      reason: 'kidTwice',
      message: `${where} has the kid of another key; neither verifies until its issuer has changed that.`,
    });
  }
  for (const kid of refused) byKid.delete(kid);
  if (byKid.size === 0) {
    const message = `The JWK Set has no key for RS256${jwks.length === 0 ? ': it is empty' : ''}.`;
    const examples = skipped.slice(0, 3).map((skip) => skip.message);
    throw new RemoteKeysError('refused', [message, ...examples].join(' '));
  }
  const entries = Array.from(byKid, ([kid, { print }]) => [kid, print]).sort(([a = ''], [b = '']) =>
    a < b ? -1 : 1,
  );
  return { keys: Array.from(byKid.values(), ({ key }) => key), identity: JSON.stringify(entries), skipped };
}

function readKey(jwk: unknown, where: string): ReadKey | SkippedKey {
  try {
    if (!isRemoteObject(jwk)) throw new KeyError('ERR_KEY_JWK', where);
    assertRsaJwk(jwk, 'verify', where);
    const { n, e, kid } = jwk as { n: string; e: string; kid?: string };
    if (kid !== undefined && (kid.length > LONGEST_KID || /\p{Cc}/u.test(kid)))
      throw new KeyError('ERR_KEY_JWK', where);
    if (n.length > LONGEST_MEMBER || e.length > LONGEST_MEMBER) throw new KeyError('ERR_KEY_TOO_LONG', where);
    const key = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
    assertRsaStrength(key, where);
    const print = thumbprint(key);
    return { key: new VerificationKey(key, kid ?? print), print };
  } catch (error) {
    const code = error instanceof KeyError ? error.code : 'ERR_KEY_JWK';
    const reason = code === 'ERR_KEY_TYPE' || code === 'ERR_KEY_JWK_USE' ? 'otherUse' : 'unusable';
    return { reason, message: `${where} ${FAULTS[code] ?? 'is not a valid RSA public key'}.` };
  }
}

/** Written for who reads the sets of others: what our own messages advise is for owners of a key. */
const FAULTS: Partial<Record<KeyErrorCode, string>> = {
  ERR_KEY_TYPE: 'is no RSA key',
  ERR_KEY_JWK_USE: 'is for something other than RS256 signatures (alg, use or key_ops)',
  ERR_KEY_TOO_SHORT: 'is shorter than 2048 bits (RFC 7518 §3.3)',
  ERR_KEY_TOO_LONG: 'is longer than 8192 bits',
  ERR_KEY_EXPONENT: 'has a public exponent that is even, under 65537 or over 64 bits',
  ERR_KEY_ROCA: 'has the ROCA fingerprint (CVE-2017-15361)',
  ERR_KEY_WEAK_FACTOR: 'has a modulus with a tiny prime factor',
};

/** A kid is public, but it is a text of others: only one that can harm no log is repeated. */
function describe(jwk: unknown, index: number): string {
  const kid: unknown = (jwk as RemoteObject | null)?.kid;
  const isPlain = typeof kid === 'string' && /^[\w.:/+=~-]{1,64}$/.test(kid);
  return `Key ${index + 1} of the JWK Set${isPlain ? ` (kid ${kid})` : ''}`;
}
