/**
 * What time it is. Everything in the library that compares a time takes a Clock, so a test can move it
 * (`TestClock` in `nestjs-jwt-rs256/testing`).
 */
export abstract class Clock {
  /** Wall-clock time in Unix seconds, with a fraction (RFC 7519 §2, NumericDate). */
  abstract now(): number;
  /** Milliseconds since some fixed moment; never steps back. For intervals and deadlines. */
  abstract monotonic(): number;
  /** Calls `callback` once after `ms` milliseconds; does not keep the process alive. */
  abstract setTimeout(callback: () => void, ms: number): unknown;
  /** Forgets a timer that `setTimeout` gave. */
  abstract clearTimeout(timer: unknown): void;
}

/** In milliseconds. Node takes a longer timeout for one of 1 ms. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

interface SystemTimer {
  handle?: NodeJS.Timeout;
}

/** The clock of the machine. */
export class SystemClock extends Clock {
  override now(): number {
    return Date.now() / 1000;
  }

  override monotonic(): number {
    return performance.now();
  }

  override setTimeout(callback: () => void, ms: number): unknown {
    const timer: SystemTimer = {};
    const wait = (left: number): void => {
      const next = left > LONGEST_TIMEOUT ? () => wait(left - LONGEST_TIMEOUT) : callback;
      timer.handle = setTimeout(next, Math.min(left, LONGEST_TIMEOUT)).unref();
    };
    wait(ms);
    return timer;
  }

  override clearTimeout(timer: unknown): void {
    clearTimeout((timer as SystemTimer | undefined)?.handle);
  }
}
