import { Injectable } from '@nestjs/common';
import { SessionsOffError } from '../errors/session-errors.js';
import type { SessionClaims, StartOptions } from './session-details.js';
import type { SessionEvents, SessionListener } from './session-events.js';
import type { SessionInfo } from './session-info.js';
import type { SessionPolicy } from './session-policy.js';
import type { Sessions } from './sessions.js';
import type { TokenResponse } from './token-response.js';

/**
 * Sessions that can be refreshed and ended. Configured by the option `sessions` of the module; without it every method
 * throws SessionsOffError.
 *
 * @example
 * ```ts
 * import { Body, Controller, Inject, Post } from '@nestjs/common';
 * import { Auth, CurrentUser, SessionService } from 'nestjs-jwt-rs256';
 *
 * @Controller('session')
 * export class SessionController {
 *   constructor(@Inject(SessionService) private readonly sessions: SessionService) {}
 *
 *   @Post('refresh') refresh(@Body('refresh_token') refreshToken: unknown) {
 *     return this.sessions.refresh(refreshToken);
 *   }
 *
 *   @Auth() @Post('logout') logout(@CurrentUser('sid') sid: string) {
 *     return this.sessions.end(sid);
 *   }
 * }
 * ```
 */
@Injectable()
export class SessionService {
  constructor(
    private readonly own: Sessions | undefined,
    private readonly events: SessionEvents,
  ) {}

  /**
   * Starts a session, after the application has checked credentials.
   *
   * @param claims - of its access tokens, the later ones too. Plain JSON; `sub` is whose session it is.
   * @returns RFC 6749 §5.1: `access_token`, `token_type`, `expires_in`, `refresh_token`, `scope`.
   * @throws OptionError, SignerBusyError, StoreUnavailableError, SessionsOffError
   */
  async start(claims: SessionClaims, options?: StartOptions): Promise<TokenResponse> {
    return this.sessions.start(claims, options);
  }

  /**
   * Spends a refresh token and gives the next, with a new access token. A spent one ends its session
   * (RFC 9700 §4.14.2), except that the one just spent gets the same answer again within `reuseInterval`.
   *
   * @throws RefreshTokenInvalidError (400 `invalid_grant`) for what is unknown or malformed. Nothing happens.
   * @throws RefreshTokenReusedError (400 `invalid_grant`) for a spent one.
   * @throws SignerBusyError, StoreUnavailableError (503). Trying again does no harm.
   */
  async refresh(refreshToken: unknown): Promise<TokenResponse> {
    return this.sessions.refresh(refreshToken);
  }

  /** Ends one session. @returns whether there was one. */
  async end(sid: string): Promise<boolean> {
    return this.sessions.end(sid);
  }

  /** Ends the session of a refresh token, current or spent: all that a log-out needs. @returns whether there was one. */
  async endByRefreshToken(refreshToken: unknown): Promise<boolean> {
    return this.sessions.endByRefreshToken(refreshToken);
  }

  /** Ends all sessions of a person, but `except`. One that starts afterwards lives. @returns how many there were. */
  async endAll(sub: string, options?: { except?: string }): Promise<number> {
    return this.sessions.endAll(sub, options);
  }

  /** The sessions of a person, the one that was refreshed last at the head. */
  async list(sub: string): Promise<readonly SessionInfo[]> {
    return this.sessions.list(sub);
  }

  /** Takes one access token back, by the claim `jti` of the verified token. */
  async revokeToken(jti: string): Promise<void> {
    return this.sessions.revokeToken(jti);
  }

  /** The policy that is in force, times in seconds. @throws SessionsOffError */
  get policy(): SessionPolicy {
    return this.sessions.policy;
  }

  /** Calls `listener` for each event of a session; no event holds a token. @returns ends the subscription. */
  subscribe(listener: SessionListener): () => void {
    return this.events.subscribe(listener);
  }

  private get sessions(): Sessions {
    if (!this.own) throw new SessionsOffError();
    return this.own;
  }
}
