import type { AccessTokenClaims } from '../tokens/claims.js';
import type { RequestVerifier, VerifyOptions } from '../tokens/token-verifier.js';
import type { RevocationCheck } from './revocation-check.js';

/**
 * A verifier that refuses what was revoked as well. It asks on every call, after the other has verified: a cache of
 * verified tokens behind it makes no difference.
 *
 * A `sid` and a `jti` mean something to their issuer alone (RFC 7519 §4.1.7), so tokens of others are not looked up:
 * one that has an identifier of ours by chance is not revoked with it, and an outage of our list does not concern it.
 */
export class UnrevokedVerifier implements RequestVerifier {
  /** @param issuer - whose tokens the check knows about. Undefined: all that the verifier accepts. */
  constructor(
    private readonly verifier: RequestVerifier,
    private readonly revocation: RevocationCheck,
    private readonly issuer?: string,
  ) {}

  async verify<T extends object = object>(
    token: string,
    options?: VerifyOptions,
  ): Promise<AccessTokenClaims & T> {
    const claims = await this.verifier.verify<T>(token, options);
    this.assertNotRevoked(claims);
    return claims;
  }

  /** @see TokenVerifier.recall */
  recall(token: string): AccessTokenClaims | undefined {
    const claims = this.verifier.recall?.(token);
    if (claims) this.assertNotRevoked(claims);
    return claims;
  }

  private assertNotRevoked(claims: AccessTokenClaims): void {
    if (this.issuer === undefined || claims.iss === this.issuer) this.revocation.assertNotRevoked(claims);
  }
}
