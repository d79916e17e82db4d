import type { AccessTokenClaims } from '../tokens/claims.js';
import { proceed } from '../tokens/eventual.js';
import type { OwnIssuer } from '../tokens/own-issuer.js';
import { acceptToken, type RequestVerifier } from '../tokens/request-verifier.js';
import type { VerifyOptions } from '../tokens/token-verifier.js';
import type { RevocationCheck } from './revocation-check.js';

/**
 * A verifier that refuses what was revoked as well. It asks on every call, after the other has verified: a cache of
 * verified tokens behind it makes no difference.
 *
 * Tokens of other issuers are not looked up: one that has an identifier of ours by chance is not revoked with it, and an
 * outage of our list does not concern it.
 */
export class UnrevokedVerifier implements RequestVerifier {
  constructor(
    private readonly verifier: RequestVerifier,
    private readonly revocation: RevocationCheck,
    private readonly own: OwnIssuer,
  ) {}

  async verify<T extends object = object>(
    token: string,
    options?: VerifyOptions,
  ): Promise<AccessTokenClaims & T> {
    const claims = await this.verifier.verify<T>(token, options);
    return this.unlessRevoked(claims);
  }

  /** @see TokenVerifier.accept */
  accept(token: string): AccessTokenClaims | Promise<AccessTokenClaims> {
    if (this.verify !== OWN_VERIFY) return this.verify(token);
    return proceed(acceptToken(this.verifier, token), (claims) => this.unlessRevoked(claims));
  }

  private unlessRevoked<T extends AccessTokenClaims>(claims: T): T {
    if (this.own.hasIssued(claims)) this.revocation.assertNotRevoked(claims);
    return claims;
  }
}

// eslint-disable-next-line @typescript-eslint/unbound-method -- it is compared, never called
const OWN_VERIFY = UnrevokedVerifier.prototype.verify;
