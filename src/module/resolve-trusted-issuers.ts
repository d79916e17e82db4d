import { OptionError } from '../errors/developer-errors.js';
import type { KeyInput } from '../keys/key-input.js';
import { toSeconds } from '../time/duration.js';
import type { ExactClaim } from '../tokens/claim-rules.js';
import type { TokenType } from '../tokens/claims.js';
import { assertKnownMembers, type KnownMembers } from '../tokens/option-members.js';
import { requireClaimNames, requireText, requireTexts } from '../tokens/option-text.js';
import { isTokenType } from '../tokens/token-type.js';
import type { TokenVerifierOptions } from '../tokens/token-verifier.js';
import type { JwtRs256ModuleOptions, TrustedIssuer } from './options.js';
import {
  assertNoRemotePolicy,
  assertOneOf,
  hasOwnKeys,
  resolveRemoteKeys,
  thereButUndefined,
  warningsOfRemoteKeys,
  type ResolvedRemoteKeys,
} from './resolve-remote-keys.js';

/** A member of `trustedIssuers`, checked. */
export interface ResolvedTrustedIssuer {
  /** What stands before the name of a member in messages: `trustedIssuers[0].` */
  readonly place: string;
  readonly issuer: string;
  readonly keys: { readonly publicKey: KeyInput; readonly source?: never } | ResolvedRemoteKeys;
  readonly verifying: TokenVerifierOptions;
}

/** What of the other options counts for an entry that does not say otherwise. */
type Surroundings = Pick<
  TokenVerifierOptions,
  'issuer' | 'audience' | 'clockTolerance' | 'maxTokenTtl' | 'maxTokenLength' | 'cacheSize'
>;

const KNOWN: KnownMembers<TrustedIssuer> = {
  issuer: true,
  audience: true,
  jwksUri: true,
  discovery: true,
  publicKey: true,
  typ: true,
  requiredClaims: true,
  claims: true,
  clockTolerance: true,
  maxTokenTtl: true,
  allowInsecureHttp: true,
  maxStale: true,
};

/** Claims that have rules of their own. */
const RULED_CLAIMS = ['iss', 'aud', 'exp', 'nbf', 'iat'];

/**
 * Checks the option `trustedIssuers` and gives its defaults.
 *
 * @throws OptionError naming the entry, its member and the fix.
 */
export function resolveTrustedIssuers(
  options: JwtRs256ModuleOptions,
  surroundings: Surroundings,
): readonly ResolvedTrustedIssuer[] {
  const entries: unknown = options.trustedIssuers;
  if (entries === undefined) return [];
  if (!Array.isArray(entries))
    throw invalid('trustedIssuers must be a list of entries: [{ issuer, audience, jwksUri }].');
  const resolved = entries.map((entry: unknown, index) =>
    resolveEntry(requireEntry(entry, `trustedIssuers[${index}]`), `trustedIssuers[${index}].`, surroundings),
  );
  assertDistinct(resolved, surroundings.issuer);
  if (resolved.length > 0) assertFit(options);
  return resolved;
}

/**
 * What is demanded of the tokens of another issuer. The defaults are what such tokens have: `at+jwt` where it keeps to
 * RFC 9068, `JWT` or no typ where it does not; no nbf; the scopes as a text or as a list.
 *
 * @throws OptionError
 */
export function foreignDemandsOf(
  { typ, requiredClaims = ['exp', 'iat'] }: Pick<TrustedIssuer, 'typ' | 'requiredClaims'>,
  place: string,
): Pick<TokenVerifierOptions, 'typ' | 'requiredClaims' | 'allowsScopeList'> {
  return {
    typ: resolveType(typ, `${place}typ`),
    requiredClaims: requireClaimNames(requiredClaims, `${place}requiredClaims`),
    allowsScopeList: true,
  };
}

/** What is weaker than it should be, or means nothing. */
export function warningsOfTrust(
  options: JwtRs256ModuleOptions,
  remoteKeys: ResolvedRemoteKeys | undefined,
  issuers: readonly ResolvedTrustedIssuer[],
): string[] {
  const hasNobody = issuers.length > 0 && isWithoutKeys(options) && 'issuer' in options;
  return [
    ...(hasNobody ? ['issuer is there, and no key for it: its tokens are refused. Leave it out.'] : []),
    ...(remoteKeys ? warningsOfRemoteKeys(remoteKeys, '') : []),
    ...issuers.flatMap(({ keys, place }) => (keys.source ? warningsOfRemoteKeys(keys, place) : [])),
  ];
}

function resolveEntry(
  entry: TrustedIssuer,
  place: string,
  surroundings: Surroundings,
): ResolvedTrustedIssuer {
  const { clockTolerance = surroundings.clockTolerance, maxTokenTtl = surroundings.maxTokenTtl } = entry;
  const issuer = requireText(entry.issuer, `${place}issuer`);
  const exactClaims = resolveClaims(entry, `${place}claims`);
  return {
    place,
    issuer,
    keys: resolveKeys(entry, place),
    verifying: {
      issuer,
      audience: resolveAudience(entry, place, { exactClaims, inherited: surroundings.audience }),
      ...foreignDemandsOf(entry, place),
      // Not those of the module: what it is lax about with its own tokens says nothing of these.
      verifyClaims: ['exp', 'nbf', 'iat'],
      exactClaims,
      clockTolerance: toSeconds(clockTolerance, `${place}clockTolerance`),
      maxTokenTtl: toSeconds(maxTokenTtl, `${place}maxTokenTtl`),
      maxTokenLength: surroundings.maxTokenLength,
      cacheSize: surroundings.cacheSize,
    },
  };
}

