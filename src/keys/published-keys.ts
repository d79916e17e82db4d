import type { VerificationKey } from './verification-key.js';

/** The verification keys that this service shows to others, in its JWK Set. A port: it knows public keys only. */
export abstract class PublishedKeys {
  /** Differs (by ===) after every change of `published`. */
  abstract readonly version: unknown;
  /** Keys that will sign, sign, or signed what may still be valid. */
  abstract readonly published: readonly VerificationKey[];
}
