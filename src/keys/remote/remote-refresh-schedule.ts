import type { RemoteKeyPolicy } from './remote-key-policy.js';

/** What a response says of its age, as it says it. */
export interface CacheHeaders {
  readonly cacheControl: string | undefined;
  readonly age: string | undefined;
}

/** Of a directive without the white space around it. No two runs of white space may meet: that takes quadratic time. */
const DIRECTIVE = /^([\w-]+)(?:\s*=\s*"?(\d+)"?)?$/;

/**
 * Seconds for which a response is fresh (RFC 9111 §4.2.1), within the bounds of the policy. `no-store`, `no-cache` and
 * `max-age=0` want it to be asked for each time, which no request can wait for; frameworks send them with everything.
 * They count as silence, and so does what cannot be read.
 */
export function freshFor({ cacheControl, age }: CacheHeaders, policy: RemoteKeyPolicy): number {
  const maxAge = readMaxAge(cacheControl);
  if (maxAge === undefined) return Math.min(policy.defaultMaxAge, policy.maxStale);
  // A shared cache in between had it for so long already (RFC 9111 §5.1).
  const left = maxAge - (/^\d+$/.test(age ?? '') ? deltaSeconds(age) : 0);
  return Math.min(Math.max(left, policy.shortestMaxAge), policy.longestMaxAge, policy.maxStale);
}

function readMaxAge(cacheControl = ''): number | undefined {
  let maxAge: number | undefined;
  for (const directive of cacheControl.split(',')) {
    const [, name = '', value] = DIRECTIVE.exec(directive.trim()) ?? [];
    if (/^no-(store|cache)$/i.test(name)) return undefined;
    // The first of several counts.
    if (/^max-age$/i.test(name) && value !== undefined) maxAge ??= deltaSeconds(value);
  }
  return maxAge === 0 ? undefined : maxAge;
}

/** What is too large for a number is 2^31 (RFC 9111 §1.2.2), or one infinity would be taken from another. */
function deltaSeconds(digits: string | undefined): number {
  return Math.min(Number(digits), 2 ** 31);
}

/**
 * Milliseconds after which a set that is fresh for so many seconds is fetched again: a good part of its time, so that
 * there is some left to try again in, and not at the same moment in every process.
 *
 * @param chance - from 0 to 1.
 */
export function refreshAfter(freshSeconds: number, chance: number): number {
  return freshSeconds * 1000 * (0.75 + 0.15 * chance);
}

/**
 * Milliseconds from a failure to the next attempt.
 *
 * @param failures - how many there were in a row, this one included.
 * @param chance - from 0 to 1.
 */
export function retryAfter(failures: number, policy: RemoteKeyPolicy, chance: number): number {
  const doubled = policy.firstRetry * 2 ** Math.min(failures - 1, 30);
  return Math.min(doubled, policy.longestRetry) * 1000 * (1 + 0.5 * chance);
}
