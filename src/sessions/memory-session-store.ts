import { OptionError } from '../errors/developer-errors.js';
import { StoreUnavailableError } from '../errors/session-errors.js';
import { SystemClock, type Clock } from '../time/clock.js';
import { EndedRecord } from './ended-record.js';
import {
  SessionStore,
  type EndAllRequest,
  type EndedHere,
  type EndedSince,
  type EndRequest,
  type RevokeRequest,
  type RotateRequest,
  type RotateResult,
  type SessionDetails,
  type StartRequest,
  type StoredSession,
} from './session-store.js';

/** What a store in memory may be told. */
export interface MemorySessionStoreOptions {
  /**
   * Sessions, and what ended and cannot be forgotten yet. Beyond it `start` is refused, as is `revokeToken`; an end
   * never is. Default: 100,000.
   */
  maxSessions?: number;
  /** Default: the machine's. */
  clock?: Clock;
}

/** The same size however often it is refreshed. Times are by `clock.now()`. */
interface Entry {
  readonly sid: string;
  readonly details: SessionDetails;
  readonly started: number;
  /** However often it is refreshed. */
  readonly over: number;
  refreshed: number;
  idleAt: number;
  current: string;
  previous: string | undefined;
  /** Opens with `previous` only. It is gone when its time is over, not only of no use any more. */
  sealed: string | undefined;
  sealedUntil: number;
  timer: unknown;
}

/** Entries that each call looks at to see whether they are over: a session is over long before it is its turn. */
const SWEPT_PER_CALL = 8;

/**
 * Sessions in the memory of this process: for one process, and gone when it ends. Each method does its work before it
 * returns its promise, so it is one step.
 */
export class MemorySessionStore extends SessionStore {
  override readonly endedHere: EndedHere;
  readonly #maxSessions: number;
  readonly #clock: Clock;
  readonly #sessions = new Map<string, Entry>();
  readonly #bySub = new Map<string, Set<Entry>>();
  readonly #ended: EndedRecord;
  #sweep = this.#sessions.values();
  #sweptAt = Number.NEGATIVE_INFINITY;

  /** @throws OptionError when `maxSessions` is not valid. */
  constructor({ maxSessions = 100_000, clock = new SystemClock() }: MemorySessionStoreOptions = {}) {
    super();
    if (!Number.isSafeInteger(maxSessions) || maxSessions < 1) {
      throw new OptionError(
        'ERR_OPTION_INVALID',
        'MemorySessionStore: maxSessions must be a whole number, 1 or more.',
      );
    }
    this.#maxSessions = maxSessions;
    this.#clock = clock;
    this.endedHere = this.#ended = new EndedRecord(clock);
  }

