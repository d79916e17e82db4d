import type { KeyObject } from 'node:crypto';

/**
 * What signs tokens. A port: the local private key is one implementation, a KMS or HSM can be another, and whoever
 * holds a Signer cannot reach a private key through it.
 */
export abstract class Signer {
  /** The kid that goes into the header of what it signs. */
  abstract readonly kid: string;
  /** The public half, which verifies what it signs. */
  abstract readonly publicKey: KeyObject;
  /** The RS256 signature (RSASSA-PKCS1-v1_5 with SHA-256, RFC 7518 §3.3) of `bytes`. */
  abstract sign(bytes: Uint8Array): Promise<Buffer>;
}
