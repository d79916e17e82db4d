import { JwtRs256Error } from './jwt-rs256-error.js';

/** A token endpoint, or what guards one, did not accept the request. Nothing happened because of it. */
export abstract class EndpointError extends JwtRs256Error {
  override readonly fault = 'caller';
}

/** A parameter is missing, comes twice or is no text, or the body cannot be read: 400 `invalid_request`. */
export class RequestMalformedError extends EndpointError {
  override readonly code = 'ERR_REQUEST_MALFORMED';

  constructor(message = 'The body is neither JSON nor a form') {
    super(message);
  }
}

/** The authenticator knows no such username and password: 401 with a bare challenge. It does not say which was wrong. */
export class LoginRefusedError extends EndpointError {
  override readonly code = 'ERR_LOGIN_REFUSED';

  constructor(message = 'Wrong username or password') {
    super(message);
  }
}

/** The endpoint is for another `grant_type`: 400 `unsupported_grant_type` (RFC 6749 §5.2). */
export class GrantTypeUnsupportedError extends EndpointError {
  override readonly code = 'ERR_GRANT_TYPE_UNSUPPORTED';

  constructor(message = 'The grant_type is not the one of this endpoint') {
    super(message);
  }
}

/** Tokens of this kind cannot be taken back here: 400 `unsupported_token_type` (RFC 7009 §2.2.1). */
export class TokenTypeUnsupportedError extends EndpointError {
  override readonly code = 'ERR_TOKEN_TYPE_UNSUPPORTED';

  constructor(message = 'Access tokens cannot be revoked here; they expire') {
    super(message);
  }
}

/** Whoever asks may not introspect tokens: 403. */
export class IntrospectionDeniedError extends EndpointError {
  override readonly code = 'ERR_INTROSPECTION_DENIED';

  constructor(message = 'The principal may not introspect tokens') {
    super(message);
  }
}

/** A cookie came with a request that another site made, and that may change something: 403. */
export class CrossSiteRequestError extends EndpointError {
  override readonly code = 'ERR_REQUEST_CROSS_SITE';

  constructor(message = 'The request was made by another site') {
    super(message);
  }
}
