import { JwtRs256Error } from '../errors/jwt-rs256-error.js';
import type { AccessTokenClaims } from '../tokens/claims.js';
import type { RequestVerifier } from '../tokens/request-verifier.js';

/**
 * The claims of an access token that would be accepted here and now.
 *
 * @returns undefined for every other text, whatever is wrong with it.
 * @throws what is not the caller's fault: KeysUnavailableError, StoreUnavailableError.
 */
export async function acceptedClaims(
  token: string,
  verifier: RequestVerifier,
): Promise<AccessTokenClaims | undefined> {
  try {
    return await verifier.verify(token);
  } catch (error) {
    if (error instanceof JwtRs256Error && error.fault === 'caller') return undefined;
    throw error;
  }
}
