import type { JwtRs256StrategyOptions } from '../auth/jwt-rs256.strategy.js';
import { OptionError } from '../errors/developer-errors.js';
import type { JwkSetCaching } from '../keys/jwk-set-caching.js';
import type { Clock } from '../time/clock.js';
import { toSeconds } from '../time/duration.js';
import type { TimeClaim, TokenType } from '../tokens/claims.js';
import { assertKnownMembers, type KnownMembers } from '../tokens/option-members.js';
import { requireClaimNames, requireText, requireTexts } from '../tokens/option-text.js';
import { assertLifetime, type TokenIssuerOptions } from '../tokens/token-issuer.js';
import { isTokenType } from '../tokens/token-type.js';
import type { TokenVerifierOptions } from '../tokens/token-verifier.js';
import { DEFAULT_EXTRAS } from './jwt-rs256.module-definition.js';
import type { JwtRs256ModuleOptions } from './options.js';
import { resolveClock } from './resolve-clock.js';
import { resolveKeys, type ResolvedKeys } from './resolve-keys.js';
import { resolveJwksCache } from './resolve-publishing.js';
import { hasOwnKeys, resolveShortForm, type ResolvedRemoteKeys } from './resolve-remote-keys.js';
import { resolveSessions, type ResolvedSessions } from './resolve-sessions.js';
import { requireFunction, resolveStrategy } from './resolve-strategy.js';
import {
  foreignDemandsOf,
  resolveTrustedIssuers,
  warningsOfTrust,
  type ResolvedTrustedIssuer,
} from './resolve-trusted-issuers.js';

/** The options, checked and sorted by who needs them. Times are in seconds. */
export interface ResolvedOptions {
  /** Undefined in a service with no key of its own. */
  readonly keys: ResolvedKeys | undefined;
  /** Where the keys of `issuer` come from then; undefined where it trusts others only. */
  readonly remoteKeys: ResolvedRemoteKeys | undefined;
  readonly trustedIssuers: readonly ResolvedTrustedIssuer[];
  readonly issuing: TokenIssuerOptions;
  readonly verifying: TokenVerifierOptions;
  readonly strategy: JwtRs256StrategyOptions;
  /** Undefined: sessions are off. */
  readonly sessions: ResolvedSessions | undefined;
  readonly jwksCache: JwkSetCaching;
  readonly clock: Clock;
  readonly wrapIssuer: JwtRs256ModuleOptions['wrapIssuer'];
  readonly wrapVerifier: JwtRs256ModuleOptions['wrapVerifier'];
  readonly warnings: readonly string[];
}

const DEFAULT_CACHE_SIZE = 5000;

const KNOWN: KnownMembers<JwtRs256ModuleOptions> = {
  privateKey: true,
  publicKey: true,
  passphrase: true,
  signer: true,
  keyDirectory: true,
  rotation: true,
  jwksUri: true,
  discovery: true,
  allowInsecureHttp: true,
  maxStale: true,
  trustedIssuers: true,
  issuer: true,
  audience: true,
  clientId: true,
  accessTokenTtl: true,
  maxTokenTtl: true,
  notBefore: true,
  clockTolerance: true,
  verifyClaims: true,
  requiredClaims: true,
  typ: true,
  scheme: true,
  realm: true,
  jwtFromRequest: true,
  validate: true,
  maxTokenLength: true,
  verifiedTokenCache: true,
  maxPendingSignatures: true,
  sessions: true,
  jwksCache: true,
  clock: true,
  strategyName: true,
  wrapIssuer: true,
  wrapVerifier: true,
};

/**
 * The only reader of the module's options: checks each, gives the defaults, and warns of what is weaker than it
 * should be.
 *
 * @throws OptionError naming the option and the fix.
 */
export function resolveOptions(options: JwtRs256ModuleOptions): ResolvedOptions {
  assertObject(options);
  assertNoExtras(options);
  assertKnownMembers(options, KNOWN, 'JwtRs256Module');
  const remoteKeys = resolveShortForm(options);
  const common = resolveCommon(options);
  const clock = resolveClock(options.clock);
  const clockTolerance = toSeconds(options.clockTolerance ?? 10, 'clockTolerance');
  const { maxTokenTtl } = common;
  const sessions =
    options.sessions === undefined
      ? undefined
      : resolveSessions(options.sessions, { clock, maxTokenTtl, clockTolerance });
  const verifying = {
    ...common,
    ...(remoteKeys ? foreignDemandsOf(options, '') : {}),
    verifyClaims: resolveVerifyClaims(options.verifyClaims),
    clockTolerance,
    cacheSize: resolveCacheSize(options.verifiedTokenCache),
  };
  const trustedIssuers = resolveTrustedIssuers(options, verifying);
  const hasNoKey = remoteKeys !== undefined || (trustedIssuers.length > 0 && !hasOwnKeys(options));
  const issuing = resolveIssuing(options, common);
  const jwksCache = resolveJwksCache(options.jwksCache);
  const keyTimes = { ...jwksCache, maxTokenTtl, clockTolerance, notBefore: issuing.notBefore };
  return {
    keys: hasNoKey ? undefined : resolveKeys(options, keyTimes),
    remoteKeys,
    trustedIssuers,
    issuing,
    verifying,
    strategy: resolveStrategy(options),
    sessions,
    jwksCache,
    clock,
    wrapIssuer: requireFunction(options.wrapIssuer, 'wrapIssuer'),
    wrapVerifier: requireFunction(options.wrapVerifier, 'wrapVerifier'),
    warnings: [
      ...(hasNoKey ? [] : warningsOf(common)),
      ...warningsOfTrust(options, remoteKeys, trustedIssuers),
    ],
  };
}

