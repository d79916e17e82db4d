import { DeveloperError } from './developer-errors.js';
import { JwtRs256Error } from './jwt-rs256-error.js';
import { TokenError } from './token-errors.js';
import { UnavailableError } from './unavailable-errors.js';

/** The refresh token was not accepted: 400 `invalid_grant` (RFC 6749 §5.2). */
export abstract class RefreshTokenError extends JwtRs256Error {
  override readonly fault = 'caller';
}

/** Not a refresh token, or one whose session is over or was never there. Nothing happened because of it. */
export class RefreshTokenInvalidError extends RefreshTokenError {
  override readonly code = 'ERR_REFRESH_TOKEN_INVALID';

  constructor(message = 'The refresh token is invalid, or its session has ended') {
    super(message);
  }
}

/** A spent refresh token was presented again, so its session was ended (RFC 9700 §4.14.2). */
export class RefreshTokenReusedError extends RefreshTokenError {
  override readonly code = 'ERR_REFRESH_TOKEN_REUSED';

  constructor(message = 'The refresh token was used before, so its session was ended') {
    super(message);
  }
}

/** The token is good, but its session has ended, or it was revoked itself. */
export class TokenRevokedError extends TokenError {
  override readonly code = 'ERR_TOKEN_REVOKED';

  constructor(message = 'The access token was revoked') {
    super(message);
  }
}

/** The session store cannot be reached, refused, or is full: nothing was done, or a repeat is safe. */
export class StoreUnavailableError extends UnavailableError {
  override readonly code = 'ERR_STORE_UNAVAILABLE';

  constructor(
    message = 'The session store is unavailable',
    options?: ErrorOptions & { retryAfter?: number },
  ) {
    super(message, options);
  }
}

/** A method of the session service was called in an application that configured no sessions. */
export class SessionsOffError extends DeveloperError {
  override readonly code = 'ERR_SESSIONS_OFF';

  constructor() {
    super(
      'Sessions are off. Give JwtRs256Module.forRoot() the option sessions: {}, or { store } to keep them in Redis.',
    );
  }
}
