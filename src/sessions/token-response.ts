import type { IssuedAccessToken } from '../tokens/signing-reservation.js';
import type { RefreshToken } from './refresh-token.js';
import type { SessionDetails } from './session-store.js';

/** The answer to a login and to a refresh (RFC 6749 §5.1). */
export interface TokenResponse {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  /** Seconds. */
  readonly expires_in: number;
  /** Opaque. It replaces the one that was presented. */
  readonly refresh_token: string;
  /** The claim `scope`, where there is one. */
  readonly scope?: string;
}

export function tokenResponse(
  access: IssuedAccessToken,
  refresh: RefreshToken,
  { claims }: SessionDetails,
): TokenResponse {
  return {
    access_token: access.token,
    token_type: 'Bearer',
    expires_in: access.expiresIn,
    refresh_token: refresh.text,
    ...(typeof claims.scope === 'string' ? { scope: claims.scope } : {}),
  };
}
