import type { Clock } from '../time/clock.js';

/** Failures in a row after which nothing more is sent for a while. One alone may be a hiccup. */
const FAILURES = 3;
/** Milliseconds for which nothing is sent. Short, for Redis is to be found again as soon as it is back. */
const OPEN_FOR = 400;

/**
 * Stops asking what does not answer: while Redis is down, a request fails at once instead of waiting for its deadline,
 * and commands do not pile up in the client. After a while one is let through; when it is answered, all are.
 */
export class CircuitBreaker {
  readonly #clock: Clock;
  #failures = 0;
  #openUntil = 0;
  #isTrying = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a command may be sent. Whoever sends one then says how it went. */
  mayPass(): boolean {
    if (this.#failures < FAILURES) return true;
    if (this.#isTrying || this.#clock.monotonic() < this.#openUntil) return false;
    return (this.#isTrying = true);
  }

  succeeded(): void {
    this.#failures = 0;
    this.#isTrying = false;
  }

  failed(): void {
    this.#failures++;
    this.#isTrying = false;
    this.#openUntil = this.#clock.monotonic() + OPEN_FOR;
  }
}
