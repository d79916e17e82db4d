import { Controller, Inject, Req, Res, type Type } from '@nestjs/common';
import { Auth } from '../auth/auth.decorator.js';
import { SessionService } from '../sessions/session.service.js';
import { EndpointAnswers } from './endpoint-answers.service.js';
import { PostEndpoint } from './post-endpoint.decorator.js';
import { RefreshTokenTransport, type RoutedRequest } from './refresh-token-transport.service.js';
import { RequestFields } from './request-fields.js';
import { RequestSubjects } from './request-subject.service.js';
import type { EndpointRoute } from './resolve-routes.js';

/** `POST logout-all`: ends all sessions of the subject of the access token; with `except_current` all but its own. */
export function makeLogoutAllController(base: string, route: EndpointRoute): Type {
  @Controller(base)
  class LogoutAllController {
    constructor(
      @Inject(SessionService) private readonly sessions: SessionService,
      @Inject(RefreshTokenTransport) private readonly transport: RefreshTokenTransport,
      @Inject(RequestSubjects) private readonly subjects: RequestSubjects,
      @Inject(EndpointAnswers) private readonly answers: EndpointAnswers,
    ) {}

    @Auth()
    @PostEndpoint(route)
    logoutAll(
      @Req() request: RoutedRequest,
      @Res({ passthrough: true }) response: object,
    ): Promise<{ ended: number }> {
      return this.answers.answer(request, response, async () => {
        const isSpared = RequestFields.of(request).flag('except_current');
        const { sub, sid } = this.subjects.of(request);
        const ended = await this.sessions.endAll(
          sub,
          isSpared && sid !== undefined ? { except: sid } : undefined,
        );
        if (!isSpared) this.transport.forget(request, response);
        return { ended };
      });
    }
  }
  return LogoutAllController;
}
