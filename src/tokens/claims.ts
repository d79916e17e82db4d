/**
 * The claims of a verified access token (RFC 7519 §4.1, RFC 9068 §2.2), deep-frozen. A class, so that it may stand
 * in a decorated signature; it has no instances, and claims are plain objects.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common';
 * import { AccessTokenClaims, Auth, CurrentUser } from 'nestjs-jwt-rs256';
 *
 * @Controller('me')
 * @Auth()
 * export class MeController {
 *   @Get() me(@CurrentUser() claims: AccessTokenClaims) {
 *     return { subject: claims.sub, until: claims.exp };
 *   }
 * }
 * ```
 */
export abstract class AccessTokenClaims {
  /** Who issued the token. */
  declare readonly iss?: string;
  /** Whom the token is about. */
  declare readonly sub?: string;
  /** Whom the token is for. */
  declare readonly aud?: string | readonly string[];
  /** Unix seconds from which the token is expired. */
  declare readonly exp?: number;
  /** Unix seconds before which the token is not valid. */
  declare readonly nbf?: number;
  /** Unix seconds at which the token was issued. */
  declare readonly iat?: number;
  /** The token's own identifier. */
  declare readonly jti?: string;
  /** The client that the token was issued to. */
  declare readonly client_id?: string;
  /** Space-separated scopes. */
  declare readonly scope?: string;
  /** The session that the token belongs to. */
  declare readonly sid?: string;
  /** Unix seconds at which the principal last gave credentials. */
  declare readonly auth_time?: number;
  /** True where the token was issued for credentials, and not for a refresh token. */
  declare readonly fresh?: boolean;
  readonly [claim: string]: unknown;
}

/** The time claims, each of which `verifyClaims` can leave out of the comparison with the clock. */
export type TimeClaim = 'exp' | 'nbf' | 'iat';

/** The media types that `typ` may be set to (RFC 9068 §2.1, RFC 7519 §5.1). */
export type TokenType = 'at+jwt' | 'JWT';

/** Claims that only the issuer sets, and how to influence each. */
export const RESERVED_CLAIMS: Readonly<Record<string, string>> = {
  iat: 'it is stamped from the clock',
  nbf: 'use the option notBefore, of issue() or of the module',
  exp: 'use the option ttl of issue(), or accessTokenTtl of the module',
  iss: 'use the option issuer of the module',
  aud: 'use the option audience, of issue() or of the module',
  jti: 'use the option jwtid of issue(); without it a random UUID is stamped',
  sid: 'only a session stamps it',
  auth_time: 'only a session stamps it',
};

/** Header members that only the issuer sets (RFC 7515 §4.1, RFC 7516 §4.1); `x5*` besides. */
export const RESERVED_HEADER_MEMBERS: readonly string[] = [
  'alg',
  'typ',
  'kid',
  'crit',
  'b64',
  'zip',
  'enc',
  'jwk',
  'jku',
];
