import { leadOf, soonestStart, type RotationPolicy } from './rotation-policy.js';

/**
 * From when the next key should sign that is due to be made now, by a calendar that every instance has in common: a
 * period begins at each multiple of `every`, counted from 1970. The key of the next period is made two leads ahead;
 * where nobody was there to make it, a late one begins as soon as it has been published for a lead, at a step of a lead
 * after the beginning of its period. So instances whose clocks differ a little come to the same name.
 *
 * @param newest - Unix seconds from which the newest key that signs does, upcoming ones too.
 * @returns Unix seconds, or undefined when no key is due.
 */
export function nextRotation(newest: number, policy: RotationPolicy, now: number): number | undefined {
  const { every } = policy;
  if (every === undefined) return undefined;
  const lead = leadOf(policy);
  const current = Math.floor(now / every) * every;
  const period = now >= current + every - 2 * lead ? current + every : current;
  if (newest >= period) return undefined;
  const steps = Math.max(0, Math.ceil((soonestStart(policy, now) - period) / lead));
  return Math.ceil(period + steps * lead);
}

/** From when the first key of an empty folder signs: since the present period began, so at once. */
export function firstRotation({ every }: RotationPolicy, now: number): number {
  return Math.floor(Math.floor(now / every!) * every!);
}
