import type { PublishedKeys } from './published-keys.js';
import type { PublicJwk } from './verification-key.js';

/** What of a key may be in a JWK Set. All else is left out, whatever it is and wherever it came from. */
const MEMBERS = ['kty', 'n', 'e', 'kid', 'alg', 'use'] satisfies (keyof PublicJwk)[];

/** The published keys as a JWK Set (RFC 7517 §5). */
export class JwkSet {
  readonly #keys: PublishedKeys;
  #version: unknown;
  #text: string | undefined;

  constructor(keys: PublishedKeys) {
    this.#keys = keys;
  }

  /** JSON. The same string until the keys change. */
  get text(): string {
    const { version } = this.#keys;
    if (this.#text !== undefined && version === this.#version) return this.#text;
    this.#version = version;
    const keys = this.#keys.published.map((key) => key.toJwk());
    return (this.#text = JSON.stringify({ keys }, ['keys', ...MEMBERS]));
  }
}
