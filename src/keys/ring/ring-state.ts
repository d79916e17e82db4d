import type { VerificationKey } from '../verification-key.js';
import type { HeldKey, UsableKey } from './held-key.js';
import { activeOf, lifeOf, stateOf, type KeyState, type LivingKey } from './key-life.js';
import type { RingKey } from './key-ring.js';

/** What a ring is at one moment, derived from its keys, a policy and the time. */
export interface RingState {
  readonly active: UsableKey | undefined;
  /** The newest at the head. */
  readonly keys: readonly RingKey[];
  /** The newest at the head. */
  readonly verifying: readonly VerificationKey[];
  /** Unix seconds between which it stays like this. */
  readonly since: number;
  readonly until: number;
}

export const EMPTY_RING: RingState = {
  active: undefined,
  keys: [],
  verifying: [],
  since: Number.POSITIVE_INFINITY,
  until: Number.NEGATIVE_INFINITY,
};

/** The keys that a ring is derived from. */
export interface RingKeys {
  /** All that can sign or verify. A key that is revoked can do neither. */
  readonly usable: readonly UsableKey[];
  /** Revoked after they had begun: what they followed is not to live on because of that. */
  readonly ended: readonly LivingKey[];
}

/** @param revoked - when each key was, by kid. Unix seconds. */
export function ringKeysOf(held: readonly HeldKey[], revoked: ReadonlyMap<string, number>): RingKeys {
  return {
    usable: held.filter(
      (one): one is UsableKey => one.key !== undefined && one.revokedAt(revoked) === undefined,
    ),
    ended: held.filter((one) => one.hasEnded(revoked)),
  };
}

/** @param retention - seconds for which a key verifies after it stopped signing. */
export function ringStateOf({ usable, ended }: RingKeys, retention: number, now: number): RingState {
  const active = activeOf(usable, ended, now);
  const newestFirst = usable.toSorted((a, b) => (a.signsFrom > b.signsFrom ? -1 : 1));
  const keys = newestFirst.map((held) => describe(held, [...usable, ...ended], { retention, now, active }));
  const verifying = newestFirst
    .filter((_, index) => keys[index]!.state !== 'retired')
    .map(({ key }) => key.verificationKey);
  const ahead = keys
    .flatMap(({ signsFrom, signsUntil, verifiesUntil }) => [signsFrom, signsUntil, verifiesUntil])
    .filter((time) => time > now);
  return {
    active,
    keys,
    // A key may be there under two names.
    verifying: [...new Map(verifying.map((key) => [key.kid, key])).values()],
    since: now,
    until: Math.min(...ahead),
  };
}

interface Moment {
  readonly retention: number;
  readonly now: number;
  readonly active: UsableKey | undefined;
}

function describe(held: UsableKey, keys: readonly LivingKey[], { retention, now, active }: Moment): RingKey {
  const life = lifeOf(held, keys, retention);
  const { kid, bits } = held.key.verificationKey;
  const derived = stateOf(life, now);
  // One key signs. Another whose time has come, and that may not begin or has no private half here, verifies.
  const state: KeyState = derived === 'active' && active && held !== active ? 'retiring' : derived;
  return { kid, bits, state, name: held.name, canSign: held.canSign, ...life };
}
