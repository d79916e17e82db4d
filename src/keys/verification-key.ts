import { createVerify, type KeyObject } from 'node:crypto';
import { thumbprint } from './key-id.js';

/** A public key as a JWK (RFC 7517 §4, RFC 7518 §6.3.1). */
export interface PublicJwk {
  readonly kty: 'RSA';
  readonly n: string;
  readonly e: string;
  readonly kid: string;
  readonly alg: 'RS256';
  readonly use: 'sig';
}

/** An RSA public key in its role: it verifies RS256 signatures (RFC 7518 §3.3), and can do nothing else. */
export class VerificationKey {
  readonly kid: string;
  /** Length of the modulus. */
  readonly bits: number;
  /** Octets in every signature of this key: the length of the modulus (RFC 8017 §8.2.2, step 1). */
  readonly signatureLength: number;
  readonly #key: KeyObject;

  /** @param key - A public RSA key that `assertRsaStrength` accepted. */
  constructor(key: KeyObject, kid: string = thumbprint(key)) {
    this.#key = key;
    this.kid = kid;
    this.bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    this.signatureLength = Math.ceil(this.bits / 8);
  }

  /**
   * Whether `signature` is this key's RS256 signature of `message` (a text is ASCII: a JWS signing input).
   *
   * `createVerify` and not the one-shot `verify`: it takes the text without a copy and is a little faster.
   */
  verify(message: string | Uint8Array, signature: Uint8Array): boolean {
    const verifier = createVerify('sha256');
    if (typeof message === 'string') verifier.update(message, 'latin1');
    else verifier.update(message);
    return verifier.verify(this.#key, signature);
  }

  /** Whether both are the same RSA key under the same kid. */
  equals(other: VerificationKey): boolean {
    return this.kid === other.kid && this.#key.equals(other.#key);
  }

  /** Whether both are the same RSA key, whatever their kids. */
  isSameKey(other: KeyObject): boolean {
    return this.#key.equals(other);
  }

  /** The key as a JWK: these members and no others, all of them public. */
  toJwk(): PublicJwk {
    const { n, e } = this.#key.export({ format: 'jwk' }) as { n: string; e: string };
    return { kty: 'RSA', n, e, kid: this.kid, alg: 'RS256', use: 'sig' };
  }
}
