import type { AccessTokenClaims } from '../tokens/claims.js';
import type { TokenVerifier, VerifyOptions } from '../tokens/token-verifier.js';
import type { RevocationCheck } from './revocation-check.js';

type Verifier = Pick<TokenVerifier, 'verify'>;

/**
 * A verifier that refuses what was revoked as well. It asks on every call, after the other has verified: a cache of
 * verified tokens behind it makes no difference.
 */
export class UnrevokedVerifier implements Verifier {
  constructor(
    private readonly verifier: Verifier,
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
}
