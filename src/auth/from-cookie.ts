import { CredentialsMalformedError } from '../errors/token-errors.js';
import { cookiesNamed, requireCookieName, type CookieRequest } from './cookie-header.js';
import { OriginPolicy, type OriginRequest } from './origin-policy.js';
import type { JwtFromRequest } from './route-access.js';

/** What `fromCookie` may be told. */
export interface FromCookieOptions {
  /** Other origins that may make requests with the cookie: `['https://app.example.com']`. Default: none. */
  trustedOrigins?: readonly string[];
}

/**
 * Reads the access token from a cookie: for the option `jwtFromRequest`, of the module or of a route. A browser sends
 * cookies by itself, so unsafe methods (POST and such) are refused with 403 where another site made the request.
 *
 * @returns null for a request without the cookie; two cookies of the name are 400.
 * @throws OptionError `ERR_OPTION_INVALID` for what is no name and no origin.
 * @example
 * ```ts
 * import { fromCookie, JwtRs256Module } from 'nestjs-jwt-rs256';
 *
 * export const jwt = JwtRs256Module.forRoot({
 *   publicKey: { file: 'keys/rs256.pub' },
 *   issuer: 'https://auth.example.com',
 *   audience: 'orders',
 *   jwtFromRequest: fromCookie('__Host-access_token'),
 * });
 * ```
 */
export function fromCookie(name: string, options: FromCookieOptions = {}): JwtFromRequest {
  const cookieName = requireCookieName(name, 'The name given to fromCookie()');
  const policy = new OriginPolicy(options.trustedOrigins);
  return (request: CookieRequest & OriginRequest) => {
    const [token, ...more] = cookiesNamed(request, cookieName);
    if (token === undefined) return null;
    policy.assertNotCrossSite(request);
    if (more.length > 0) throw new CredentialsMalformedError('The request has more than one such cookie');
    return token;
  };
}
