import { Controller, Inject, Req, Res, type Type } from '@nestjs/common';
import type { OriginRequest } from '../auth/origin-policy.js';
import { Public } from '../auth/public.decorator.js';
import { OptionError } from '../errors/developer-errors.js';
import { TokenTypeUnsupportedError } from '../errors/endpoint-errors.js';
import { SessionService } from '../sessions/session.service.js';
import type { AccessTokenClaims } from '../tokens/claims.js';
import { OwnIssuer } from '../tokens/own-issuer.js';
import type { RequestVerifier } from '../tokens/request-verifier.js';
import { TokenVerifier } from '../tokens/token-verifier.js';
import { acceptedClaims } from './accepted-claims.js';
import { EndpointAnswers } from './endpoint-answers.service.js';
import { PostEndpoint } from './post-endpoint.decorator.js';
import { RequestFields, type BodyRequest } from './request-fields.js';
import type { EndpointRoute } from './resolve-routes.js';

/** `POST revoke` (RFC 7009). Whoever has a token may take it back; of any other token it does not say what it was. */
export function makeRevokeController(base: string, route: EndpointRoute): Type {
  @Controller(base)
  class RevokeController {
    constructor(
      @Inject(SessionService) private readonly sessions: SessionService,
      @Inject(TokenVerifier) private readonly verifier: RequestVerifier,
      @Inject(OwnIssuer) private readonly own: OwnIssuer,
      @Inject(EndpointAnswers) private readonly answers: EndpointAnswers,
    ) {}

    @Public()
    @PostEndpoint(route)
    revoke(
      @Req() request: BodyRequest & OriginRequest,
      @Res({ passthrough: true }) response: object,
    ): Promise<void> {
      return this.answers.answer(request, response, async () => {
        const token = RequestFields.of(request).token('token');
        // The form of a token tells its kind, so the hint is not needed (RFC 7009 §2.1).
        if (await this.sessions.endByRefreshToken(token)) return;
        const claims = await acceptedClaims(token, this.verifier);
        if (claims) await this.revokeAccessToken(claims);
      });
    }

    /** A token of another issuer has to be revoked there. */
    private async revokeAccessToken(claims: AccessTokenClaims): Promise<void> {
      const { jti } = claims;
      if (jti === undefined || !this.own.hasIssued(claims)) throw new TokenTypeUnsupportedError();
      try {
        await this.sessions.revokeToken(jti);
      } catch (error) {
        // With the policy revocation: 'none' nobody would look.
        throw error instanceof OptionError ? new TokenTypeUnsupportedError() : error;
      }
    }
  }
  return RevokeController;
}
