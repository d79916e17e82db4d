import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import { JwksClient } from 'jwks-rsa';
import { TokenVerifier } from 'nestjs-jwt-rs256';
import { openRemoteJwkSet, SystemClock } from '../fixtures/internals.js';
import { AUDIENCE, ISSUER } from '../fixtures/tokens.js';
import { VERIFYING } from '../fixtures/verifying.js';

/** Who reads a remote JWK Set. */
export const READERS = ['nestjs-jwt-rs256', 'jose', 'jwks-rsa', 'jwks-rsa, rateLimit'] as const;
export type ReaderName = (typeof READERS)[number];

/** How long, in seconds, readers keep a set, where they are not left at their defaults. */
export interface ReaderOptions {
  readonly maxAge?: number;
}

/** Verifies a token with the keys at an address. Rejects where it does not accept it. */
export type Reader = (token: string) => Promise<unknown>;

/** Each with its defaults, and ours without its cache of verified tokens: here it is to look for the key each time. */
export function startReader(name: ReaderName, jwksUri: string, options: ReaderOptions): Reader {
  switch (name) {
    case 'nestjs-jwt-rs256':
      return ours(jwksUri, options);
    case 'jose':
      return jose(jwksUri, options);
    case 'jwks-rsa':
      return jwksRsa(jwksUri, options, false);
    case 'jwks-rsa, rateLimit':
      return jwksRsa(jwksUri, options, true);
  }
}

function ours(jwksUri: string, { maxAge }: ReaderOptions): Reader {
  const keys = openRemoteJwkSet(ISSUER, jwksUri, maxAge);
  const verifier = new TokenVerifier(keys, new SystemClock(), VERIFYING);
  return (token) => verifier.verify(token);
}

function jose(jwksUri: string, { maxAge }: ReaderOptions): Reader {
  // To see within seconds what it does after its 30 s.
  const short = maxAge === undefined ? {} : { cacheMaxAge: maxAge * 1000, cooldownDuration: 0 };
  const keys = createRemoteJWKSet(new URL(jwksUri), short);
  const options = { algorithms: ['RS256'], issuer: ISSUER, audience: AUDIENCE };
  return (token) => jwtVerify(token, keys, options);
}

function jwksRsa(jwksUri: string, { maxAge }: ReaderOptions, rateLimit: boolean): Reader {
  const short = maxAge === undefined ? {} : { cacheMaxAge: maxAge * 1000 };
  const client = new JwksClient({ jwksUri, rateLimit, ...short });
  return async (token) => {
    const key = await client.getSigningKey(decodeProtectedHeader(token).kid);
    const options = { algorithms: ['RS256' as const], issuer: ISSUER, audience: AUDIENCE };
    return jsonwebtoken.verify(token, key.getPublicKey(), options);
  };
}
