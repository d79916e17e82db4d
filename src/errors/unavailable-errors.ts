import { JwtRs256Error } from './jwt-rs256-error.js';

/** Something that the library depends on is down: 503 with `Retry-After`, never 401. */
export abstract class UnavailableError extends JwtRs256Error {
  override readonly fault = 'server';
  /** Seconds after which another try makes sense: the value of `Retry-After` (RFC 9110 §10.2.3). */
  readonly retryAfter: number;

  constructor(message: string, options: ErrorOptions & { retryAfter?: number } = {}) {
    super(message, options);
    this.retryAfter = Math.max(1, Math.ceil(options.retryAfter ?? 1));
  }
}

/** The verification keys cannot be had right now, so nothing can be said of the token. */
export class KeysUnavailableError extends UnavailableError {
  override readonly code = 'ERR_KEYS_UNAVAILABLE';

  constructor(
    message = 'The verification keys are unavailable',
    options?: ErrorOptions & { retryAfter?: number },
  ) {
    super(message, options);
  }
}

/** So many signatures are under way that one more would wait longer than anybody waits for an answer. */
export class SignerBusyError extends UnavailableError {
  override readonly code = 'ERR_SIGNER_BUSY';

  constructor(
    message = 'Too many tokens are being issued',
    options?: ErrorOptions & { retryAfter?: number },
  ) {
    super(message, options);
  }
}
