import type { VerificationKey } from './verification-key.js';
import { VerificationKeys } from './verification-keys.js';

/**
 * The one key of an issuer, of which its kid is not known: a PEM has none, and the issuer stamps a kid of its own. A
 * kid only says which key to try (RFC 7515 §4.1.4), and there is one.
 */
export class OnlyVerificationKey extends VerificationKeys {
  override readonly version = 0;
  readonly #key: VerificationKey;

  constructor(key: VerificationKey) {
    super();
    this.#key = key;
  }

  override find(): VerificationKey {
    return this.#key;
  }
}