  override async start({ sid, current, details, refreshTokenTtl, sessionTtl }: StartRequest): Promise<void> {
    const now = this.#tidy();
    if (this.#sessions.has(sid)) return;
    this.#assertRoom(now);
    const entry: Entry = {
      sid,
      details,
      started: now,
      over: now + sessionTtl,
      refreshed: now,
      idleAt: now + refreshTokenTtl,
      current,
      previous: undefined,
      sealed: undefined,
      sealedUntil: 0,
      timer: undefined,
    };
    this.#sessions.set(sid, entry);
    const siblings = this.#bySub.get(details.sub);
    if (siblings) siblings.add(entry);
    else this.#bySub.set(details.sub, new Set([entry]));
  }

  override async rotate(request: RotateRequest): Promise<RotateResult> {
    const now = this.#tidy();
    const entry = this.#find(request.sid, now);
    if (!entry) return { outcome: 'unknown' };
    if (entry.current === request.presented) {
      this.#spend(entry, request, now);
      return { outcome: 'rotated', session: view(entry, now) };
    }
    if (entry.previous === request.presented) {
      // The same request once more.
      if (entry.current === request.successor) return { outcome: 'rotated', session: view(entry, now) };
      if (entry.sealed !== undefined && now < entry.sealedUntil)
        return { outcome: 'repeated', session: view(entry, now), sealed: entry.sealed };
    }
    this.#end(entry, request.retention, now);
    return { outcome: 'reused', session: view(entry, now) };
  }

  override async end({ sid, retention }: EndRequest): Promise<StoredSession | undefined> {
    const now = this.#tidy();
    const entry = this.#find(sid, now);
    if (!entry) return undefined;
    this.#end(entry, retention, now);
    return view(entry, now);
  }

  override async endAll({ sub, except, retention }: EndAllRequest): Promise<readonly StoredSession[]> {
    const now = this.#tidy();
    const found = this.#ofSub(sub, now).filter((entry) => entry.sid !== except);
    for (const entry of found) this.#end(entry, retention, now);
    return found.map((entry) => view(entry, now));
  }

  override async list(sub: string): Promise<readonly StoredSession[]> {
    const now = this.#tidy();
    return this.#ofSub(sub, now).map((entry) => view(entry, now));
  }

  override async revoke({ jti, retention }: RevokeRequest): Promise<void> {
    const now = this.#tidy();
    if (!this.#ended.has('jti', jti)) this.#assertRoom(now);
    this.#ended.add('jti', jti, { retention, now });
  }

  override async endedSince(cursor: string | undefined): Promise<EndedSince> {
    return this.#ended.since(cursor, this.#tidy());
  }

  override async inspect(): Promise<readonly string[]> {
    return [
      'Sessions are kept in the memory of this process: they end when it does, and other processes do not know them. ' +
        'For more than one, give sessions.store a RedisSessionStore.',
    ];
  }

  #find(sid: string, now: number): Entry | undefined {
    const entry = this.#sessions.get(sid);
    if (!entry || !isOver(entry, now)) return entry;
    this.#drop(entry);
    return undefined;
  }

  #ofSub(sub: string, now: number): Entry[] {
    return [...(this.#bySub.get(sub) ?? [])].filter((entry) => !isOver(entry, now));
  }

  #spend(
    entry: Entry,
    { presented, successor, sealed, refreshTokenTtl, reuseInterval }: RotateRequest,
    now: number,
  ): void {
    this.#clock.clearTimeout(entry.timer);
    entry.refreshed = now;
    entry.idleAt = now + refreshTokenTtl;
    entry.previous = presented;
    entry.current = successor;
    entry.sealed = reuseInterval > 0 ? sealed : undefined;
    entry.sealedUntil = now + reuseInterval;
    const forget = (): void => void (entry.sealed = undefined);
    if (reuseInterval > 0) entry.timer = this.#clock.setTimeout(forget, reuseInterval * 1000);
  }

  #end(entry: Entry, retention: number, now: number): void {
    this.#drop(entry);
    this.#ended.add('sid', entry.sid, { retention, now });
  }

  #drop(entry: Entry): void {
    this.#clock.clearTimeout(entry.timer);
    entry.sealed = undefined;
    this.#sessions.delete(entry.sid);
    const siblings = this.#bySub.get(entry.details.sub);
    siblings?.delete(entry);
    if (siblings?.size === 0) this.#bySub.delete(entry.details.sub);
  }

  /** Something that ended takes no more room than the session did, so an end never fails for lack of it. */
  #assertRoom(now: number): void {
    if (this.#sessions.size + this.#ended.size < this.#maxSessions) return;
    this.#sweepAll(now);
    if (this.#sessions.size + this.#ended.size < this.#maxSessions) return;
    throw new StoreUnavailableError('The session store is full', { retryAfter: 60 });
  }

  /** A little at each call, so that no call takes long. */
  #tidy(): number {
    const now = this.#clock.now();
    for (let swept = 0; swept < SWEPT_PER_CALL; swept++) {
      const { value: entry } = this.#sweep.next();
      if (!entry) {
        this.#sweep = this.#sessions.values();
        break;
      }
      if (isOver(entry, now)) this.#drop(entry);
    }
    this.#ended.forget(now);
    return now;
  }

  /** All at once, where there is no room; at most once a second, for a flood of logins must not make it the main thing. */
  #sweepAll(now: number): void {
    if (this.#clock.monotonic() - this.#sweptAt < 1000) return;
    this.#sweptAt = this.#clock.monotonic();
    for (const entry of this.#sessions.values()) if (isOver(entry, now)) this.#drop(entry);
    this.#ended.forget(now);
  }
}

function isOver(entry: Entry, now: number): boolean {
  return now >= entry.idleAt || now >= entry.over;
}

function view({ sid, details, started, refreshed, over }: Entry, now: number): StoredSession {
  return { ...details, sid, started, refreshed, secondsLeft: over - now };
}
