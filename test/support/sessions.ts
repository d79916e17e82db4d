import { SigningSlots } from '../../src/keys/signing-slots.js';
import { AccessTokenIssuer } from '../../src/sessions/access-token-issuer.js';
import { EndedSessions } from '../../src/sessions/ended-sessions.js';
import { MemorySessionStore } from '../../src/sessions/memory-session-store.js';
import { EventSource } from '../../src/events/event-source.js';
import type { SessionEvent, SessionEvents } from '../../src/sessions/session-events.js';
import type { SessionPolicy } from '../../src/sessions/session-policy.js';
import type { SessionStore } from '../../src/sessions/session-store.js';
import { Sessions } from '../../src/sessions/sessions.js';
import { TestClock } from '../../src/testing/index.js';
import type { Clock } from '../../src/time/clock.js';
import type {
  IssuedAccessToken,
  SessionStamp,
  SigningReservation,
} from '../../src/tokens/signing-reservation.js';
import { claims as goodClaims, mint } from './mint.js';

export const POLICY: SessionPolicy = {
  refreshTokenTtl: 7 * 86_400,
  sessionTtl: 30 * 86_400,
  reuseInterval: 10,
  revocation: 'session',
  revocationOutage: 'refuse',
  maxListAge: 30,
  retention: 86_420,
};

const ACCESS_TOKEN_TTL = 300;

/** Signs with the own key of these tests, a bounded number at a time. */
export class TestIssuer extends AccessTokenIssuer {
  /** Awaited before a signature is made: to fail, or to wait. */
  beforeSigning: () => unknown = () => undefined;
  private readonly slots: SigningSlots;
  private count = 0;

  constructor(
    private readonly clock: Clock,
    mostAtOnce = 1000,
    private readonly sign: (claims: object) => string = (claims) => mint(undefined, claims),
  ) {
    super();
    this.slots = new SigningSlots(mostAtOnce);
  }

  override reserve(): SigningReservation {
    const giveBack = this.slots.take();
    let isTaken = true;
    const release = () => {
      if (isTaken) giveBack();
      isTaken = false;
    };
    return { release, issue: (claims, stamp) => this.issue(claims, stamp) };
  }

  private async issue(
    claims: object,
    { sid, authTime, isFresh, until }: SessionStamp,
  ): Promise<IssuedAccessToken> {
    await this.beforeSigning();
    const iat = Math.floor(this.clock.now());
    const exp = Math.min(iat + ACCESS_TOKEN_TTL, Math.floor(until));
    const stamps = {
      iat,
      nbf: iat,
      exp,
      jti: `token ${this.count++}`,
      sid,
      auth_time: authTime,
      ...(isFresh ? { fresh: true } : {}),
    };
    return { token: this.sign(goodClaims({ ...claims, ...stamps })), expiresIn: exp - iat };
  }
}

/** One process with sessions. */
export interface SessionBed {
  readonly sessions: Sessions;
  readonly store: SessionStore;
  readonly issuer: TestIssuer;
  readonly clock: TestClock;
  readonly ended: EndedSessions;
  readonly events: SessionEvent[];
  /** What listeners threw. */
  readonly listenerErrors: unknown[];
  readonly bus: SessionEvents;
}

export interface SessionBedParts {
  readonly policy?: Partial<SessionPolicy>;
  readonly clock?: TestClock;
  readonly store?: SessionStore;
  readonly issuer?: TestIssuer;
}

/** Everything that a process with sessions is made of, as the module puts it together. */
export function makeSessions(parts: SessionBedParts = {}): SessionBed {
  const {
    clock = new TestClock(),
    store = new MemorySessionStore({ clock }),
    issuer = new TestIssuer(clock),
  } = parts;
  const policy = { ...POLICY, ...parts.policy };
  const events: SessionEvent[] = [];
  const listenerErrors: unknown[] = [];
  const bus = new EventSource<SessionEvent>((error) => listenerErrors.push(error));
  bus.subscribe((event) => events.push(event));
  const ended = new EndedSessions({ store, policy, clock, events: bus });
  const sessions = new Sessions({ store, issuer, policy, clock, events: bus, ended });
  return { sessions, store, issuer, clock, ended, events, listenerErrors, bus };
}
