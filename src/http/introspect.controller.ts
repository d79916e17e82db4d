import { Controller, Inject, Req, Res, type Type } from '@nestjs/common';
import { Auth } from '../auth/auth.decorator.js';
import type { OriginRequest } from '../auth/origin-policy.js';
import { authenticationOf } from '../auth/principal.js';
import { IntrospectionDeniedError } from '../errors/endpoint-errors.js';
import { TokenMissingError } from '../errors/token-errors.js';
import type { RequestVerifier } from '../tokens/request-verifier.js';
import { TokenVerifier } from '../tokens/token-verifier.js';
import { acceptedClaims } from './accepted-claims.js';
import { EndpointAnswers } from './endpoint-answers.service.js';
import { PostEndpoint } from './post-endpoint.decorator.js';
import { RequestFields, type BodyRequest } from './request-fields.js';
import { ENDPOINT_OPTIONS, type ResolvedEndpointOptions } from './resolve-endpoint-options.js';
import type { EndpointRoute } from './resolve-routes.js';

/** All that is said of a token that would not be accepted here, from wherever it may be (RFC 7662 §2.2). */
const INACTIVE = { active: false };

/** `POST introspect` (RFC 7662), for access tokens: what a resource server would find out by verifying. */
export function makeIntrospectController(base: string, route: EndpointRoute): Type {
  @Controller(base)
  class IntrospectController {
    constructor(
      @Inject(TokenVerifier) private readonly verifier: RequestVerifier,
      @Inject(EndpointAnswers) private readonly answers: EndpointAnswers,
      @Inject(ENDPOINT_OPTIONS) private readonly options: ResolvedEndpointOptions,
    ) {}

    @Auth()
    @PostEndpoint(route)
    introspect(
      @Req() request: BodyRequest & OriginRequest,
      @Res({ passthrough: true }) response: object,
    ): Promise<object> {
      return this.answers.answer(request, response, async () => {
        await this.assertMayAsk(request);
        const claims = await acceptedClaims(RequestFields.of(request).token('token'), this.verifier);
        return claims ? Object.assign({}, claims, { active: true, token_type: 'Bearer' }) : INACTIVE;
      });
    }

    private async assertMayAsk(request: object): Promise<void> {
      const authentication = authenticationOf(request);
      if (!authentication) throw new TokenMissingError();
      // Exactly true: what a hook forgot to wait for is no permission.
      const isAllowed: unknown = await this.options.mayIntrospect(authentication.principal, request);
      if (isAllowed !== true) throw new IntrospectionDeniedError();
    }
  }
  return IntrospectController;
}
