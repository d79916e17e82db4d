import { OptionError } from '../errors/developer-errors.js';
import { JwtRs256Error } from '../errors/jwt-rs256-error.js';
import {
  RefreshTokenInvalidError,
  RefreshTokenReusedError,
  StoreUnavailableError,
} from '../errors/session-errors.js';
import type { Clock } from '../time/clock.js';
import { requireText } from '../tokens/option-text.js';
import type { IssuedAccessToken, SigningReservation } from '../tokens/signing-reservation.js';
import type { AccessTokenIssuer } from './access-token-issuer.js';
import type { EndedSessions } from './ended-sessions.js';
import { RefreshToken } from './refresh-token.js';
import { readDetails, type SessionClaims, type StartOptions } from './session-details.js';
import { identityOf, type SessionEvents } from './session-events.js';
import { infoOf, type SessionInfo } from './session-info.js';
import { assertSessionPolicy, type SessionPolicy } from './session-policy.js';
import type { RotateResult, SessionDetails, SessionStore, StoredSession } from './session-store.js';
import { tokenResponse, type TokenResponse } from './token-response.js';

/** What sessions are made of. */
export interface SessionsParts {
  readonly store: SessionStore;
  readonly issuer: AccessTokenIssuer;
  readonly policy: SessionPolicy;
  readonly clock: Clock;
  readonly events: SessionEvents;
  /** Left out with the policy `revocation: 'none'`. */
  readonly ended?: EndedSessions | undefined;
}

/**
 * Sessions: a login, refreshed with tokens that rotate at each use, until it is ended. A failure of the store is
 * StoreUnavailableError from every method; then either nothing was done or doing it again does no harm.
 */
export class Sessions {
  private isInspected = false;
  private unsubscribe: (() => void) | undefined;

  /** @throws OptionError when the policy contradicts itself. */
  constructor(private readonly parts: SessionsParts) {
    assertSessionPolicy(parts.policy);
  }

  get policy(): SessionPolicy {
    return this.parts.policy;
  }

  /** Looks at the store and begins to watch it. A store that is down stops nothing: it is an event, and once more when it is up. */
  async open(): Promise<void> {
    const { events, ended } = this.parts;
    this.unsubscribe ??= events.subscribe(({ type }) => (type === 'storeUp' ? this.inspect() : undefined));
    await Promise.all([this.inspect(), ended?.open()]);
  }

  /** Stops watching the store. It is not closed: it is the application's. */
  close(): void {
    this.unsubscribe?.();
    this.unsubscribe = undefined;
    this.parts.ended?.close();
  }

  /**
   * Starts a session, after the application has checked credentials.
   *
   * @param claims - of its access tokens, the later ones too. Plain JSON.
   * @throws OptionError when the claims cannot be issued.
   * @throws SignerBusyError, StoreUnavailableError
   */
  async start(claims: SessionClaims, options: StartOptions = {}): Promise<TokenResponse> {
    const { issuer, policy, clock } = this.parts;
    const details = readDetails(claims, options, Math.floor(clock.now()));
    const first = RefreshToken.first(details.sub);
    const slot = issuer.reserve();
    const stamp = { sid: first.sid, secondsLeft: policy.sessionTtl };
    // Signed first: if anything is wrong with the claims, there is no session that nobody has a token of.
    const access = await issueWith(slot, details, { ...stamp, isFresh: true }, clock);
    await this.ask((store) => store.start({ ...policy, sid: first.sid, current: first.lookUpHash, details }));
    this.parts.events.raise({ type: 'started', ...identityOf({ ...details, sid: first.sid }) });
    return tokenResponse(access, first, details);
  }

  /**
   * Spends a refresh token and gives the next, with a new access token.
   *
   * @throws RefreshTokenInvalidError for what is unknown or malformed. Nothing happens.
   * @throws RefreshTokenReusedError for a spent one. Its session is ended.
   * @throws SignerBusyError, and nothing is spent.
   * @throws StoreUnavailableError. Presenting the token once more, within the reuse interval, does no harm.
   */
  async refresh(refreshToken: unknown): Promise<TokenResponse> {
    const presented = RefreshToken.parse(refreshToken);
    const slot = this.parts.issuer.reserve();
    try {
      const successor = presented.successor();
      const result = await this.ask((store) =>
        store.rotate({
          ...this.parts.policy,
          sid: presented.sid,
          presented: presented.lookUpHash,
          successor: successor.lookUpHash,
          sealed: presented.seal(successor),
        }),
      );
      const { session, next } = this.judge(result, presented, successor);
      const access = await issueWith(slot, session, { ...session, isFresh: false }, this.parts.clock);
      return tokenResponse(access, next, session);
    } finally {
      slot.release();
    }
  }

