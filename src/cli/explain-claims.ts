import { TokenClaimsError, type ClaimViolation } from '../errors/token-errors.js';
import { assertClaims, type ClaimPolicy } from '../tokens/claim-rules.js';
import type { JsonObject } from '../tokens/strict-json.js';
import { formatInstant, formatSpan } from '../time/time-text.js';

/** What is to be said of one claim. */
export interface ClaimVerdict {
  readonly claim: string;
  /** `unchecked`: nothing depends on it, or nothing was given to compare it with. */
  readonly verdict: 'ok' | 'refused' | 'unchecked';
  readonly note: string;
}

/** Longer than this, nobody's clock is wrong. Seconds. */
const CLOCK_DOUBT = 86_400;

const MOST_SECONDS = 8.64e12;

/** Measures claims by the rules of the verifier, and puts each verdict into words. */
export function explainClaims(claims: JsonObject, policy: ClaimPolicy, now: number): readonly ClaimVerdict[] {
  const violations = violationsOf(claims, policy, now);
  const missing = violations.map(({ claim }) => claim).filter((claim) => !Object.hasOwn(claims, claim));
  const names = new Set([...Object.keys(claims), ...missing]);
  return Array.from(names, (claim) => {
    const violation = violations.find((one) => one.claim === claim);
    const words = wordsOf(claim, claims[claim], policy, now);
    if (violation) return { claim, verdict: 'refused', note: refusalOf(violation, words) };
    return { claim, verdict: isChecked(claim, policy) ? 'ok' : 'unchecked', note: words };
  });
}

function violationsOf(claims: JsonObject, policy: ClaimPolicy, now: number): readonly ClaimViolation[] {
  try {
    assertClaims(claims, policy, now);
    return [];
  } catch (error) {
    if (error instanceof TokenClaimsError) return error.violations;
    throw error;
  }
}

/** Of a time that is over, or still to come, the words say more than the rule does. */
function refusalOf({ code, claim, message }: ClaimViolation, words: string): string {
  const isTime = code !== 'ERR_TOKEN_CLAIM' || message.endsWith('is in the future');
  const sentence = message.replace(`The claim ${claim} of the access token `, '');
  return isTime || words === '' ? words || sentence : `${sentence} (${words})`;
}

const CHECKED = new Set(['exp', 'nbf', 'iat', 'auth_time', 'sub', 'jti', 'client_id', 'sid', 'scope', 'cnf']);

function isChecked(claim: string, policy: ClaimPolicy): boolean {
  if (claim === 'iss') return policy.issuers.length > 0;
  if (claim === 'aud') return policy.audience !== undefined;
  return CHECKED.has(claim) || policy.requiredClaims.includes(claim);
}

function wordsOf(claim: string, value: unknown, policy: ClaimPolicy, now: number): string {
  if (claim === 'iss' && policy.issuers.length === 0) return 'not compared: give --issuer';
  if (claim === 'aud' && policy.audience === undefined) return 'not compared: give --audience';
  if (typeof value !== 'number' || !Object.hasOwn(TIMES, claim)) return '';
  if (!(Math.abs(value) < MOST_SECONDS)) return '';
  const words = TIMES[claim as keyof typeof TIMES](value - now, policy.clockTolerance);
  return `${formatInstant(value)}: ${words}`;
}

/** Each from the span until that time, negative when it is over. */
const TIMES = {
  exp: (until: number, tolerance: number): string =>
    until > 0
      ? `expires in ${formatSpan(until)}`
      : `expired ${formatSpan(until)} ago${doubt(-until, tolerance)}`,
  nbf: (until: number, tolerance: number): string =>
    until <= 0
      ? `valid since ${formatSpan(until)} ago`
      : `not valid for another ${formatSpan(until)}${doubt(until, tolerance, true)}`,
  iat: (until: number, tolerance: number): string =>
    until <= 0
      ? `issued ${formatSpan(until)} ago`
      : `issued ${formatSpan(until)} in the future${doubt(until, tolerance, true)}`,
  auth_time: (until: number): string =>
    until <= 0 ? `${formatSpan(until)} ago` : `${formatSpan(until)} in the future`,
} as const;

/** @param isInclusive - whether the tolerance itself is within it: `exp` ends when it has passed. */
function doubt(excess: number, tolerance: number, isInclusive = false): string {
  if (excess < tolerance || (isInclusive && excess === tolerance))
    return `, within the tolerance of ${tolerance} s`;
  const question = excess < CLOCK_DOUBT ? ": is this machine's clock right?" : '';
  return `, tolerance ${tolerance} s${question}`;
}
