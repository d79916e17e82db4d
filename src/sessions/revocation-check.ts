import type { JsonObject } from '../tokens/strict-json.js';

/**
 * Whether a verified access token has been taken back. A port of its own, so that whoever verifies can ask without
 * reaching what starts and refreshes sessions.
 */
export abstract class RevocationCheck {
  /**
   * Answers from what is known here, at once: it is called for every request, so there is no I/O in it.
   *
   * @param claims - of a token whose signature and claims were just verified.
   * @throws TokenRevokedError when its session (`sid`) has ended or the token itself (`jti`) was revoked.
   * @throws StoreUnavailableError when that can no longer be known and the policy is to refuse then.
   */
  abstract assertNotRevoked(claims: JsonObject): void;
}
