import type { KeyRing } from '../keys/key-ring.js';

/** The one line that says at boot what this service is: its issuer, its key, and whether it signs. */
export function bootLine(issuer: string | undefined, { keys }: KeyRing): string {
  const inUse = keys.filter(({ state }) => state !== 'retired');
  const active = inUse.find(({ state }) => state === 'active') ?? inUse[0];
  const role = inUse.some(({ canSign }) => canSign) ? 'signs and verifies' : 'verifies only';
  const others = inUse.length > 1 ? `, and ${inUse.length - 1} more that verify` : '';
  return `${role}: issuer ${issuer ?? '(none)'}, kid ${active?.kid}, ${active?.bits} bits${others}`;
}
