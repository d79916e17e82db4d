import type { Clock } from '../time/clock.js';
import type { EndedHere, EndedId, EndedSince } from './session-store.js';

/** When something ended, and until when it must be known: by both clocks, for either may have been set forward. */
interface Ended {
  readonly number: number;
  readonly at: number;
  readonly until: number;
  readonly monotonicUntil: number;
}

const MOST_PER_ANSWER = 1000;

/** What ended in a store in memory, numbered in the order of ending. Nothing is forgotten before its retention is over. */
export class EndedRecord implements EndedHere {
  readonly #clock: Clock;
  /** Apart, so that an identifier is looked up as it is. Each in the order of ending. */
  readonly #ended = { sid: new Map<string, Ended>(), jti: new Map<string, Ended>() };
  #numbered = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#ended.sid.size + this.#ended.jti.size;
  }

  has(kind: EndedId['kind'], id: string): boolean {
    return this.#ended[kind].has(id);
  }

  /** @param retention - seconds. */
  add(kind: EndedId['kind'], id: string, { retention, now }: { retention: number; now: number }): void {
    if (retention <= 0) return;
    // Deleted first, so that the Map stays in the order of ending.
    this.#ended[kind].delete(id);
    const monotonicUntil = this.#clock.monotonic() + retention * 1000;
    this.#ended[kind].set(id, { number: ++this.#numbered, at: now, until: now + retention, monotonicUntil });
  }

  /** @see SessionStore.endedSince */
  since(cursor: string | undefined, now: number): EndedSince {
    const after = Number(cursor ?? 0);
    const found = (['sid', 'jti'] as const).flatMap((kind) =>
      [...this.#ended[kind]]
        .filter(([, { number }]) => number > after)
        .map(([id, ended]) => ({ kind, id, ended })),
    );
    found.sort((one, other) => one.ended.number - other.ended.number);
    const some = found.slice(0, MOST_PER_ANSWER);
    return {
      ended: some.map(({ kind, id, ended }) => ({ kind, id, age: Math.max(0, now - ended.at) })),
      cursor: String(some.at(-1)?.ended.number ?? after),
      more: found.length > some.length,
    };
  }

  forget(now: number): void {
    const monotonic = this.#clock.monotonic();
    for (const ended of Object.values(this.#ended)) {
      for (const [id, { until, monotonicUntil }] of ended) {
        if (now <= until || monotonic <= monotonicUntil) break;
        ended.delete(id);
      }
    }
  }
}