  /**
   * Ends a session: its refresh tokens are worth nothing from now on, and with `revocation: 'session'` neither are its
   * access tokens.
   *
   * @returns whether there was one.
   */
  async end(sid: string): Promise<boolean> {
    requireText(sid, 'sid');
    const { retention } = this.parts.policy;
    const ended = await this.ask((store) => store.end({ sid, retention }));
    if (ended) this.noteEnd(ended);
    return ended !== undefined;
  }

  /**
   * Ends the session that a refresh token belongs to, be it current or spent: all that a log-out needs.
   *
   * @returns whether there was one. What is malformed belongs to none.
   */
  async endByRefreshToken(refreshToken: unknown): Promise<boolean> {
    let token: RefreshToken;
    try {
      token = RefreshToken.parse(refreshToken);
    } catch {
      return false;
    }
    return this.end(token.sid);
  }

  /** Ends the sessions of a person. One that starts afterwards, in the same second even, lives. @returns how many. */
  async endAll(sub: string, options: { except?: string } = {}): Promise<number> {
    const except = options.except === undefined ? {} : { except: requireText(options.except, 'except') };
    const request = { sub: requireText(sub, 'sub'), ...except, retention: this.parts.policy.retention };
    const ended = await this.ask((store) => store.endAll(request));
    for (const session of ended) this.noteEnd(session);
    return ended.length;
  }

  /** The sessions of a person, the one that was refreshed last at the head. */
  async list(sub: string): Promise<readonly SessionInfo[]> {
    const found = await this.ask((store) => store.list(requireText(sub, 'sub')));
    return found.map(infoOf).sort((a, b) => b.refreshed - a.refreshed);
  }

  /**
   * Takes one access token back, whether it belongs to a session or not.
   *
   * @param jti - the claim of the verified token.
   * @throws OptionError when it is no `jti`, or with `revocation: 'none'`, where nothing would come of it.
   */
  async revokeToken(jti: string): Promise<void> {
    if (requireText(jti, 'jti').split('.').length === 3) {
      throw new OptionError(
        'ERR_OPTION_INVALID',
        'revokeToken takes the claim jti of a verified token, not the token.',
      );
    }
    const { policy, events, ended } = this.parts;
    if (policy.revocation === 'none') {
      throw new OptionError(
        'ERR_OPTION_INVALID',
        "revokeToken needs sessions.revocation: 'session'; with 'none' nobody looks.",
      );
    }
    await this.ask((store) => store.revoke({ jti, retention: policy.retention }));
    ended?.add('jti', jti);
    events.raise({ type: 'revoked', jti });
  }

  private async inspect(): Promise<void> {
    if (this.isInspected) return;
    try {
      const advice = await this.ask((store) => store.inspect());
      this.isInspected = true;
      for (const message of advice) this.parts.events.raise({ type: 'advice', message });
    } catch (cause) {
      // Where the list of ended sessions is kept, it finds out by itself.
      if (!this.parts.ended) this.parts.events.raise({ type: 'storeDown', cause });
    }
  }

  /** What to answer to a refresh, by what the store made of the token. */
  private judge(
    result: RotateResult,
    presented: RefreshToken,
    successor: RefreshToken,
  ): { session: StoredSession; next: RefreshToken } {
    const { events } = this.parts;
    if (result.outcome === 'unknown') throw new RefreshTokenInvalidError();
    const { session } = result;
    if (result.outcome === 'reused') {
      events.raise({ type: 'reused', ...identityOf(session) });
      this.noteEnd(session);
      throw new RefreshTokenReusedError();
    }
    const next = result.outcome === 'repeated' ? open(presented, result.sealed) : successor;
    events.raise({ type: result.outcome === 'repeated' ? 'repeated' : 'refreshed', ...identityOf(session) });
    return { session, next };
  }

  private noteEnd(session: StoredSession): void {
    this.parts.ended?.add('sid', session.sid);
    this.parts.events.raise({ type: 'ended', ...identityOf(session) });
  }

  /** A store of somebody's own may throw anything. Whatever it is, it is not the caller's fault. */
  private async ask<T>(question: (store: SessionStore) => Promise<T>): Promise<T> {
    try {
      return await question(this.parts.store);
    } catch (error) {
      if (error instanceof JwtRs256Error) throw error;
      throw new StoreUnavailableError(undefined, { cause: error });
    }
  }
}

async function issueWith(
  slot: SigningReservation,
  { claims, authTime }: SessionDetails,
  { sid, secondsLeft, isFresh }: Pick<StoredSession, 'sid' | 'secondsLeft'> & { isFresh: boolean },
  clock: Clock,
): Promise<IssuedAccessToken> {
  try {
    return await slot.issue(claims, { sid, authTime, isFresh, until: clock.now() + secondsLeft });
  } finally {
    slot.release();
  }
}

/** A blob that this token did not seal is the store's mistake. */
function open(presented: RefreshToken, sealed: string): RefreshToken {
  try {
    return presented.open(sealed);
  } catch (cause) {
    throw new StoreUnavailableError('The session store returned what is not its own', { cause });
  }
}
