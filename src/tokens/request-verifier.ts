import type { AccessTokenClaims } from './claims.js';
import type { Eventual } from './eventual.js';
import type { TokenVerifier } from './token-verifier.js';

/** What answers requests needs of a verifier. One without `accept`, such as a stub in a test, is asked to verify. */
export type RequestVerifier = Pick<TokenVerifier, 'verify'> & Partial<Pick<TokenVerifier, 'accept'>>;

/** The claims of the token of a request, without a promise where the verifier needs none. */
export function acceptToken(verifier: RequestVerifier, token: string): Eventual<AccessTokenClaims> {
  // Of a stub it is not known what kind of promise it makes, if any.
  return verifier.accept ? verifier.accept(token) : Promise.resolve(verifier.verify(token));
}
