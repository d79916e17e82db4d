import type { KeyRing } from '../keys/ring/key-ring.js';
import { describeAddress } from '../keys/remote/remote-address.js';
import type { ResolvedOptions } from './resolve-options.js';
import type { ResolvedTrustedIssuer } from './resolve-trusted-issuers.js';

/** The one line that says at boot what this service is: its issuer, its key, whether it signs, and whom it trusts. */
export function bootLine(options: ResolvedOptions, { keys }: KeyRing): string {
  const inUse = keys.filter(({ state }) => state !== 'retired');
  const role = inUse.some(({ canSign }) => canSign) ? 'signs and verifies' : 'verifies only';
  const trusted = options.trustedIssuers.map((other) => `${other.issuer} (${sourceOf(other.keys)})`);
  const parts = [ownPart(options, inUse), trusted.length > 0 && `trusts ${trusted.join(', ')}`];
  return `${role}: ${parts.filter(Boolean).join('; ')}`;
}

/** Undefined in a service that only has trusted issuers. */
function ownPart(
  { verifying, keys, remoteKeys }: ResolvedOptions,
  inUse: KeyRing['keys'],
): string | undefined {
  const issuer = `issuer ${verifying.issuer ?? '(none)'}`;
  if (remoteKeys) return `${issuer}, ${sourceOf(remoteKeys)}`;
  if (!keys) return undefined;
  const active = inUse.find(({ state }) => state === 'active') ?? inUse[0];
  const others = inUse.length > 1 ? `, and ${inUse.length - 1} more that verify` : '';
  return `${issuer}, kid ${active?.kid}, ${active?.bits} bits${others}`;
}

function sourceOf(keys: ResolvedTrustedIssuer['keys']): string {
  if (!keys.source) return 'a public key';
  return 'jwksUri' in keys.source ? `keys from ${withoutQuery(keys.source.jwksUri)}` : 'keys by discovery';
}

/** What follows `?` may be secret. */
function withoutQuery(address: string): string {
  if (!URL.canParse(address)) return 'jwksUri';
  return describeAddress(new URL(address));
}
