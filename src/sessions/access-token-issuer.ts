import { VerifyOnlyError } from '../errors/developer-errors.js';
import type { SigningReservation } from '../tokens/signing-reservation.js';

/** Where sessions get their access tokens from. A port: behind it is the issuer, and behind that the private key. */
export abstract class AccessTokenIssuer {
  /**
   * Takes a signing slot, before anything else is touched: a busy signer must not cost anybody a refresh token.
   *
   * @throws SignerBusyError
   */
  abstract reserve(): SigningReservation;
}

/** In a service that only verifies: it learns which sessions ended, and starts and refreshes none. */
export class NoAccessTokenIssuer extends AccessTokenIssuer {
  override reserve(): never {
    throw new VerifyOnlyError();
  }
}