/** What issuing and verifying must agree on, or the service would refuse its own tokens. */
type CommonOptions = Pick<
  TokenVerifierOptions & TokenIssuerOptions,
  'issuer' | 'audience' | 'typ' | 'maxTokenTtl' | 'requiredClaims' | 'maxTokenLength'
>;

function resolveCommon(options: JwtRs256ModuleOptions): CommonOptions {
  const { issuer, audience, typ = 'at+jwt' } = options;
  return {
    issuer: isLeftOut(options, 'issuer') ? undefined : requireText(issuer, 'issuer'),
    audience: isLeftOut(options, 'audience') ? undefined : requireTexts(audience, 'audience'),
    typ: resolveType(typ),
    maxTokenTtl: toSeconds(options.maxTokenTtl ?? '24h', 'maxTokenTtl'),
    requiredClaims: requireClaimNames(options.requiredClaims ?? ['exp', 'iat', 'nbf'], 'requiredClaims'),
    maxTokenLength: resolveCount(options.maxTokenLength ?? 8192, 'maxTokenLength'),
  };
}

function resolveIssuing(options: JwtRs256ModuleOptions, common: CommonOptions): TokenIssuerOptions {
  const ttl = toSeconds(options.accessTokenTtl ?? '5m', 'accessTokenTtl');
  const notBefore = toSeconds(options.notBefore ?? 0, 'notBefore');
  assertLifetime({ ttl, notBefore, maxTokenTtl: common.maxTokenTtl }, 'accessTokenTtl');
  const clientId = options.clientId === undefined ? undefined : requireText(options.clientId, 'clientId');
  const maxPendingSignatures = resolveCount(options.maxPendingSignatures ?? 2000, 'maxPendingSignatures');
  return { ...common, accessTokenTtl: ttl, notBefore, clientId, maxPendingSignatures };
}

function resolveType(typ: unknown): TokenType {
  if (isTokenType(typ)) return typ;
  throw invalid("typ must be 'at+jwt' (RFC 9068) or 'JWT'.");
}

function resolveVerifyClaims(claims: unknown): readonly TimeClaim[] {
  if (claims === undefined) return ['exp', 'nbf', 'iat'];
  if (Array.isArray(claims) && claims.every((claim) => claim === 'exp' || claim === 'nbf' || claim === 'iat'))
    return [...claims];
  throw invalid(
    "verifyClaims must be a list of 'exp', 'nbf' and 'iat'. The signature and the other claims are always verified.",
  );
}

function resolveCount(count: unknown, option: string): number {
  if (typeof count === 'number' && Number.isSafeInteger(count) && count > 0) return count;
  throw invalid(`${option} must be a whole number, 1 or more.`);
}

function resolveCacheSize(cache: unknown): number {
  if (cache === false) return 0;
  if (cache === undefined) return DEFAULT_CACHE_SIZE;
  if (typeof cache !== 'object' || cache === null)
    throw invalid('verifiedTokenCache must be { maxSize } or false.');
  const { maxSize = DEFAULT_CACHE_SIZE } = cache as { maxSize?: unknown };
  return resolveCount(maxSize, 'verifiedTokenCache.maxSize');
}

/** There, but undefined: an unset variable, which must not silently turn a check off. */
function isLeftOut(options: JwtRs256ModuleOptions, option: 'issuer' | 'audience'): boolean {
  if (!(option in options)) return true;
  if (options[option] !== undefined) return false;
  throw invalid(
    `${option} is there but undefined, which would silently turn its check off. Is the environment variable set, or was it ` +
      'read before ConfigModule had loaded it? To do without it on purpose, leave the option out.',
  );
}

function assertObject(options: unknown): void {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return;
  throw new OptionError(
    'ERR_OPTION_MODULE',
    'JwtRs256Module got no options object. Does the useFactory function return one, and does the create() method of ' +
      'the useClass or useExisting class?',
  );
}

function assertNoExtras(options: object): void {
  const misplaced = Object.keys(options).find((name) => Object.hasOwn(DEFAULT_EXTRAS, name));
  if (misplaced === undefined) return;
  throw new OptionError(
    'ERR_OPTION_UNKNOWN',
    `${misplaced} decides which providers there are: put it beside useFactory, not into what it returns.`,
  );
}

function warningsOf({ issuer, audience }: CommonOptions): string[] {
  const missing = [
    ...(issuer === undefined ? ['issuer (iss)'] : []),
    ...(audience === undefined ? ['audience (aud)'] : []),
  ];
  if (missing.length === 0) return [];
  return [
    `Without the option ${missing.join(' and ')}, tokens that this key signed for others are accepted here too.`,
  ];
}

function invalid(sentence: string): OptionError {
  return new OptionError('ERR_OPTION_INVALID', sentence);
}
