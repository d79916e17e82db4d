import type { PublishedKeys } from './published-keys.js';
import type { VerificationKey } from './verification-key.js';
import { FixedVerificationKeys, VerificationKeys } from './verification-keys.js';

/** The verification keys of this service, as others and its own verifier see them. A key ring keeps them up to date. */
export class PublicKeySet extends VerificationKeys implements PublishedKeys {
  #published: readonly VerificationKey[];
  /** Its identity is the version. */
  #found: FixedVerificationKeys;

  constructor(keys: readonly VerificationKey[] = []) {
    super();
    this.#published = keys;
    this.#found = new FixedVerificationKeys(keys);
  }

  override get version(): unknown {
    return this.#found;
  }

  get published(): readonly VerificationKey[] {
    return this.#published;
  }

  override find(kid: string | undefined): VerificationKey | undefined {
    return this.#found.find(kid);
  }

  /** Puts other keys in the place of these. Where they are the same ones, nothing changes, the version neither. */
  replace(keys: readonly VerificationKey[]): void {
    const isSame =
      keys.length === this.#published.length &&
      keys.every((key) => this.#found.find(key.kid)?.equals(key) === true);
    if (isSame) return;
    this.#published = keys;
    this.#found = new FixedVerificationKeys(keys);
  }
}
