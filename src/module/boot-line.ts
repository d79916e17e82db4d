import type { KeyPair } from '../keys/key-pair.js';
import type { ResolvedOptions } from './resolve-options.js';
import type { ResolvedTrustedIssuer } from './resolve-trusted-issuers.js';

/** The one line that says at boot what this service is: its issuer, its key, whether it signs, and whom it trusts. */
export function bootLine(options: ResolvedOptions, keys: KeyPair | null): string {
  const { trustedIssuers: issuers, remoteKeys, verifying } = options;
  const own = remoteKeys ? `issuer ${verifying.issuer}, ${describe(remoteKeys)}` : ownKey(options, keys);
  const others = issuers.map(({ issuer, keys: theirs }) => `${issuer} (${describe(theirs)})`).join(', ');
  const role = keys?.signer ? 'signs and verifies' : 'verifies only';
  return [`${role}: `, own, own && others && '; ', others && `trusts ${others}`].join('');
}

function ownKey({ verifying }: ResolvedOptions, keys: KeyPair | null): string {
  if (!keys) return '';
  const { kid, bits } = keys.verificationKey;
  return `issuer ${verifying.issuer ?? '(none)'}, kid ${kid}, ${bits} bits`;
}

function describe(keys: ResolvedTrustedIssuer['keys']): string {
  if (!keys.source) return 'a public key';
  return 'jwksUri' in keys.source ? `keys from ${withoutQuery(keys.source.jwksUri)}` : 'keys by discovery';
}

/** What follows `?` may be secret. */
function withoutQuery(address: string): string {
  if (!URL.canParse(address)) return 'jwksUri';
  const { origin, pathname } = new URL(address);
  return `${origin}${pathname}`;
}
