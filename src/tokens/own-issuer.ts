import type { AccessTokenClaims } from './claims.js';

/**
 * The issuer whose sessions are kept here. A `sub`, a `sid` and a `jti` mean something to their issuer alone (RFC 7519
 * §4.1.2, §4.1.7): another one that is trusted may have given the same to somebody else, by chance or on purpose.
 */
export class OwnIssuer {
  readonly #issuer: string | undefined;

  /** @param issuer - undefined where no other is trusted: then every token that is accepted is its own. */
  constructor(issuer?: string) {
    this.#issuer = issuer;
  }

  /** Whether it issued a token that was verified. */
  hasIssued({ iss }: AccessTokenClaims): boolean {
    return this.#issuer === undefined || iss === this.#issuer;
  }
}
