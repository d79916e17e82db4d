import { Controller, Inject, Req, Res, type Type } from '@nestjs/common';
import { Public } from '../auth/public.decorator.js';
import { RequestMalformedError } from '../errors/endpoint-errors.js';
import { RefreshTokenError } from '../errors/session-errors.js';
import { SessionService } from '../sessions/session.service.js';
import type { TokenResponse } from '../sessions/token-response.js';
import { EndpointAnswers } from './endpoint-answers.service.js';
import { PostEndpoint } from './post-endpoint.decorator.js';
import { RefreshTokenTransport, type RoutedRequest } from './refresh-token-transport.service.js';
import { RequestFields } from './request-fields.js';
import { ENDPOINT_OPTIONS, type ResolvedEndpointOptions } from './resolve-endpoint-options.js';
import type { EndpointRoute } from './resolve-routes.js';

/** `POST refresh`: the next tokens for a refresh token (RFC 6749 §6). */
export function makeRefreshController(base: string, route: EndpointRoute): Type {
  @Controller(base)
  class RefreshController {
    constructor(
      @Inject(SessionService) private readonly sessions: SessionService,
      @Inject(RefreshTokenTransport) private readonly transport: RefreshTokenTransport,
      @Inject(EndpointAnswers) private readonly answers: EndpointAnswers,
      @Inject(ENDPOINT_OPTIONS) private readonly options: ResolvedEndpointOptions,
    ) {}

    @Public()
    @PostEndpoint(route)
    refresh(@Req() request: RoutedRequest, @Res({ passthrough: true }) response: object): Promise<unknown> {
      return this.answers.answer(request, response, async () => {
        const tokens = await this.rotate(request, response);
        const answered = this.transport.hand(tokens, request, response);
        return this.options.respond(answered, { endpoint: 'refresh', identity: undefined, request });
      });
    }

    private async rotate(request: RoutedRequest, response: object): Promise<TokenResponse> {
      RequestFields.of(request).assertGrantType('refresh_token');
      const presented = this.transport.read(request);
      if (presented === undefined) throw new RequestMalformedError('The request has no refresh token');
      try {
        return await this.sessions.refresh(presented);
      } catch (error) {
        if (error instanceof RefreshTokenError) this.transport.forget(request, response);
        throw error;
      }
    }
  }
  return RefreshController;
}
