import { createVerifier } from 'fast-jwt';
import { AUDIENCE, ISSUER } from '../fixtures/tokens.js';
import type { BenchKeyPair } from '../fixtures/key-pair.js';
import type { Contestant } from '../run/rounds.js';

/** As many as our own cache holds, for a fair comparison. */
const CACHE_SIZE = 5000;

function options({ publicPem }: BenchKeyPair) {
  return { key: publicPem, algorithms: ['RS256' as const], allowedIss: ISSUER, allowedAud: AUDIENCE };
}

export function fastJwt(pair: BenchKeyPair): Contestant<string> {
  const verify = createVerifier(options(pair));
  return { name: 'fast-jwt', run: (token) => verify(token) as unknown };
}

/** Its cache hashes each token with SHA-256, so that none is kept in memory as text. */
export function fastJwtCached(pair: BenchKeyPair): Contestant<string> {
  const verify = createVerifier({ ...options(pair), cache: CACHE_SIZE });
  return { name: 'fast-jwt, its cache', run: (token) => verify(token) as unknown };
}

/** Its README offers the identity as the fastest key of its cache. */
export function fastJwtCachedByText(pair: BenchKeyPair): Contestant<string> {
  const verify = createVerifier({ ...options(pair), cache: CACHE_SIZE, cacheKeyBuilder: (token) => token });
  return { name: 'fast-jwt, its cache keyed by the text', run: (token) => verify(token) as unknown };
}
