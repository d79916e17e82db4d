import { requireCookieName } from '../auth/cookie-header.js';
import { OriginPolicy } from '../auth/origin-policy.js';
import { OptionError } from '../errors/developer-errors.js';
import type { SessionClaims } from '../sessions/session-details.js';
import { assertKnownMembers, type KnownMembers } from '../tokens/option-members.js';
import type { RefreshCookieOptions, TokenEndpointsOptions } from './endpoint-options.js';
import type { EndpointRoutes } from './resolve-routes.js';

/** The refresh token's cookie. */
export interface RefreshCookie {
  readonly name: string;
  /** Undefined: where the endpoints were registered. */
  readonly path: string | undefined;
}

/** The options of one TokenEndpointsModule, for what it injects. */
export const ENDPOINT_OPTIONS = Symbol('JwtRs256EndpointOptions');

/** The options of the endpoints, checked. */
export interface ResolvedEndpointOptions {
  readonly claims: NonNullable<TokenEndpointsOptions['claims']>;
  readonly device: NonNullable<TokenEndpointsOptions['device']>;
  readonly respond: NonNullable<TokenEndpointsOptions['respond']>;
  readonly mayIntrospect: NonNullable<TokenEndpointsOptions['mayIntrospect']>;
  /** In cookie mode, both of them. */
  readonly cookie: RefreshCookie | undefined;
  readonly origins: OriginPolicy | undefined;
}

const KNOWN: KnownMembers<TokenEndpointsOptions> = {
  claims: true,
  device: true,
  respond: true,
  cookie: true,
  trustedOrigins: true,
  mayIntrospect: true,
};
const KNOWN_COOKIE: KnownMembers<RefreshCookieOptions> = { name: true, path: true };
const ROUTE_OPTIONS: readonly string[] = ['path', 'endpoints', 'authenticator', 'imports'];

/**
 * Checks the options of the endpoints and gives their defaults.
 *
 * @throws OptionError naming the option and the fix.
 */
export function resolveEndpointOptions(
  options: TokenEndpointsOptions,
  { routes }: EndpointRoutes,
): ResolvedEndpointOptions {
  assertOptions(options);
  const { claims, device, respond, mayIntrospect, trustedOrigins } = options;
  for (const [name, value] of Object.entries({ claims, device, respond, mayIntrospect })) {
    if (value !== undefined && typeof value !== 'function') throw invalid(`${name} must be a function`);
  }
  if (routes.some(({ name }) => name === 'introspect') && !mayIntrospect) {
    throw invalid(
      'endpoints.introspect needs mayIntrospect(principal, request), which says who may ask: it tells everything about a token',
    );
  }
  const cookie = resolveCookie(options.cookie);
  if (!cookie && trustedOrigins !== undefined)
    throw invalid(
      'trustedOrigins is for the option cookie; without it, no request is refused for its origin',
    );
  return {
    claims: claims ?? subjectOf,
    device: device ?? userAgentOf,
    respond: respond ?? ((tokens) => tokens),
    mayIntrospect: mayIntrospect ?? (() => false),
    cookie,
    origins: cookie && new OriginPolicy(trustedOrigins),
  };
}

function resolveCookie(cookie: TokenEndpointsOptions['cookie']): RefreshCookie | undefined {
  if (cookie === undefined || cookie === false) return undefined;
  const given: RefreshCookieOptions = cookie === true ? {} : cookie;
  if (typeof given !== 'object' || given === null) throw invalid('cookie must be true, or { name, path }');
  assertKnownMembers(given, KNOWN_COOKIE, 'TokenEndpointsModule: cookie');
  const { path } = given;
  if (path !== undefined && !(typeof path === 'string' && /^\/[\w.~/-]*$/.test(path)))
    throw invalid("cookie.path must begin with a slash, such as '/auth'");
  const fallback = path === '/' ? '__Host-refresh_token' : '__Secure-refresh_token';
  const name = requireCookieName(given.name ?? fallback, 'cookie.name');
  if (name.startsWith('__Host-')) return { name, path: requireRoot(path, name) };
  if (name.startsWith('__Secure-')) return { name, path };
  throw invalid('cookie.name must begin with __Secure- or __Host-, so that nobody can set it without TLS');
}

/** A browser drops a `__Host-` cookie of another path, without a word (RFC 6265bis §4.1.3.2). */
function requireRoot(path: string | undefined, name: string): string {
  if (path === undefined || path === '/') return '/';
  throw invalid(
    `cookie.name is ${name} and cookie.path is ${path}, and browsers drop a __Host- cookie of any path but '/'. Leave the ` +
      'path out, or take a name with __Secure-',
  );
}

function subjectOf(identity: unknown): SessionClaims {
  if (typeof identity === 'string') return { sub: identity };
  const { sub } = Object(identity) as { sub?: unknown };
  if (typeof sub === 'string') return { sub };
  throw new OptionError(
    'ERR_OPTION_CLAIM',
    'The identity that authenticate() returned is neither a text nor has a text sub. Return one, or give ' +
      'TokenEndpointsModule the option claims: (identity) => ({ sub: String(identity.id) }).',
  );
}

function userAgentOf(request: { headers?: Readonly<Record<string, unknown>> }): string | undefined {
  const agent = request.headers?.['user-agent'];
  return typeof agent === 'string' ? agent : undefined;
}

function assertOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new OptionError(
      'ERR_OPTION_MODULE',
      'TokenEndpointsModule got no options object. Does the useFactory function return one?',
    );
  }
  const misplaced = ROUTE_OPTIONS.find((name) => Object.hasOwn(options, name));
  if (misplaced !== undefined) {
    throw new OptionError(
      'ERR_OPTION_UNKNOWN',
      `${misplaced} decides which routes and providers there are: put it beside useFactory, not into what it returns.`,
    );
  }
  assertKnownMembers(options, KNOWN, 'TokenEndpointsModule');
}

function invalid(sentence: string): OptionError {
  return new OptionError('ERR_OPTION_INVALID', `TokenEndpointsModule: ${sentence}.`);
}
