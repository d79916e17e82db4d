import { applyDecorators, Controller, Get, Inject, Req, Res, type Type } from '@nestjs/common';
import { Auth } from '../auth/auth.decorator.js';
import { SessionService } from '../sessions/session.service.js';
import type { SessionInfo } from '../sessions/session-info.js';
import { EndpointAnswers } from './endpoint-answers.service.js';
import { RequestSubjects } from './request-subject.service.js';
import type { EndpointRoute } from './resolve-routes.js';

/** A session in the list; `current` is that of the access token. */
type ListedSession = SessionInfo & { readonly current: boolean };

/** `GET sessions`: those of the subject of the access token, for a page "where you are logged in". */
export function makeSessionsController(base: string, route: EndpointRoute): Type {
  @Controller(base)
  class SessionsController {
    constructor(
      @Inject(SessionService) private readonly sessions: SessionService,
      @Inject(RequestSubjects) private readonly subjects: RequestSubjects,
      @Inject(EndpointAnswers) private readonly answers: EndpointAnswers,
    ) {}

    @Auth()
    @Get(route.path)
    @applyDecorators(...route.decorators)
    list(
      @Req() request: object,
      @Res({ passthrough: true }) response: object,
    ): Promise<{ sessions: readonly ListedSession[] }> {
      return this.answers.answer(request, response, async () => {
        const { sub, sid } = this.subjects.of(request);
        const found = await this.sessions.list(sub);
        return { sessions: found.map((session) => ({ ...session, current: session.sid === sid })) };
      });
    }
  }
  return SessionsController;
}
