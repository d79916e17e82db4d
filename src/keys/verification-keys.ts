import type { VerificationKey } from './verification-key.js';

/** Where the verifier finds its keys. A port: it knows public keys only. */
export abstract class VerificationKeys {
  /** Differs (by ===) after every change of which keys verify: what was verified under another version is forgotten. */
  abstract readonly version: unknown;

  /**
   * The key with this kid, or the only key there is when the token names none (RFC 7515 §4.1.4).
   *
   * @returns undefined where no key goes with it: the token is refused with `ERR_TOKEN_KEY_UNKNOWN`.
   * @throws KeysUnavailableError when that cannot be known right now.
   */
  abstract find(kid: string | undefined): VerificationKey | undefined | Promise<VerificationKey | undefined>;
}

/** Verification keys that are known at boot and never change. */
export class FixedVerificationKeys extends VerificationKeys {
  override readonly version = 0;
  readonly #keys: ReadonlyMap<string, VerificationKey>;

  constructor(keys: readonly VerificationKey[]) {
    super();
    this.#keys = new Map(keys.map((key) => [key.kid, key]));
  }

  override find(kid: string | undefined): VerificationKey | undefined {
    if (kid !== undefined) return this.#keys.get(kid);
    return this.#keys.size === 1 ? this.#keys.values().next().value : undefined;
  }
}
