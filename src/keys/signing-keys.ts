import type { Signer } from './signer.js';

/** Where the issuer finds who signs. A port: behind it keys rotate, and no private key can be reached through it. */
export abstract class SigningKeys {
  /**
   * Who signs now. Whoever stamps a kid and then signs asks once, for the next one asked may be another.
   *
   * @throws KeysUnavailableError when there is none right now.
   */
  abstract readonly active: Signer;
}
