import { OptionError } from '../../errors/developer-errors.js';
import type { JwkSetCaching } from '../jwk-set-caching.js';

/** What decides how long keys live. Times are in seconds. */
export interface RotationPolicy extends JwkSetCaching {
  readonly maxTokenTtl: number;
  readonly notBefore: number;
  readonly clockTolerance: number;
  /** Whether, and how often, a new key is made by itself. Undefined: never. */
  readonly every: number | undefined;
}

/** Verifiers that ignore Cache-Control commonly ask again after some minutes. */
export const SHORTEST_LEAD = 900;

/** Until a new file is on the disk and every instance has looked at the folder. Seconds. */
export const SETTLING = 5;

/** More keys than consumers of a JWK Set have to take. */
const MOST_KEYS = 50;

/** For how long a key is published before it signs, so that everybody who verifies has it by then. Seconds. */
export function leadOf({ maxAge, staleWhileRevalidate }: RotationPolicy): number {
  return Math.max(SHORTEST_LEAD, maxAge + staleWhileRevalidate);
}

/** The first moment from which a key that is made at `now` may sign. Unix seconds, whole ones. */
export function soonestStart(policy: RotationPolicy, now: number): number {
  return Math.ceil(now + leadOf(policy) + SETTLING);
}

/** For how long a key still verifies after it stopped signing, so that whatever it signed has expired. Seconds. */
export function retentionOf({ maxTokenTtl, notBefore, clockTolerance, maxAge }: RotationPolicy): number {
  return maxTokenTtl + notBefore + clockTolerance + maxAge;
}

/** How `leadOf` comes about, for messages. */
export function leadSum(policy: RotationPolicy): string {
  const { maxAge, staleWhileRevalidate } = policy;
  const sum = `maxAge ${maxAge} s + staleWhileRevalidate ${staleWhileRevalidate} s`;
  return `max(${SHORTEST_LEAD} s, ${sum}) = ${leadOf(policy)} s`;
}

/** How `retentionOf` comes about, for messages. */
export function retentionSum(policy: RotationPolicy): string {
  const { maxTokenTtl, notBefore, clockTolerance, maxAge } = policy;
  const sum = `maxTokenTtl ${maxTokenTtl} s + notBefore ${notBefore} s + clockTolerance ${clockTolerance} s + maxAge ${maxAge} s`;
  return `${sum} = ${retentionOf(policy)} s`;
}

/**
 * Refuses a policy that cannot be kept, with the arithmetic.
 *
 * @throws OptionError `ERR_OPTION_ROTATION`
 */
export function assertRotationPolicy(policy: RotationPolicy): void {
  const { every } = policy;
  if (every === undefined) return;
  const lead = leadOf(policy);
  if (every < 2 * lead) {
    throw new OptionError(
      'ERR_OPTION_ROTATION',
      `rotation.every (${every} s) is too short: a key is published ${leadSum(policy)} before it signs, so the least is twice ` +
        `that, ${2 * lead} s. Rotate less often, or shorten jwksCache.`,
    );
  }
  const keys = Math.ceil((lead + retentionOf(policy)) / every) + 1;
  if (keys <= MOST_KEYS) return;
  throw new OptionError(
    'ERR_OPTION_ROTATION',
    `rotation.every (${every} s) would keep ${keys} keys published at once: a key verifies for ${retentionSum(policy)} after it ` +
      `stopped signing, and ${leadSum(policy)} before it begins. At most ${MOST_KEYS} keys are sensible: rotate less often, or ` +
      'lower maxTokenTtl.',
  );
}
