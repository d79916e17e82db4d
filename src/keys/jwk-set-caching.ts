import type { Duration } from '../time/duration.js';

/** For how long others may keep what we publish. Seconds. A key has to be published that long before it signs. */
export interface JwkSetCaching {
  /** They may use it unasked. */
  readonly maxAge: number;
  /** They may go on using it while they ask (RFC 5861 §3). */
  readonly staleWhileRevalidate: number;
}

export const DEFAULT_JWK_SET_CACHING = {
  maxAge: '5m',
  staleWhileRevalidate: '10m',
} satisfies Record<keyof JwkSetCaching, Duration>;
