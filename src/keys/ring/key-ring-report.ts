import type { KeyError } from '../../errors/developer-errors.js';
import type { EventSource } from '../../events/event-source.js';
import type { KeyRingEvent } from './key-ring-events.js';
import type { RingKey } from './key-ring.js';

/** Tells an operator how a ring goes: what is new, and not the same thing at each look. */
export class KeyRingReport {
  /** The folder, or whatever the ring is of. */
  readonly #name: string;
  readonly #lead: number;
  readonly #events: EventSource<KeyRingEvent>;
  /** The state in which each key was seen last, by the name of its file. */
  #seen: ReadonlyMap<string, RingKey['state']> = new Map();
  #trouble: string | undefined;

  /** @param lead - seconds for which a key is to be published before it signs. */
  constructor(name: string, lead: number, events: EventSource<KeyRingEvent>) {
    this.#name = name;
    this.#lead = lead;
    this.#events = events;
  }

  /**
   * Tells which keys are in another state than the last time.
   *
   * @param publishedAt - when the file of a key was last changed. Unix seconds.
   */
  saw(keys: readonly RingKey[], now: number, publishedAt: (name: string) => number): void {
    const before = this.#seen;
    this.#seen = new Map(keys.map(({ name, state }) => [name, state]));
    for (const key of keys) {
      const { name, kid, state } = key;
      if (before.get(name) !== state) this.#events.raise({ type: state, kid, name });
      if (before.has(name) || !key.canSign) continue;
      if (before.size > 0) this.#warnOfShortLead(key, now, 'appeared');
      // What was there when the process began, only its file can tell since when.
      else if (state === 'upcoming')
        this.#warnOfShortLead(key, Math.min(now, publishedAt(name)), 'was put here, as its file says,');
    }
  }

  /** A look succeeded. */
  succeeded(): void {
    if (this.#trouble !== undefined) this.#events.raise({ type: 'recovered', name: this.#name });
    this.#trouble = undefined;
  }

  /** A look failed. It is told once for each reason. */
  failed(error: KeyError): void {
    if (this.#trouble !== error.message) this.#events.raise({ type: 'faulty', name: this.#name, error });
    this.#trouble = error.message;
  }

  #warnOfShortLead({ name, signsFrom }: RingKey, since: number, happened: string): void {
    if (signsFrom - since >= this.#lead) return;
    const left = Math.max(0, Math.floor(signsFrom - since));
    const message = `${name} ${happened} ${left} s before it signs. Others may need ${this.#lead} s to learn of it, and refuse its tokens until then.`;
    this.#events.raise({ type: 'notice', message });
  }
}
