import { EndedSessions } from '../sessions/ended-sessions.js';
import type { SessionEvents } from '../sessions/session-events.js';
import { SessionService } from '../sessions/session.service.js';
import { Sessions } from '../sessions/sessions.js';
import { OwnIssuer } from '../tokens/own-issuer.js';
import type { TokenIssuer } from '../tokens/token-issuer.js';
import { makeEvents } from './event-log.js';
import { logSessionEvent } from './log-event.js';
import type { ResolvedOptions } from './resolve-options.js';

/** What sessions are run with. Without the option `sessions` there is nothing but the events, of which there are none. */
export interface SessionParts {
  readonly own: OwnIssuer;
  readonly events: SessionEvents;
  readonly sessions?: Sessions;
  readonly ended?: EndedSessions;
}

export function makeSessions(
  { sessions: options, clock, verifying, trustedIssuers }: ResolvedOptions,
  issuer: TokenIssuer,
): SessionParts {
  const events = makeEvents('session events', logSessionEvent);
  const own = new OwnIssuer(trustedIssuers.length === 0 ? undefined : verifying.issuer);
  if (!options) return { own, events };
  const { store, policy } = options;
  const ended =
    policy.revocation === 'session' ? new EndedSessions({ store, policy, clock, events }) : undefined;
  const sessions = new Sessions({ store, policy, clock, events, ended, issuer });
  return { own, events, sessions, ...(ended ? { ended } : {}) };
}

export function makeSessionService({ sessions, events }: SessionParts): SessionService {
  return new SessionService(sessions, events);
}

export function ownIssuerOf({ own }: SessionParts): OwnIssuer {
  return own;
}
