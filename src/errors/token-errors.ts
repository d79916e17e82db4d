import { JwtRs256Error } from './jwt-rs256-error.js';

/** One thing that is wrong with a token's claims. It names the claim, never its value. */
export interface ClaimViolation {
  readonly code: 'ERR_TOKEN_EXPIRED' | 'ERR_TOKEN_NOT_YET_VALID' | 'ERR_TOKEN_CLAIM';
  /** The claim, such as `'aud'`. */
  readonly claim: string;
  /** What is wrong with it, in a sentence. */
  readonly message: string;
}

/** The access token was not accepted: 401 `invalid_token` (RFC 6750 §3.1). */
export abstract class TokenError extends JwtRs256Error {
  override readonly fault = 'caller';
}

/** No credentials for our scheme were sent: 401 with a bare challenge (RFC 6750 §3, last paragraph). */
export class TokenMissingError extends TokenError {
  override readonly code = 'ERR_TOKEN_MISSING';

  constructor(message = 'No access token was sent') {
    super(message);
  }
}

/** Not a compact JWS with strict JSON inside (RFC 7515 §7.1, RFC 7519 §7.2). */
export class TokenMalformedError extends TokenError {
  override readonly code = 'ERR_TOKEN_MALFORMED';

  constructor(message = 'The access token is malformed') {
    super(message);
  }
}

/** The header's `alg` is not exactly `RS256` (RFC 8725 §3.1). */
export class TokenAlgorithmError extends TokenError {
  override readonly code = 'ERR_TOKEN_ALGORITHM';

  constructor(message = 'The access token is not signed with RS256') {
    super(message);
  }
}

/** The header's `typ` is not the expected media type (RFC 8725 §3.11, RFC 9068 §2.1). */
export class TokenTypeError extends TokenError {
  override readonly code = 'ERR_TOKEN_TYPE';

  constructor(message = 'The token is of another type') {
    super(message);
  }
}

/** No verification key goes with the header's `kid` (RFC 7515 §4.1.4). */
export class TokenKeyUnknownError extends TokenError {
  override readonly code = 'ERR_TOKEN_KEY_UNKNOWN';

  constructor(message = 'The access token was signed with an unknown key') {
    super(message);
  }
}

/** The signature does not verify (RFC 7515 §5.2). */
export class TokenSignatureError extends TokenError {
  override readonly code = 'ERR_TOKEN_SIGNATURE';

  constructor(message = 'The signature of the access token is invalid') {
    super(message);
  }
}

/** The claims were not accepted. `violations` has all that is wrong with them, for the log. */
export abstract class TokenClaimsError extends TokenError {
  /** The claim that the message is about. */
  readonly claim: string;
  /** Everything that is wrong with the claims, in the order in which it was found. */
  readonly violations: readonly ClaimViolation[];

  constructor(violation: Omit<ClaimViolation, 'code'>, violations?: readonly ClaimViolation[]) {
    super(violation.message);
    this.claim = violation.claim;
    this.violations = violations ?? [];
  }
}

/** `now >= exp + clockTolerance` (RFC 7519 §4.1.4). */
export class TokenExpiredError extends TokenClaimsError {
  override readonly code = 'ERR_TOKEN_EXPIRED';
}

/** `now < nbf - clockTolerance` (RFC 7519 §4.1.5). */
export class TokenNotYetValidError extends TokenClaimsError {
  override readonly code = 'ERR_TOKEN_NOT_YET_VALID';
}

/** A claim is missing, of the wrong type, or has a value that is not accepted here; `claim` names it. */
export class TokenClaimError extends TokenClaimsError {
  override readonly code = 'ERR_TOKEN_CLAIM';
}

/** The token is good, but `validate` knows no such principal. */
export class PrincipalUnknownError extends TokenError {
  override readonly code = 'ERR_PRINCIPAL_UNKNOWN';

  constructor(message = 'The principal of the access token is unknown') {
    super(message);
  }
}

/**
 * The token is good, and credentials were given too long ago for this route: 401 `insufficient_user_authentication`
 * (RFC 9470 §3). A refresh does not help; giving credentials again does.
 */
export class TokenNotFreshError extends TokenError {
  override readonly code = 'ERR_TOKEN_NOT_FRESH';

  /** @param maxAge - seconds that the route allows: `max_age` of the challenge. 0: a token that was not refreshed. */
  constructor(
    readonly maxAge: number,
    message = 'Credentials must be given again',
  ) {
    super(message);
  }
}

/** The Authorization header is ours and cannot be read: 400 `invalid_request` (RFC 6750 §3.1). */
export class CredentialsMalformedError extends JwtRs256Error {
  override readonly code = 'ERR_CREDENTIALS_MALFORMED';
  override readonly fault = 'caller';

  constructor(message = 'The Authorization header is malformed') {
    super(message);
  }
}
