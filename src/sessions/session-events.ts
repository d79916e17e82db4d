import type { EventSource, Listener } from '../events/event-source.js';

/** Whose session an event is about. */
export interface SessionIdentity {
  readonly sid: string;
  readonly sub: string;
  readonly device?: string;
}

/** Nothing else of a session gets into an event. */
export function identityOf({ sid, sub, device }: SessionIdentity): SessionIdentity {
  return { sid, sub, ...(device === undefined ? {} : { device }) };
}

/** What happens to sessions. No event holds a token. */
export type SessionEvent =
  | ({ readonly type: 'started' } & SessionIdentity)
  | ({ readonly type: 'refreshed' } & SessionIdentity)
  /** The immediate predecessor was presented again in time and got the same successor: two tabs, or a lost answer. */
  | ({ readonly type: 'repeated' } & SessionIdentity)
  /** A spent refresh token was presented: somebody has a copy. Its session was ended. */
  | ({ readonly type: 'reused' } & SessionIdentity)
  | ({ readonly type: 'ended' } & SessionIdentity)
  | { readonly type: 'revoked'; readonly jti: string }
  /** What an operator should read about the store. */
  | { readonly type: 'advice'; readonly message: string }
  /** The list of ended sessions could not be renewed, for the first time since it last could. */
  | { readonly type: 'storeDown'; readonly cause: unknown }
  | { readonly type: 'storeUp' };

export type SessionListener = Listener<SessionEvent>;

/** Where what happens to sessions is told. */
export type SessionEvents = EventSource<SessionEvent>;
