import { DEFAULT_JWK_SET_CACHING } from '../keys/jwk-set-caching.js';
import type { RotationPolicy } from '../keys/ring/rotation-policy.js';
import { toSeconds } from '../time/duration.js';
import { wrongUsage, type FlagValues } from './flags.js';

/** The options of the module from which the times of rotation follow, with its defaults. A test compares them. */
const DEFAULTS = {
  'max-token-ttl': '24h',
  'not-before': '0',
  'clock-tolerance': '10s',
  'jwks-max-age': DEFAULT_JWK_SET_CACHING.maxAge,
  'jwks-stale-while-revalidate': DEFAULT_JWK_SET_CACHING.staleWhileRevalidate,
} as const;

export type DurationFlag = keyof typeof DEFAULTS;

export const POLICY_FLAGS = Object.keys(DEFAULTS) as DurationFlag[];

export const POLICY_HELP = `Times follow from the options of the module. Give those that your application sets:
      --max-token-ttl <duration>                (default: 24h)
      --not-before <duration>                   (default: 0)
      --clock-tolerance <duration>              (default: 10s)
      --jwks-max-age <duration>                 (jwksCache.maxAge, default: 5m)
      --jwks-stale-while-revalidate <duration>  (jwksCache.staleWhileRevalidate, default: 10m)`;

/** Seconds. @throws UsageError */
export function durationOf(command: string, flags: FlagValues<DurationFlag>, name: DurationFlag): number {
  const text = flags[name] ?? DEFAULTS[name];
  if (text === '0') return 0;
  try {
    return toSeconds(text, `--${name}`);
  } catch {
    throw wrongUsage(command, `--${name} must be a duration with a unit: 90s, 15m, 12h or 7d.`);
  }
}

export function readPolicy(command: string, flags: FlagValues<DurationFlag>): RotationPolicy {
  return {
    maxAge: durationOf(command, flags, 'jwks-max-age'),
    staleWhileRevalidate: durationOf(command, flags, 'jwks-stale-while-revalidate'),
    maxTokenTtl: durationOf(command, flags, 'max-token-ttl'),
    notBefore: durationOf(command, flags, 'not-before'),
    clockTolerance: durationOf(command, flags, 'clock-tolerance'),
    every: undefined,
  };
}
