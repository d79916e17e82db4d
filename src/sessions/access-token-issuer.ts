import type { SigningReservation } from '../tokens/signing-reservation.js';

/** Where sessions get their access tokens from. A port: behind it is the issuer, and behind that the private key. */
export abstract class AccessTokenIssuer {
  /**
   * Takes a signing slot, before anything else is touched: a busy signer must not cost anybody a refresh token.
   *
   * @throws SignerBusyError
   * @throws VerifyOnlyError in a service without a private key.
   */
  abstract reserve(): SigningReservation;
}
