import { HttpException, HttpStatus } from '@nestjs/common';
import type { JwtRs256Error } from '../errors/jwt-rs256-error.js';
import { TokenNotFreshError } from '../errors/token-errors.js';
import { UnavailableError } from '../errors/unavailable-errors.js';
import { challengeHeader, type ChallengeOrigin } from './challenge.js';

/** How a kind of error is answered. `error` is the code of RFC 6750 §3.1 where there is one. */
interface Answer {
  readonly status: HttpStatus;
  readonly error: string;
  readonly challenge: 'none' | 'bare' | 'full';
  /** Whether clients look for `error_description` in the body: an answer of RFC 6749 §5.2. */
  readonly describes?: true;
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

const FORBIDDEN: Answer = { status: HttpStatus.FORBIDDEN, error: 'Forbidden', challenge: 'none' };

/** RFC 6749 §5.2. */
const INVALID_GRANT = badRequest('invalid_grant');

/** RFC 9470 §3. */
const STEP_UP: Answer = {
  status: HttpStatus.UNAUTHORIZED,
  error: 'insufficient_user_authentication',
  challenge: 'full',
};

/** The codes that are answered differently from the rest of their fault. */
const BY_CODE: Readonly<Record<string, Answer>> = {
  ERR_TOKEN_MISSING: { status: HttpStatus.UNAUTHORIZED, error: 'Unauthorized', challenge: 'bare' },
  ERR_CREDENTIALS_MALFORMED: { status: HttpStatus.BAD_REQUEST, error: 'invalid_request', challenge: 'full' },
  ERR_TOKEN_NOT_FRESH: STEP_UP,
  ERR_REFRESH_TOKEN_INVALID: INVALID_GRANT,
  ERR_REFRESH_TOKEN_REUSED: INVALID_GRANT,
  ERR_REQUEST_MALFORMED: badRequest('invalid_request'),
  ERR_GRANT_TYPE_UNSUPPORTED: badRequest('unsupported_grant_type'),
  ERR_TOKEN_TYPE_UNSUPPORTED: badRequest('unsupported_token_type'),
  // A 401 says how to do better (RFC 9110 §15.5.2): with a token.
  ERR_LOGIN_REFUSED: { ...INVALID_GRANT, status: HttpStatus.UNAUTHORIZED, challenge: 'bare' },
  ERR_INTROSPECTION_DENIED: FORBIDDEN,
  ERR_REQUEST_CROSS_SITE: FORBIDDEN,
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
    const description = answer.describes ? { error_description: message } : {};
    const body = {
      statusCode: answer.status,
      error: answer.error,
      ...description,
      message,
      errorCode: error.code,
    };
    super(body, answer.status, { cause: error });
    this.headers = headersOf(error, answer, where);
  }
}

/** As a token endpoint says it (RFC 6749 §5.2). */
function badRequest(error: string): Answer {
  return { status: HttpStatus.BAD_REQUEST, error, challenge: 'none', describes: true };
}

function headersOf(error: JwtRs256Error, answer: Answer, where: ChallengeOrigin): Record<string, string> {
  if (answer.challenge === 'bare') return { 'WWW-Authenticate': challengeHeader(where) };
  if (answer.challenge === 'full') {
    const wrong = { error: answer.error, description: error.message };
    const demand = error instanceof TokenNotFreshError ? { maxAge: error.maxAge } : {};
    return { 'WWW-Authenticate': challengeHeader({ ...where, ...wrong, ...demand }) };
  }
  return error instanceof UnavailableError ? { 'Retry-After': String(error.retryAfter) } : {};
}
