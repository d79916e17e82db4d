import { Inject, Injectable } from '@nestjs/common';
import { OptionError } from '../errors/developer-errors.js';
import { LoginRefusedError } from '../errors/endpoint-errors.js';
import { SessionService } from '../sessions/session.service.js';
import type { TokenResponse } from '../sessions/token-response.js';
import { Authenticator } from './authenticator.js';
import { ENDPOINT_OPTIONS, type ResolvedEndpointOptions } from './resolve-endpoint-options.js';

/** A username and a password, as somebody sent them. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** From credentials to a session. */
@Injectable()
export class Logins {
  constructor(
    @Inject(Authenticator) private readonly authenticator: Authenticator,
    @Inject(SessionService) private readonly sessions: SessionService,
    @Inject(ENDPOINT_OPTIONS) private readonly options: ResolvedEndpointOptions,
  ) {
    assertAuthenticator(authenticator);
  }

  /** @throws LoginRefusedError where the authenticator knows nobody of that name and password. */
  async start(
    { username, password }: Credentials,
    request: object,
  ): Promise<{ identity: unknown; tokens: TokenResponse }> {
    const identity = await this.authenticator.authenticate(username, password, request);
    if (identity === null || identity === undefined || identity === false) throw new LoginRefusedError();
    const claims = await this.options.claims(identity, request);
    const device = this.options.device(request);
    const tokens = await this.sessions.start(claims, device ? { device } : {});
    return { identity, tokens };
  }
}

function assertAuthenticator(authenticator: Partial<Authenticator> | undefined): void {
  if (typeof authenticator?.authenticate === 'function') return;
  throw new OptionError(
    'ERR_OPTION_INVALID',
    'TokenEndpointsModule: the authenticator must have a method authenticate(username, password, request).',
  );
}
