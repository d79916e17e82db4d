import type { EventSource } from '../../events/event-source.js';
import type { JwkSetReading, SkippedKey } from './read-jwk-set.js';
import type { RemoteKeyEvent } from './remote-key-event.js';
import { RemoteKeysError } from './remote-keys-error.js';

/** Different reasons for refusing a set that are told before the next success. Whoever makes the sets makes them up. */
const MOST_REASONS = 16;

/** Tells an operator how refreshes go: what is new, and not the same thing at each attempt. */
export class RemoteKeyReport {
  readonly #issuer: string;
  readonly #events: EventSource<RemoteKeyEvent>;
  /** What was told since the last success. */
  readonly #failures = new Set<string>();
  #skipped: ReadonlySet<string> = new Set();

  constructor(issuer: string, events: EventSource<RemoteKeyEvent>) {
    this.#issuer = issuer;
    this.#events = events;
  }

  succeeded({ keys, skipped }: JwkSetReading, hasChanged: boolean): void {
    const issuer = this.#issuer;
    if (this.#failures.size > 0) {
      this.#failures.clear();
      this.#events.raise({
        type: 'recovered',
        issuer,
        message: `The JWK Set of ${issuer} can be had again.`,
      });
    }
    const kids = keys.map(({ kid }) => kid);
    const what = hasChanged ? 'It has other keys now' : 'It has the same keys as before';
    const message = `The JWK Set of ${issuer} was fetched. ${what}: ${keys.length} for RS256.`;
    this.#events.raise({ type: hasChanged ? 'changed' : 'refreshed', issuer, kids, message });
    this.#tellSkipped(skipped);
  }

  /** @param isExpired - whether there are no keys that may still be used. */
  failed(error: unknown, isExpired: boolean): void {
    const issuer = this.#issuer;
    const type = error instanceof RemoteKeysError ? error.type : 'unavailable';
    const reason = error instanceof RemoteKeysError ? error.message : 'The refresh failed unexpectedly.';
    this.#tellFailure(type === 'unavailable' ? type : reason, {
      type,
      issuer,
      message: `The JWK Set of ${issuer} cannot be refreshed. ${reason}`,
      cause: error,
    });
    if (!isExpired) return;
    this.#tellFailure('expired', {
      type: 'expired',
      issuer,
      message: `There are no keys of ${issuer} that may be used. Its tokens are answered with 503 until there are.`,
      cause: error,
    });
  }

  #tellFailure(key: string, event: RemoteKeyEvent): void {
    if (this.#failures.has(key) || this.#failures.size >= MOST_REASONS) return;
    this.#failures.add(key);
    this.#events.raise(event);
  }

  #tellSkipped(skipped: readonly SkippedKey[]): void {
    const told = this.#skipped;
    this.#skipped = new Set(skipped.map(({ message }) => message));
    for (const { reason, message } of skipped) {
      if (told.has(message)) continue;
      this.#events.raise({
        type: 'keySkipped',
        issuer: this.#issuer,
        reason,
        message: `${this.#issuer}: ${message}`,
      });
    }
  }
}
