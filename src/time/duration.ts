import { OptionError } from '../errors/developer-errors.js';

/** Seconds as a number, or text with a unit: `'90s'`, `'15m'`, `'12h'`, `'7d'`. Text without a unit is refused. */
export type Duration = number | string;

const SECONDS_PER_UNIT = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const WITH_UNIT = /^(\d{1,9}(?:\.\d{1,3})?)([smhd])$/;

/**
 * Reads a duration as seconds.
 *
 * Text without a unit is refused rather than guessed: with the `ms` package, `'3600'` means 3.6 seconds.
 *
 * @throws OptionError `ERR_OPTION_DURATION`, naming `option`.
 */
export function toSeconds(duration: unknown, option: string): number {
  if (typeof duration === 'number' && Number.isFinite(duration) && duration >= 0) return duration;
  const match = typeof duration === 'string' ? WITH_UNIT.exec(duration) : null;
  if (match) {
    const [, amount, unit] = match;
    return Number(amount) * SECONDS_PER_UNIT[unit as keyof typeof SECONDS_PER_UNIT];
  }
  throw new OptionError('ERR_OPTION_DURATION', `${option} ${fault(duration, option)}`);
}

function fault(duration: unknown, option: string): string {
  if (typeof duration === 'string' && /^\d+(\.\d+)?$/.test(duration)) {
    return `is "${duration}", a text without a unit. Say ${option}: ${duration} (seconds) or ${option}: '${duration}s'.`;
  }
  return "must be a number of seconds, not negative, or a text with a unit such as '90s', '15m', '12h' or '7d'.";
}
