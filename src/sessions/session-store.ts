/** What the application says of a session when it starts. Plain JSON; a store keeps it and looks into nothing but `sub`. */
export interface SessionDetails {
  /** Whose session it is. Compared exactly: no case folding, no normalization. */
  readonly sub: string;
  /** The claims of its access tokens. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Unix seconds at which credentials were given. */
  readonly authTime: number;
  /** What its owner knows the device by. */
  readonly device?: string;
}

/** A session as the store knows it. Times are by the store's own clock. */
export interface StoredSession extends SessionDetails {
  readonly sid: string;
  /** Unix seconds. */
  readonly started: number;
  /** Unix seconds of the last refresh, or of the start. */
  readonly refreshed: number;
  /** Until the session is over, however often it is refreshed. A length, so that no two clocks are compared. */
  readonly secondsLeft: number;
}

/** A session that starts, with its first refresh token. */
export interface StartRequest {
  /** Never used before. Its first character is the same for all sessions of a `sub`, for stores in partitions. */
  readonly sid: string;
  /** The hash of the first refresh token. */
  readonly current: string;
  readonly details: SessionDetails;
  /** Seconds without a refresh after which the session is over. */
  readonly refreshTokenTtl: number;
  /** Seconds after which it is over however often it is refreshed. */
  readonly sessionTtl: number;
}

/** A refresh token that somebody presents, and what is to follow it. */
export interface RotateRequest {
  readonly sid: string;
  /** The hash of the refresh token that was presented. */
  readonly presented: string;
  /** The hash of the token that is to follow it. Random: no two requests have the same, unless one is sent twice. */
  readonly successor: string;
  /** The successor, sealed so that only the presented token opens it. Opaque to the store. */
  readonly sealed: string;
  /** As in `StartRequest`. */
  readonly refreshTokenTtl: number;
  /** Seconds for which `sealed` is handed out again to who presents the immediate predecessor. 0: never. */
  readonly reuseInterval: number;
  /** As in `EndRequest`, where this request ends the session. */
  readonly retention: number;
}

/** What became of a presented refresh token. */
export type RotateResult =
  /** It was current. It is spent now, and the successor of the request is current. */
  | { readonly outcome: 'rotated'; readonly session: StoredSession }
  /** It is the immediate predecessor of the current one, spent within the reuse interval. Nothing changed. */
  | { readonly outcome: 'repeated'; readonly session: StoredSession; readonly sealed: string }
  /** It is neither. The session is ended now. */
  | { readonly outcome: 'reused'; readonly session: StoredSession }
  /** There is no such session, or it is over. Nothing changed. */
  | { readonly outcome: 'unknown' };

/** A session that is to end. */
export interface EndRequest {
  readonly sid: string;
  /** Seconds for which `endedSince` has to report it: the longest life of an access token. */
  readonly retention: number;
}

/** The sessions of a person that are to end. */
export interface EndAllRequest {
  readonly sub: string;
  /** The sid of a session that stays. */
  readonly except?: string;
  /** As in `EndRequest`. */
  readonly retention: number;
}

/** An access token that is taken back before it expires. */
export interface RevokeRequest {
  readonly jti: string;
  /** As in `EndRequest`. */
  readonly retention: number;
}

/** An identifier whose access tokens are to be refused. */
export interface EndedId {
  readonly kind: 'sid' | 'jti';
  readonly id: string;
  /** Seconds since it was ended, by the store's clock. */
  readonly age: number;
}

/** What has ended since a cursor, and the next cursor. */
export interface EndedSince {
  readonly ended: readonly EndedId[];
  /** Where to go on. Opaque. */
  readonly cursor: string;
  /** There is more already. */
  readonly more: boolean;
}

/** What is known in this process to have ended. */
export interface EndedHere {
  has(kind: EndedId['kind'], id: string): boolean;
}

/**
 * Where sessions are kept. `MemorySessionStore` is for one process, `RedisSessionStore` for any number; for another
 * database, extend this class and run `sessionStoreContract` of `nestjs-jwt-rs256/testing` on it.
 *
 * Each method is one atomic step, all of it or nothing, in a single order for all processes, unless it says otherwise.
 * Time is the store's own, one clock for all processes; the requests hold lengths in seconds, with fractions, never
 * times. The state of a session is constant, however often it is refreshed. No method outlives a deadline of the
 * store's own: what was not done by then is never done. Each throws StoreUnavailableError when it cannot do its work.
 */
export abstract class SessionStore {
  /**
   * A store in this process knows at once what has ended, here. One that others write to leaves it undefined: then
   * what has ended is learnt from `endedSince`, some of it later.
   */
  readonly endedHere?: EndedHere;

  /** Keeps a new session. Sent twice, it is kept once. */
  abstract start(request: StartRequest): Promise<void>;

  /**
   * Decides about a refresh token: spends the current one, repeats the answer for its predecessor, ends the session for
   * any other. The steps are one: of many requests with one token, one is 'rotated'. A request that arrives twice, as
   * reconnecting clients send it, gets the same answer twice.
   */
  abstract rotate(request: RotateRequest): Promise<RotateResult>;

  /**
   * Ends a session: from then on there is nothing to refresh, and `endedSince` reports it.
   *
   * @returns undefined where there is none.
   */
  abstract end(request: EndRequest): Promise<StoredSession | undefined>;

  /**
   * Ends the sessions of `sub` that there are when it is called. Each end is atomic, all together need not be; one that
   * starts meanwhile may survive, one that started before does not.
   */
  abstract endAll(request: EndAllRequest): Promise<readonly StoredSession[]>;

  /** The sessions of `sub` that are not over, in no order. */
  abstract list(sub: string): Promise<readonly StoredSession[]>;

  /** Makes `endedSince` report a `jti`. */
  abstract revoke(request: RevokeRequest): Promise<void>;

  /**
   * What has ended since an earlier call, each at least once, in pieces of bounded size; without a cursor, all that
   * ended within its retention. A store that lost its data and cannot go on from the cursor begins anew.
   */
  abstract endedSince(cursor: string | undefined): Promise<EndedSince>;

  /** Reaches the store. @returns sentences that an operator should read. */
  abstract inspect(): Promise<readonly string[]>;
}
