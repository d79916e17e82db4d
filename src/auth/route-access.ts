import { OptionError } from '../errors/developer-errors.js';
import { toSeconds, type Duration } from '../time/duration.js';
import { assertKnownMembers, type KnownMembers } from '../tokens/option-members.js';
import { isHeaderText } from './challenge.js';

/**
 * Where the token of a request is. passport-jwt's `ExtractJwt` functions fit. The request is Express's or Fastify's.
 * null, undefined and '' mean that no credentials were sent.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the platform's request type is the application's to name
export type JwtFromRequest = (request: any) => string | null | undefined | Promise<string | null | undefined>;

/** What `@Auth` may say of a route. */
export interface AuthOptions {
  /**
   * Let requests without credentials, or with those of another scheme, through: their principal is undefined.
   * Credentials that are there and bad are refused all the same. Default: false.
   */
  optional?: boolean;
  /** The realm in challenges of this route. Default: the module's. */
  realm?: string;
  /**
   * Asks for credentials given lately; else the answer is 401 with a step-up challenge (RFC 9470 §3). `true`: the access
   * token comes from giving credentials, not from a refresh token (claim `fresh`). A duration: credentials were given at
   * most so long ago (claim `auth_time`), and refreshing in between does no harm. Default: false.
   */
  fresh?: boolean | Duration;
  /** Where the token is on this route. Default: the module's. */
  jwtFromRequest?: JwtFromRequest;
}

/** Who may reach a route: anybody, without a look at the token; or those that `auth` describes. */
export type RouteAccess = { readonly kind: 'public' } | ({ readonly kind: 'auth' } & AuthOptions);

/**
 * The one metadata key of `@Auth` and `@Public`. With a key each, `@Auth()` on a method of a `@Public()` class would
 * be public.
 */
export const ROUTE_ACCESS = Symbol.for('nestjs-jwt-rs256:route-access');

/** What a route without either decorator has when the guard stands before it. */
export const DEFAULT_ACCESS: RouteAccess = { kind: 'auth' };

const KNOWN: KnownMembers<AuthOptions> = { optional: true, realm: true, fresh: true, jwtFromRequest: true };

/** @throws OptionError `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, `ERR_OPTION_DURATION` */
export function readAuthOptions(options: AuthOptions): RouteAccess {
  if (typeof options !== 'object' || options === null)
    throw invalid('the options must be an object, or left out');
  const { optional, realm, fresh, jwtFromRequest } = options;
  if (optional !== undefined && typeof optional !== 'boolean')
    throw invalid('optional must be true or false');
  if (realm !== undefined && !(typeof realm === 'string' && isHeaderText(realm)))
    throw invalid('realm must be printable ASCII');
  if (jwtFromRequest !== undefined && typeof jwtFromRequest !== 'function')
    throw invalid('jwtFromRequest must be a function');
  // Whoever writes @Auth({ roles }) believes that roles are looked at.
  assertKnownMembers(options, KNOWN, '@Auth()');
  // Read once, here, where a mistake stops the boot.
  const seconds =
    fresh === undefined || typeof fresh === 'boolean' ? fresh : toSeconds(fresh, '@Auth(): fresh');
  return { ...options, ...(seconds === undefined ? {} : { fresh: seconds }), kind: 'auth' };
}

function invalid(sentence: string): OptionError {
  return new OptionError('ERR_OPTION_INVALID', `@Auth(): ${sentence}.`);
}