function requireEntry(entry: unknown, name: string): TrustedIssuer {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
    throw invalid(`${name} must be an object: { issuer, audience, jwksUri }.`);
  assertKnownMembers(entry, KNOWN, name);
  return entry as TrustedIssuer;
}

function resolveKeys(entry: TrustedIssuer, place: string): ResolvedTrustedIssuer['keys'] {
  assertOneOf(entry, ['jwksUri', 'discovery', 'publicKey'], place);
  if (!('publicKey' in entry)) return resolveRemoteKeys(entry, place);
  assertNoRemotePolicy(entry, place);
  return { publicKey: entry.publicKey };
}

function resolveAudience(
  entry: TrustedIssuer,
  place: string,
  where: { readonly exactClaims: readonly ExactClaim[]; readonly inherited: readonly string[] | undefined },
): readonly string[] | undefined {
  const { audience } = entry;
  if (audience === undefined) {
    if ('audience' in entry) throw invalid(thereButUndefined(`${place}audience`));
    if (where.inherited) return where.inherited;
    throw invalid(
      `${place}audience is needed: this issuer signs tokens for others too, and ID tokens for its clients. Give the aud ` +
        'of its access tokens for this service, here or as the option audience of the module.',
    );
  }
  if (audience !== false) return requireTexts(audience, `${place}audience`);
  if (where.exactClaims.length > 0) return undefined;
  throw invalid(
    `${place}audience is false, and there are no claims to go by: every token of this issuer would be accepted, its ID ` +
      "tokens as access tokens among them. Say what an access token has, such as claims: { token_use: 'access' }.",
  );
}

function resolveClaims(entry: TrustedIssuer, option: string): readonly ExactClaim[] {
  const claims: unknown = entry.claims;
  if (claims === undefined) {
    if ('claims' in entry) throw invalid(thereButUndefined(option));
    return [];
  }
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims))
    throw invalid(`${option} must be an object: each claim with the one value that it must have.`);
  return Object.entries(claims).map(([name, value]) => resolveClaim(name, value, option));
}

function resolveClaim(name: string, value: unknown, option: string): ExactClaim {
  requireText(name, `A name in ${option}`);
  if (RULED_CLAIMS.includes(name))
    throw invalid(`${option} must not have ${name}: the other members and the clock decide about it.`);
  if (typeof value === 'string') return [name, requireText(value, `${option}.${name}`)];
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value)))
    return [name, value];
  throw invalid(
    `${option}.${name} must be a text, a number or a boolean, which the claim of the token must equal. If it is there ` +
      'but undefined, is the environment variable set?',
  );
}

function resolveType(typ: unknown, option: string): TokenType | undefined {
  if (typ === undefined || isTokenType(typ)) return typ;
  throw invalid(`${option} must be 'at+jwt' or 'JWT'. To accept either, and none, leave it out.`);
}

/** With one issuer twice, it would be left to chance whose keys and demands a token meets. */
function assertDistinct(issuers: readonly ResolvedTrustedIssuer[], own: string | undefined): void {
  const known = new Map<string, string>(own === undefined ? [] : [[own, 'the option issuer of the module']]);
  for (const { issuer, place } of issuers) {
    const other = known.get(issuer);
    if (other !== undefined) {
      throw invalid(
        `${place}issuer is the same as ${other}. Name each issuer once; if it has several keys, its JWK Set has them ` +
          '(jwksUri). A service without a key that trusts one issuer has a short form: issuer, audience and jwksUri.',
      );
    }
    known.set(issuer, `${place}issuer`);
  }
}

/** What the rest of the options must be, or must not, beside trusted issuers. */
function assertFit(options: JwtRs256ModuleOptions): void {
  if (!isWithoutKeys(options)) {
    if ('issuer' in options) return;
    throw invalid(
      'issuer is needed beside trustedIssuers: the claim iss of a token decides under whose keys it is verified, so the ' +
        'tokens of this service need one too.',
    );
  }
  if (options.sessions === undefined) return;
  throw invalid(
    'sessions are of the tokens of this service, and with nothing but trustedIssuers it has none. Leave sessions out; or, ' +
      'where it trusts one issuer and shares its session store, use the short form: issuer, audience and jwksUri.',
  );
}

/** Whether nothing but `trustedIssuers` says which keys verify. */
function isWithoutKeys(options: JwtRs256ModuleOptions): boolean {
  return !hasOwnKeys(options) && !('jwksUri' in options) && !('discovery' in options);
}

function invalid(sentence: string): OptionError {
  return new OptionError('ERR_OPTION_INVALID', sentence);
}
