import { Controller, Inject, Req, Res, type Type } from '@nestjs/common';
import { Public } from '../auth/public.decorator.js';
import { EndpointAnswers } from './endpoint-answers.service.js';
import { Logins, type Credentials } from './login.service.js';
import { PostEndpoint } from './post-endpoint.decorator.js';
import { RefreshTokenTransport, type RoutedRequest } from './refresh-token-transport.service.js';
import { RequestFields } from './request-fields.js';
import { ENDPOINT_OPTIONS, type ResolvedEndpointOptions } from './resolve-endpoint-options.js';
import type { EndpointRoute } from './resolve-routes.js';

/** `POST login`: from a username and a password to a session. */
export function makeLoginController(base: string, route: EndpointRoute): Type {
  @Controller(base)
  class LoginController {
    constructor(
      @Inject(Logins) private readonly logins: Logins,
      @Inject(RefreshTokenTransport) private readonly transport: RefreshTokenTransport,
      @Inject(EndpointAnswers) private readonly answers: EndpointAnswers,
      @Inject(ENDPOINT_OPTIONS) private readonly options: ResolvedEndpointOptions,
    ) {}

    @Public()
    @PostEndpoint(route)
    login(@Req() request: RoutedRequest, @Res({ passthrough: true }) response: object): Promise<unknown> {
      return this.answers.answer(request, response, async () => {
        const { identity, tokens } = await this.logins.start(this.read(request), request);
        const answered = this.transport.hand(tokens, request, response);
        return this.options.respond(answered, { endpoint: 'login', identity, request });
      });
    }

    private read(request: RoutedRequest): Credentials {
      const fields = RequestFields.of(request);
      fields.assertGrantType('password');
      return {
        username: fields.credential(route.usernameField),
        password: fields.credential(route.passwordField),
      };
    }
  }
  return LoginController;
}
