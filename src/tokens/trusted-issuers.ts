import { TokenClaimError } from '../errors/token-errors.js';
import type { AccessTokenClaims } from './claims.js';
import { parseClaims, splitCompactJws } from './compact-jws.js';
import type { RequestVerifier } from './request-verifier.js';
import type { TokenVerifier, VerifyOptions } from './token-verifier.js';

/**
 * Verifies the tokens of several issuers, each with a verifier of its own: keys, cache and demands of one issuer are
 * out of another's reach.
 *
 * `iss` is read before the signature is verified, strictly and for nothing but to pick the verifier, by exact
 * comparison with the issuers of the configuration. That verifier then starts from the text of the token and trusts
 * nothing that was read here; it demands that `iss` again, of the claims under the signature.
 */
export class TrustedIssuers implements RequestVerifier {
  readonly #byIssuer: ReadonlyMap<unknown, TokenVerifier>;
  readonly #verifiers: readonly TokenVerifier[];
  readonly #maxTokenLength: number;

  /**
   * @param byIssuer - the verifier of each issuer, which demands that issuer.
   * @param maxTokenLength - characters; a longer token is refused before anything is parsed.
   */
  constructor(byIssuer: ReadonlyMap<string, TokenVerifier>, maxTokenLength: number) {
    this.#byIssuer = byIssuer;
    this.#verifiers = [...byIssuer.values()];
    this.#maxTokenLength = maxTokenLength;
  }

  /**
   * @throws TokenClaimError `ERR_TOKEN_CLAIM` where `iss` is missing or names no issuer that is trusted here.
   * @see TokenVerifier.verify
   */
  async verify<T extends object = object>(
    token: string,
    options?: VerifyOptions,
  ): Promise<AccessTokenClaims & T> {
    return this.#verifierFor(token).verify<T>(token, options);
  }

  /** @see TokenVerifier.accept */
  accept(token: string): AccessTokenClaims | Promise<AccessTokenClaims> {
    return this.verify === OWN_VERIFY ? this.#verifierFor(token).accept(token) : this.verify(token);
  }

  #verifierFor(token: string): TokenVerifier {
    return this.#verifiers.find((verifier) => verifier.remembers(token)) ?? this.#pick(token);
  }

  #pick(token: string): TokenVerifier {
    const { payload } = splitCompactJws(token, this.#maxTokenLength);
    const { iss } = parseClaims(payload);
    const verifier = this.#byIssuer.get(iss);
    if (verifier) return verifier;
    throw refuse(faultOf(iss));
  }
}

// eslint-disable-next-line @typescript-eslint/unbound-method -- it is compared, never called
const OWN_VERIFY = TrustedIssuers.prototype.verify;

function faultOf(iss: unknown): string {
  if (iss === undefined) return 'is missing';
  return typeof iss === 'string' ? 'is not an issuer that is trusted here' : 'is not a text';
}

function refuse(fault: string): TokenClaimError {
  const message = `The claim iss of the access token ${fault}`;
  return new TokenClaimError({ claim: 'iss', message }, [{ code: 'ERR_TOKEN_CLAIM', claim: 'iss', message }]);
}
