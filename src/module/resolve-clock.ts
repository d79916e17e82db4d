import { OptionError } from '../errors/developer-errors.js';
import { SystemClock, type Clock } from '../time/clock.js';
import type { JwtRs256ModuleOptions } from './options.js';

/**
 * Reads the option `clock`. What a partial one of a test leaves out comes from the machine.
 *
 * @throws OptionError `ERR_OPTION_INVALID` for what tells no time.
 */
export function resolveClock(clock: JwtRs256ModuleOptions['clock']): Clock {
  const system = new SystemClock();
  if (clock === undefined) return system;
  if (typeof clock !== 'object' || clock === null || typeof clock.now !== 'function') {
    throw new OptionError('ERR_OPTION_INVALID', 'clock must have a method now() that returns Unix seconds.');
  }
  return {
    now: () => clock.now(),
    monotonic: () => (clock.monotonic ? clock.monotonic() : system.monotonic()),
    setTimeout: (callback, ms) =>
      clock.setTimeout ? clock.setTimeout(callback, ms) : system.setTimeout(callback, ms),
    clearTimeout: (timer) => (clock.clearTimeout ? clock.clearTimeout(timer) : system.clearTimeout(timer)),
  };
}
