/** Whose session an event is about. */
export interface SessionIdentity {
  readonly sid: string;
  readonly sub: string;
  readonly device?: string;
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

export type SessionListener = (event: SessionEvent) => unknown;

/**
 * Tells listeners what happens. Not node's EventEmitter: there a listener that throws takes the emitter's caller down
 * with it, and here the caller has just spent a refresh token.
 */
export class SessionEvents {
  readonly #listeners = new Set<SessionListener>();
  readonly #onListenerError: (error: unknown) => void;

  /** @param onListenerError - what a listener threw, or its promise rejected with. It must not throw. */
  constructor(onListenerError: (error: unknown) => void) {
    this.#onListenerError = onListenerError;
  }

  /** @returns ends the subscription. */
  subscribe(listener: SessionListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Calls every listener, and waits for none. */
  raise(event: SessionEvent): void {
    // A copy: whoever subscribes meanwhile hears of the next event.
    for (const listener of Array.from(this.#listeners)) {
      try {
        const result = listener(event);
        if (result instanceof Promise) result.catch(this.#onListenerError);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }
}
