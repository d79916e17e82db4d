import {
  TokenClaimError,
  TokenExpiredError,
  TokenNotYetValidError,
  type ClaimViolation,
  type TokenClaimsError,
} from '../errors/token-errors.js';
import type { TimeClaim } from './claims.js';
import type { JsonObject } from './strict-json.js';

/** A claim that must be there with this very value. */
export type ExactClaim = readonly [name: string, value: string | number | boolean];

/** What the claims of a token are measured against. Times are in seconds. */
export interface ClaimPolicy {
  /** Each must equal `iss`; a per-call issuer narrows the configured one, never widens it. */
  readonly issuers: readonly string[];
  /** One of them must be in `aud`. Undefined: not compared. */
  readonly audience: readonly string[] | undefined;
  readonly verifyClaims: readonly TimeClaim[];
  readonly requiredClaims: readonly string[];
  readonly exactClaims: readonly ExactClaim[];
  /** Whether `scope` may be a list of texts as well, as some issuers stamp it. */
  readonly allowsScopeList: boolean;
  readonly clockTolerance: number;
  readonly maxTokenTtl: number;
}

type ClaimRule = (claims: JsonObject, policy: ClaimPolicy, now: number) => ClaimViolation | undefined;

/**
 * Measures the claims of a token whose signature was just verified against the policy at time `now`. Comparisons are
 * written so that a NaN, from whatever clock, refuses.
 *
 * @throws TokenClaimsError for the first violation, carrying all of them.
 */
export function assertClaims(claims: JsonObject, policy: ClaimPolicy, now: number): void {
  assertRules(ALL_RULES, claims, policy, now);
}

/**
 * Measures claims that `assertClaims` accepted before once more: they have not changed, but the time and the policy
 * may have.
 *
 * @throws TokenClaimsError
 */
export function assertClaimsAgain(claims: JsonObject, policy: ClaimPolicy, now: number): void {
  assertRules(POLICY_RULES, claims, policy, now);
}

/** A span of time. Unix seconds. */
export interface Validity {
  readonly from: number;
  /** The first moment that is not in it. */
  readonly until: number;
}

/** When the policy accepts claims that `assertClaims` accepted once: of what it looks at, only the time can change. */
export function validityOf({ exp, nbf, iat }: JsonObject, policy: ClaimPolicy): Validity {
  const { clockTolerance, maxTokenTtl, verifyClaims } = policy;
  let [from, until] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  if (isTime(nbf) && verifyClaims.includes('nbf')) from = nbf - clockTolerance;
  if (isTime(iat) && verifyClaims.includes('iat')) from = Math.max(from, iat - clockTolerance);
  // The two halves of `tooLong` that depend on the time.
  if (isTime(exp) && !isTime(iat)) from = Math.max(from, exp - maxTokenTtl - clockTolerance);
  const end = isTime(exp) ? exp : isTime(iat) ? iat + maxTokenTtl : until;
  if (verifyClaims.includes('exp')) until = end + clockTolerance;
  return { from, until };
}

/** Whether `now` is in the span; a NaN is in none. */
export function isValidAt({ from, until }: Validity, now: number): boolean {
  return from <= now && now < until;
}

function assertRules(
  rules: readonly ClaimRule[],
  claims: JsonObject,
  policy: ClaimPolicy,
  now: number,
): void {
  let violations: ClaimViolation[] | undefined;
  for (const name of policy.requiredClaims) {
    if (!Object.hasOwn(claims, name) || claims[name] === null)
      (violations ??= []).push(wrong(name, 'is missing'));
  }
  for (const rule of rules) {
    const violation = rule(claims, policy, now);
    if (violation) (violations ??= []).push(violation);
  }
  if (violations) throw toError(violations);
}

function toError(violations: ClaimViolation[]): TokenClaimsError {
  const [first] = violations as [ClaimViolation];
  if (first.code === 'ERR_TOKEN_EXPIRED') return new TokenExpiredError(first, violations);
  if (first.code === 'ERR_TOKEN_NOT_YET_VALID') return new TokenNotYetValidError(first, violations);
  return new TokenClaimError(first, violations);
}

function wrong(claim: string, fault: string): ClaimViolation {
  return { code: 'ERR_TOKEN_CLAIM', claim, message: `The claim ${claim} of the access token ${fault}` };
}

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** RFC 7519 §2, NumericDate: a JSON number, and one that a double can hold. */
function timeRule(claim: string): ClaimRule {
  return (claims) =>
    claims[claim] === undefined || isTime(claims[claim])
      ? undefined
      : wrong(claim, 'is not a number of seconds');
}

