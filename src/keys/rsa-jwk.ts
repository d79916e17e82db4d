import type { JsonWebKey } from 'node:crypto';
import { KeyError } from '../errors/developer-errors.js';

/** The members that make a JWK private (RFC 7518 §6.3.2, and `k` of a symmetric key, §6.4.1). */
export const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;

const BASE64URL = /^[A-Za-z0-9_-]+$/;

/**
 * Refuses a JWK that is not an RSA key or that says it is for something else (RFC 7517 §4.2-4.4), before
 * node:crypto, whose messages quote what they are given, sees it.
 *
 * @throws KeyError `ERR_KEY_TYPE`, `ERR_KEY_JWK`, `ERR_KEY_JWK_USE`
 */
export function assertRsaJwk(jwk: JsonWebKey, operation: 'sign' | 'verify', where: string): void {
  if (jwk.kty !== 'RSA')
    throw new KeyError('ERR_KEY_TYPE', `${where} does not have kty "RSA". RS256 needs an RSA key.`);
  for (const member of ['n', 'e', ...PRIVATE_MEMBERS] as const) {
    const value = jwk[member];
    const isRequired = member === 'n' || member === 'e';
    if (value === undefined && !isRequired) continue;
    if (typeof value !== 'string' || !BASE64URL.test(value)) {
      throw new KeyError(
        'ERR_KEY_JWK',
        `${where} has a member "${member}" that is missing or not base64url text. Export the JWK again.`,
      );
    }
  }
  if (
    jwk.kid !== undefined &&
    (typeof jwk.kid !== 'string' || jwk.kid === '' || /\p{Surrogate}/u.test(jwk.kid))
  ) {
    throw new KeyError(
      'ERR_KEY_JWK',
      `${where} has a kid that is not a text. Correct it, or leave it out for the RFC 7638 thumbprint.`,
    );
  }
  assertUse(jwk, operation, where);
}

function assertUse(jwk: JsonWebKey, operation: 'sign' | 'verify', where: string): void {
  const forbidden = (member: string, fix: string): KeyError =>
    new KeyError('ERR_KEY_JWK_USE', `${where} has a member "${member}" that forbids RS256. ${fix}`);
  if (jwk.alg !== undefined && jwk.alg !== 'RS256')
    throw forbidden('alg', 'Use a key whose alg is "RS256" or absent.');
  if (jwk.use !== undefined && jwk.use !== 'sig')
    throw forbidden('use', 'Use a key whose use is "sig" or absent.');
  const operations: unknown = jwk.key_ops;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes(operation))) {
    throw forbidden('key_ops', `Use a key whose key_ops include "${operation}", or that has none.`);
  }
}
