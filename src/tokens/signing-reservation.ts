/** What a session adds to the claims of an access token. Times are Unix seconds. */
export interface SessionStamp {
  readonly sid: string;
  /** `auth_time`: when the principal gave credentials (RFC 9068 §2.2.1). */
  readonly authTime: number;
  /** Whether the token is for credentials, and not for a refresh token: the claim `fresh`. */
  readonly isFresh: boolean;
  /** When the session is over at the latest; the token expires no later. */
  readonly until: number;
}

/** An access token, ready to be handed out. */
export interface IssuedAccessToken {
  /** The compact JWS. */
  readonly token: string;
  /** Seconds that it lives from now on: `expires_in` (RFC 6749 §5.1). */
  readonly expiresIn: number;
}

/** The right to one signature, taken in advance. */
export interface SigningReservation {
  /** Issues with the reserved slot, and gives it back. Call it once. */
  issue(claims: Readonly<Record<string, unknown>>, stamp: SessionStamp): Promise<IssuedAccessToken>;
  /** Gives the slot back where nothing was issued; otherwise does nothing. */
  release(): void;
}
