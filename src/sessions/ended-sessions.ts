import { StoreUnavailableError, TokenRevokedError } from '../errors/session-errors.js';
import type { Clock } from '../time/clock.js';
import type { JsonObject } from '../tokens/strict-json.js';
import { RevocationCheck } from './revocation-check.js';
import type { SessionEvents } from './session-events.js';
import type { SessionPolicy } from './session-policy.js';
import type { EndedId, SessionStore } from './session-store.js';

/**
 * Milliseconds from the beginning of one look at the store to that of the next. A look is two rounds with a deadline of
 * 250 ms each, so an end is known everywhere within 900 ms; where the store answers at once, within 400.
 */
const POLL_INTERVAL = 400;

/** When an identifier may be forgotten: no sooner than both clocks say so, for either may have been set forward. */
interface Until {
  readonly now: number;
  readonly monotonic: number;
}

/**
 * The identifiers of what ended, as far as this process knows: those that it ended itself at once, those of other
 * processes from the store, within a second. A request costs a look into a Map.
 *
 * The list is as old as the beginning of the last look at the store that succeeded. A store in this process is asked
 * directly instead; there is no list then, and nothing gets old.
 */
export class EndedSessions extends RevocationCheck {
  readonly #store: SessionStore;
  readonly #policy: SessionPolicy;
  readonly #clock: Clock;
  readonly #events: SessionEvents;
  /** Apart, so that an identifier is looked up as it is: to put a text together and hash it takes as long as all else. */
  readonly #ids = { sid: new Map<string, Until>(), jti: new Map<string, Until>() };
  #cursor: string | undefined;
  /** `clock.monotonic()` of the last look that succeeded. */
  #asOf = Number.NEGATIVE_INFINITY;
  #isDown = false;
  #isOpen = false;
  #timer: unknown;

  constructor(parts: { store: SessionStore; policy: SessionPolicy; clock: Clock; events: SessionEvents }) {
    super();
    this.#store = parts.store;
    this.#policy = parts.policy;
    this.#clock = parts.clock;
    this.#events = parts.events;
  }

  /** Looks at the store for the first time, and from then on until `close`. A store that is down is no error here. */
  async open(): Promise<void> {
    if (this.#isOpen || this.#store.endedHere) return;
    this.#isOpen = true;
    await this.#poll();
  }

  close(): void {
    this.#isOpen = false;
    this.#clock.clearTimeout(this.#timer);
  }

  /** What this process has just ended itself. */
  add(kind: EndedId['kind'], id: string): void {
    if (!this.#store.endedHere) this.#keep({ kind, id, age: 0 });
  }

  override assertNotRevoked({ sid, jti }: JsonObject): void {
    if (sid === undefined && jti === undefined) return;
    if (this.#has('sid', sid) || this.#has('jti', jti)) throw new TokenRevokedError();
    if (this.#policy.revocationOutage === 'allow' || this.#store.endedHere) return;
    // Written so that a NaN, from whatever clock, refuses.
    if (this.#clock.monotonic() - this.#asOf <= this.#policy.maxListAge * 1000) return;
    throw new StoreUnavailableError(
      'It cannot be known right now whether the session of the access token has ended',
    );
  }

  #has(kind: EndedId['kind'], id: unknown): boolean {
    if (typeof id !== 'string') return false;
    return this.#store.endedHere ? this.#store.endedHere.has(kind, id) : this.#ids[kind].has(id);
  }

  /** What is known twice is kept for the longer time: the store's clock may have been set between the two. */
  #keep({ kind, id, age }: EndedId): void {
    const ids = this.#ids[kind];
    const known = ids.get(id);
    const left = this.#policy.retention - age;
    const now = Math.max(known?.now ?? 0, this.#clock.now() + left);
    const monotonic = Math.max(known?.monotonic ?? 0, this.#clock.monotonic() + left * 1000);
    // Deleted first, so that the Map stays in the order of forgetting, nearly.
    ids.delete(id);
    ids.set(id, { now, monotonic });
  }

  async #poll(): Promise<void> {
    const began = this.#clock.monotonic();
    try {
      await this.#catchUp();
      // The list is complete as of the first question, not as of the last answer.
      this.#asOf = began;
      if (this.#isDown) this.#events.raise({ type: 'storeUp' });
      this.#isDown = false;
    } catch (cause) {
      if (!this.#isDown) this.#events.raise({ type: 'storeDown', cause });
      this.#isDown = true;
    }
    this.#forget();
    if (!this.#isOpen) return;
    const left = POLL_INTERVAL - (this.#clock.monotonic() - began);
    this.#timer = this.#clock.setTimeout(() => void this.#poll(), Math.max(0, left));
  }

  async #catchUp(): Promise<void> {
    for (let more = true; more;) {
      const since = await this.#store.endedSince(this.#cursor);
      for (const ended of since.ended) this.#keep(ended);
      // A store of somebody's own that does not get on must not keep this process from everything else.
      more = since.more && since.cursor !== this.#cursor;
      this.#cursor = since.cursor;
    }
  }

  #forget(): void {
    const now = this.#clock.now();
    const monotonic = this.#clock.monotonic();
    for (const ids of Object.values(this.#ids)) {
      for (const [id, until] of ids) {
        if (until.now >= now || until.monotonic >= monotonic) break;
        ids.delete(id);
      }
    }
  }
}
