import { HttpException, HttpStatus } from '@nestjs/common';
import type { JwtRs256Error } from '../errors/jwt-rs256-error.js';
import { UnavailableError } from '../errors/unavailable-errors.js';
import { challengeHeader, type ChallengeOrigin } from './challenge.js';

/** How a kind of error is answered. `error` is the code of RFC 6750 §3.1 where there is one. */
interface Answer {
  readonly status: HttpStatus;
  readonly error: string;
  readonly challenge: 'none' | 'bare' | 'full';
}

const INVALID_TOKEN: Answer = { status: HttpStatus.UNAUTHORIZED, error: 'invalid_token', challenge: 'full' };
const TEMPORARILY_UNAVAILABLE: Answer = {
  status: HttpStatus.SERVICE_UNAVAILABLE,
  error: 'temporarily_unavailable',
  challenge: 'none',
};
const INTERNAL: Answer = {
  status: HttpStatus.INTERNAL_SERVER_ERROR,
  error: 'Internal Server Error',
  challenge: 'none',
};

/** RFC 6749 §5.2. */
const INVALID_GRANT: Answer = { status: HttpStatus.BAD_REQUEST, error: 'invalid_grant', challenge: 'none' };

/** The codes that are answered differently from the rest of their fault. */
const BY_CODE: Readonly<Record<string, Answer>> = {
  ERR_TOKEN_MISSING: { status: HttpStatus.UNAUTHORIZED, error: 'Unauthorized', challenge: 'bare' },
  ERR_CREDENTIALS_MALFORMED: { status: HttpStatus.BAD_REQUEST, error: 'invalid_request', challenge: 'full' },
  ERR_REFRESH_TOKEN_INVALID: INVALID_GRANT,
  ERR_REFRESH_TOKEN_REUSED: INVALID_GRANT,
};

const BY_FAULT: Readonly<Record<JwtRs256Error['fault'], Answer>> = {
  caller: INVALID_TOKEN,
  server: TEMPORARILY_UNAVAILABLE,
  developer: INTERNAL,
};

/**
 * An error of this library as an HTTP answer (RFC 6750 §3.1). `cause` is the error itself, for an exception filter;
 * `headers` are those that belong to the answer.
 */
export class JwtRs256Exception extends HttpException {
  declare readonly cause: JwtRs256Error;
  /** Such as `WWW-Authenticate` or `Retry-After`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(error: JwtRs256Error, where: ChallengeOrigin) {
    const answer = BY_CODE[error.code] ?? BY_FAULT[error.fault];
    // A developer's error may name files and options: the log has it, the client gets only the code.
    const message = error.fault === 'developer' ? 'Internal server error' : error.message;
    // The whole body is given, for Nest 11 drops an errorCode given as an option.
    const body = { statusCode: answer.status, error: answer.error, message, errorCode: error.code };
    super(body, answer.status, { cause: error });
    this.headers = headersOf(error, answer, where);
  }
}

function headersOf(error: JwtRs256Error, answer: Answer, where: ChallengeOrigin): Record<string, string> {
  if (answer.challenge === 'bare') return { 'WWW-Authenticate': challengeHeader(where) };
  if (answer.challenge === 'full') {
    return {
      'WWW-Authenticate': challengeHeader({ ...where, error: answer.error, description: error.message }),
    };
  }
  return error instanceof UnavailableError ? { 'Retry-After': String(error.retryAfter) } : {};
}
