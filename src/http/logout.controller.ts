import { Controller, HttpStatus, Inject, Req, Res, type Type } from '@nestjs/common';
import { Public } from '../auth/public.decorator.js';
import { SessionService } from '../sessions/session.service.js';
import { EndpointAnswers } from './endpoint-answers.service.js';
import { PostEndpoint } from './post-endpoint.decorator.js';
import { RefreshTokenTransport, type RoutedRequest } from './refresh-token-transport.service.js';
import type { EndpointRoute } from './resolve-routes.js';

/** `POST logout`: ends the session of a refresh token. Whether there was one, it does not say. */
export function makeLogoutController(base: string, route: EndpointRoute): Type {
  @Controller(base)
  class LogoutController {
    constructor(
      @Inject(SessionService) private readonly sessions: SessionService,
      @Inject(RefreshTokenTransport) private readonly transport: RefreshTokenTransport,
      @Inject(EndpointAnswers) private readonly answers: EndpointAnswers,
    ) {}

    @Public()
    @PostEndpoint(route, HttpStatus.NO_CONTENT)
    logout(@Req() request: RoutedRequest, @Res({ passthrough: true }) response: object): Promise<void> {
      return this.answers.answer(request, response, async () => {
        const presented = this.transport.read(request);
        if (presented !== undefined) await this.sessions.endByRefreshToken(presented);
        // Only now: had the store failed, a second try would still have the token.
        this.transport.forget(request, response);
      });
    }
  }
  return LogoutController;
}
