import type { AccessTokenClaims } from '../tokens/claims.js';
import type { RequestVerifier, VerifyOptions } from '../tokens/token-verifier.js';
import type { RevocationCheck } from './revocation-check.js';

/**
 * A verifier that refuses what was revoked as well. It asks on every call, after the other has verified: a cache of
 * verified tokens behind it makes no difference.
 */
export class UnrevokedVerifier implements RequestVerifier {
  constructor(
    private readonly verifier: RequestVerifier,
    private readonly revocation: RevocationCheck,
  ) {}

  async verify<T extends object = object>(
    token: string,
    options?: VerifyOptions,
  ): Promise<AccessTokenClaims & T> {
    const claims = await this.verifier.verify<T>(token, options);
    this.revocation.assertNotRevoked(claims);
    return claims;
  }

  /** @see TokenVerifier.recall */
  recall(token: string): AccessTokenClaims | undefined {
    const claims = this.verifier.recall?.(token);
    if (claims) this.revocation.assertNotRevoked(claims);
    return claims;
  }
}
