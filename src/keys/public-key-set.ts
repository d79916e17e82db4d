import type { PublishedKeys } from './published-keys.js';
import type { VerificationKey } from './verification-key.js';
import { VerificationKeys } from './verification-keys.js';

/** The verification keys of this service, as others and its own verifier see them. A key ring keeps them up to date. */
export class PublicKeySet extends VerificationKeys implements PublishedKeys {
  #version = {};
  #keys: ReadonlyMap<string, VerificationKey>;

  constructor(keys: readonly VerificationKey[] = []) {
    super();
    this.#keys = byKid(keys);
  }

  override get version(): unknown {
    return this.#version;
  }

  get published(): readonly VerificationKey[] {
    return [...this.#keys.values()];
  }

  override find(kid: string | undefined): VerificationKey | undefined {
    if (kid !== undefined) return this.#keys.get(kid);
    return this.#keys.size === 1 ? this.#keys.values().next().value : undefined;
  }

  /** Puts other keys in the place of these. Where they are the same ones, nothing changes, the version neither. */
  replace(keys: readonly VerificationKey[]): void {
    const next = byKid(keys);
    const isSame =
      next.size === this.#keys.size && [...next].every(([kid, key]) => this.#keys.get(kid)?.equals(key));
    if (isSame) return;
    this.#keys = next;
    this.#version = {};
  }
}

function byKid(keys: readonly VerificationKey[]): ReadonlyMap<string, VerificationKey> {
  return new Map(keys.map((key) => [key.kid, key]));
}