function textRule(claim: string): ClaimRule {
  return (claims) => {
    const value = claims[claim];
    if (value === undefined || (typeof value === 'string' && value !== '')) return undefined;
    return wrong(claim, 'is not a text, or is empty');
  };
}

/** RFC 9068 §2.2.3 wants one text. It may be empty. */
const scope: ClaimRule = (claims, { allowsScopeList }) => {
  const value = claims.scope;
  if (value === undefined || typeof value === 'string') return undefined;
  if (!allowsScopeList) return wrong('scope', 'is not a text');
  return Array.isArray(value) && value.every((member) => typeof member === 'string')
    ? undefined
    : wrong('scope', 'is neither a text nor a list of texts');
};

const expired: ClaimRule = (claims, policy, now) => {
  if (!isTime(claims.exp) || !policy.verifyClaims.includes('exp') || now < claims.exp + policy.clockTolerance)
    return undefined;
  return { code: 'ERR_TOKEN_EXPIRED', claim: 'exp', message: 'The access token expired' };
};

const notYetValid: ClaimRule = (claims, policy, now) => {
  if (
    !isTime(claims.nbf) ||
    !policy.verifyClaims.includes('nbf') ||
    now >= claims.nbf - policy.clockTolerance
  )
    return undefined;
  return { code: 'ERR_TOKEN_NOT_YET_VALID', claim: 'nbf', message: 'The access token is not valid yet' };
};

const issuedInFuture: ClaimRule = (claims, policy, now) => {
  if (
    !isTime(claims.iat) ||
    !policy.verifyClaims.includes('iat') ||
    now >= claims.iat - policy.clockTolerance
  )
    return undefined;
  return wrong('iat', 'is in the future');
};

const expAfterIat: ClaimRule = ({ exp, iat }) =>
  isTime(exp) && isTime(iat) && !(exp > iat) ? wrong('exp', 'is not after iat') : undefined;

/** Key retirement and the list of ended sessions count on no token living longer than this. */
const tooLong: ClaimRule = ({ exp, iat }, policy, now) => {
  if (isTime(exp)) {
    const issuedAt = isTime(iat) ? iat : now + policy.clockTolerance;
    return exp - issuedAt <= policy.maxTokenTtl
      ? undefined
      : wrong('exp', 'is further away than maxTokenTtl');
  }
  if (exp !== undefined || !isTime(iat) || !policy.verifyClaims.includes('exp')) return undefined;
  // Without exp, where that is allowed, the token ends when the longest-lived one of its age would.
  if (now < iat + policy.maxTokenTtl + policy.clockTolerance) return undefined;
  return { code: 'ERR_TOKEN_EXPIRED', claim: 'exp', message: 'The access token expired' };
};

const issuer: ClaimRule = ({ iss }, { issuers }) => {
  if (iss === undefined) return issuers.length === 0 ? undefined : wrong('iss', 'is missing');
  if (typeof iss !== 'string') return wrong('iss', 'is not a text');
  return issuers.every((accepted) => iss === accepted)
    ? undefined
    : wrong('iss', 'is not the expected issuer');
};

const audience: ClaimRule = ({ aud }, policy) => {
  if (aud === undefined) return policy.audience ? wrong('aud', 'is missing') : undefined;
  const members: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (!members.every((member) => typeof member === 'string'))
    return wrong('aud', 'is neither a text nor a list of texts');
  return !policy.audience || policy.audience.some((accepted) => members.includes(accepted))
    ? undefined
    : wrong('aud', 'does not name an audience of this service');
};

const exactClaims: ClaimRule = (claims, policy) => {
  for (const [name, value] of policy.exactClaims) {
    if (!Object.hasOwn(claims, name)) return wrong(name, 'is missing');
    if (claims[name] !== value) return wrong(name, 'does not have the expected value');
  }
  return undefined;
};

/** RFC 7800 §3: whoever ignores `cnf` accepts a token from somebody who cannot prove to own its key. */
const senderConstrained: ClaimRule = ({ cnf }) =>
  cnf === undefined ? undefined : wrong('cnf', 'binds it to a key: it is no bearer token');

/** What a token either is or is not. */
const FORM_RULES: readonly ClaimRule[] = [
  timeRule('exp'),
  timeRule('nbf'),
  timeRule('iat'),
  timeRule('auth_time'),
  textRule('sub'),
  textRule('jti'),
  textRule('client_id'),
  textRule('sid'),
  scope,
  expAfterIat,
  senderConstrained,
];

/** What depends on the time or the policy. */
const POLICY_RULES: readonly ClaimRule[] = [
  expired,
  notYetValid,
  issuedInFuture,
  tooLong,
  issuer,
  audience,
  exactClaims,
];

const ALL_RULES = [...FORM_RULES, ...POLICY_RULES];
