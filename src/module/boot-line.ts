import type { KeyPair } from '../keys/key-pair.js';

/** The one line that says at boot what this service is: its issuer, its key, and whether it signs. */
export function bootLine(issuer: string | undefined, { signer, verificationKey }: KeyPair): string {
  const role = signer ? 'signs and verifies' : 'verifies only';
  return `${role}: issuer ${issuer ?? '(none)'}, kid ${verificationKey.kid}, ${verificationKey.bits} bits`;
}
