import { Injectable } from '@nestjs/common';
import type { AccessTokenClaims } from '../tokens/claims.js';
import { decodeUnverified, type UnverifiedToken } from '../tokens/decode-unverified.js';
import type { IssueOptions, TokenClaimsInput, TokenIssuer } from '../tokens/token-issuer.js';
import type { TokenVerifier, VerifyOptions } from '../tokens/token-verifier.js';

/**
 * Issues access tokens with the private key and verifies them with the public key.
 *
 * @example
 * ```ts
 * import { Inject, Injectable } from '@nestjs/common';
 * import { TokenService } from 'nestjs-jwt-rs256';
 *
 * @Injectable()
 * export class LoginService {
 *   constructor(@Inject(TokenService) private readonly tokens: TokenService) {}
 *
 *   async login(userId: string) {
 *     return { access_token: await this.tokens.issue({ sub: userId }), token_type: 'Bearer', expires_in: 300 };
 *   }
 * }
 * ```
 */
@Injectable()
export class TokenService {
  constructor(
    private readonly verifier: Pick<TokenVerifier, 'verify'>,
    private readonly issuer: Pick<TokenIssuer, 'issue'>,
    private readonly maxTokenLength: number,
  ) {}

  /**
   * Issues an access token (RFC 9068). `iat nbf exp jti iss aud` and the header `alg typ kid` are stamped, and
   * refused in `claims`. All else in `claims` is the application's word, `sub` above all: do not take it from a request.
   *
   * @param claims - plain JSON; `sub` is a text.
   * @returns a compact JWS (RFC 7515 §7.1).
   * @throws VerifyOnlyError `ERR_VERIFY_ONLY` in a service without a private key.
   * @throws OptionError `ERR_OPTION_CLAIM`, `ERR_OPTION_HEADER`, `ERR_OPTION_TTL`, `ERR_OPTION_DURATION`,
   * `ERR_OPTION_INVALID`.
   * @throws SignerBusyError when `maxPendingSignatures` are under way (503).
   */
  async issue(claims: TokenClaimsInput, options?: IssueOptions): Promise<string> {
    return this.issuer.issue(claims, options);
  }

  /**
   * Verifies the signature and claims of an access token (RFC 7519 §7.2).
   *
   * @returns its claims, deep-frozen.
   * @throws TokenError with `fault: 'caller'` when the token is not acceptable; a handler may let it out (401).
   * @throws KeysUnavailableError with `fault: 'server'` when no key can be had right now (503).
   */
  async verify<T extends object = object>(
    token: string,
    options?: VerifyOptions,
  ): Promise<AccessTokenClaims & T> {
    return this.verifier.verify<T>(token, options);
  }

  /**
   * Takes a token apart without verifying it: anybody can have written what it says. To look at, never to decide.
   *
   * @throws TokenMalformedError
   */
  decodeUnverified(token: string): UnverifiedToken {
    return decodeUnverified(token, this.maxTokenLength);
  }
}
