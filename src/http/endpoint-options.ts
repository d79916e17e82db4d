import type { SessionClaims } from '../sessions/session-details.js';
import type { TokenResponse } from '../sessions/token-response.js';

/** One endpoint. `true` in its place means all defaults. */
export interface EndpointOptions {
  /** Below the module's `path`. Default: the endpoint's own name, such as `'logout-all'`. */
  path?: string;
  /** Put onto the route, such as `UseGuards(ThrottlerGuard)` and `Throttle({ ... })`. Default: none. */
  decorators?: readonly MethodDecorator[];
}

/** The login. */
export interface LoginEndpointOptions extends EndpointOptions {
  /** Default: `'username'`. */
  usernameField?: string;
  /** Default: `'password'`. */
  passwordField?: string;
}

/** Which endpoints there are: each is off unless it is named. */
export interface TokenEndpoints {
  /** `POST login`: a session for a username and a password. It needs an `authenticator`. */
  login?: boolean | LoginEndpointOptions;
  /** `POST refresh`: the next tokens for a refresh token (RFC 6749 §6). */
  refresh?: boolean | EndpointOptions;
  /** `POST logout`: ends the session of a refresh token. */
  logout?: boolean | EndpointOptions;
  /** `POST logout-all`: ends all sessions of the subject of the access token. */
  logoutAll?: boolean | EndpointOptions;
  /** `GET sessions`: the sessions of the subject of the access token. */
  sessions?: boolean | EndpointOptions;
  /** `POST revoke` (RFC 7009). */
  revoke?: boolean | EndpointOptions;
  /** `POST introspect` (RFC 7662). It needs `mayIntrospect`. */
  introspect?: boolean | EndpointOptions;
}

/** The name of an endpoint. */
export type EndpointName = keyof TokenEndpoints;

/** What is known of a token response beside itself. */
export interface RespondContext {
  readonly endpoint: 'login' | 'refresh';
  /** What the authenticator returned; undefined at a refresh. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the identity's type is the application's to name
  readonly identity: any;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- so is the platform's request type
  readonly request: any;
}

/** The refresh token in a cookie: HttpOnly, Secure, SameSite=Strict. */
export interface RefreshCookieOptions {
  /** It begins with `__Secure-` or `__Host-`. Default: `'__Secure-refresh_token'`, or `__Host-` where `path` is `'/'`. */
  name?: string;
  /**
   * Where the browser sends it. A name with `__Host-` wants `'/'`. Default: where the endpoints are, as they were
   * registered; behind a proxy that takes a prefix off, say it.
   */
  path?: string;
}

/** The options of the endpoints that may come from a factory. */
export interface TokenEndpointsOptions {
  /**
   * The claims of a login. Default: an identity that is a text is the `sub`; of an object the member `sub`, and nothing
   * else.
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- both types are the application's to name
  claims?: (identity: any, request: any) => SessionClaims | Promise<SessionClaims>;
  /** What the owner of a session knows the device by. Default: the header User-Agent, cut to 256 characters. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the platform's request type is the application's to name
  device?: (request: any) => string | null | undefined;
  /**
   * The body of the answer to a login and a refresh. In cookie mode there is no `refresh_token` in what it gets.
   * Default: RFC 6749 §5.1, as it is.
   */
  respond?: (tokens: AnsweredTokens, context: RespondContext) => unknown;
  /** The refresh token in a cookie instead of the body; `true`: all defaults. Nest 12.1 or newer. Default: false. */
  cookie?: boolean | RefreshCookieOptions;
  /** With `cookie`, other origins that may use the endpoints: `['https://app.example.com']`. Default: none. */
  trustedOrigins?: readonly string[];
  /** Whether this principal, of the access token that came with the request, may introspect tokens. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- both types are the application's to name
  mayIntrospect?: (principal: any, request: any) => boolean | Promise<boolean>;
}

/** A token response; without `refresh_token` where that is in a cookie. */
export type AnsweredTokens = Omit<TokenResponse, 'refresh_token'> & Partial<TokenResponse>;
