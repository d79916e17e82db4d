import { Clock } from '../time/clock.js';

interface Timer {
  /** In microseconds of the clock. */
  readonly due: number;
  readonly callback: () => void;
}

const MICROSECONDS = 1_000_000;

/**
 * A clock that moves only when a test moves it.
 *
 * @example
 * ```ts
 * import { JwtRs256Module } from 'nestjs-jwt-rs256';
 * import { TestClock } from 'nestjs-jwt-rs256/testing';
 *
 * const clock = new TestClock();
 * const module = JwtRs256Module.forRoot({ privateKey: { file: 'keys/rs256.pem' }, clock });
 * clock.advance(310); // tokens of 5 minutes have expired now, tolerance included
 * ```
 */
export class TestClock extends Clock {
  /** Whole microseconds: as fractions, many small steps would not add up to one large step. */
  private elapsed = 0;
  private readonly timers = new Set<Timer>();

  /** @param start - Unix seconds at which the clock stands. Default: a fixed moment in 2026. */
  constructor(private start = 1_795_000_000) {
    super();
  }

  override now(): number {
    return this.start + this.elapsed / MICROSECONDS;
  }

  override monotonic(): number {
    return this.elapsed / 1000;
  }

  override setTimeout(callback: () => void, ms: number): Timer {
    const timer = { due: this.elapsed + Math.ceil(ms * 1000), callback };
    this.timers.add(timer);
    return timer;
  }

  override clearTimeout(timer: unknown): void {
    this.timers.delete(timer as Timer);
  }

  /** Moves both clocks forward by `seconds`, to the microsecond, running the timers that come due, in their order. */
  advance(seconds: number): void {
    const end = this.elapsed + Math.round(seconds * MICROSECONDS);
    for (let next = this.nextDue(end); next; next = this.nextDue(end)) {
      this.timers.delete(next);
      this.elapsed = Math.max(this.elapsed, next.due);
      next.callback();
    }
    this.elapsed = end;
  }

  /** Sets the wall clock, as an operator or NTP would; `monotonic()` and the timers do not notice. */
  setNow(unixSeconds: number): void {
    this.start = unixSeconds - this.elapsed / MICROSECONDS;
  }

  private nextDue(end: number): Timer | undefined {
    const due = [...this.timers].filter((timer) => timer.due <= end);
    return due.sort((a, b) => a.due - b.due)[0];
  }
}
