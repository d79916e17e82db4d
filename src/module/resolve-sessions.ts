import { OptionError } from '../errors/developer-errors.js';
import { MemorySessionStore } from '../sessions/memory-session-store.js';
import {
  assertSessionPolicy,
  DEFAULT_SESSION_POLICY,
  type SessionPolicy,
} from '../sessions/session-policy.js';
import { SessionStore } from '../sessions/session-store.js';
import type { Clock } from '../time/clock.js';
import { toSeconds } from '../time/duration.js';
import { assertKnownMembers, type KnownMembers } from '../tokens/option-members.js';
import type { SessionOptions } from './options.js';

/** The option `sessions`, checked. Times are in seconds. */
export interface ResolvedSessions {
  readonly store: SessionStore;
  readonly policy: SessionPolicy;
}

/** What of the other options counts for sessions. */
interface Surroundings {
  readonly clock: Clock;
  readonly maxTokenTtl: number;
  readonly clockTolerance: number;
}

const KNOWN: KnownMembers<SessionOptions> = {
  store: true,
  revocation: true,
  revocationOutage: true,
  refreshTokenTtl: true,
  sessionTtl: true,
  reuseInterval: true,
  maxListAge: true,
};

/**
 * Checks the option `sessions` and gives its defaults.
 *
 * @throws OptionError naming the option and the fix.
 */
export function resolveSessions(options: SessionOptions, surroundings: Surroundings): ResolvedSessions {
  assertObject(options);
  assertKnownMembers(options, KNOWN, 'sessions');
  const given = { ...DEFAULT_SESSION_POLICY, ...withoutUndefined(options) };
  const policy = {
    refreshTokenTtl: toSeconds(given.refreshTokenTtl, 'sessions.refreshTokenTtl'),
    sessionTtl: toSeconds(given.sessionTtl, 'sessions.sessionTtl'),
    reuseInterval: toSeconds(given.reuseInterval, 'sessions.reuseInterval'),
    maxListAge: toSeconds(given.maxListAge, 'sessions.maxListAge'),
    revocation: given.revocation,
    revocationOutage: given.revocationOutage,
    // A token lives maxTokenTtl at most; its iat may be ahead of our clock, and ours ahead of its exp, by the tolerance.
    retention: surroundings.maxTokenTtl + 2 * surroundings.clockTolerance,
  };
  assertSessionPolicy(policy);
  return { policy, store: resolveStore(options, surroundings.clock) };
}

function resolveStore(options: SessionOptions, clock: Clock): SessionStore {
  if (!('store' in options)) return new MemorySessionStore({ clock });
  // An unset store must not silently become the memory of one process.
  if (options.store instanceof SessionStore) return options.store;
  throw new OptionError(
    'ERR_OPTION_INVALID',
    'sessions.store must be an instance of a SessionStore, such as RedisSessionStore of nestjs-jwt-rs256/redis. To keep ' +
      'sessions in memory, leave it out.',
  );
}

function assertObject(options: unknown): void {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return;
  throw new OptionError(
    'ERR_OPTION_INVALID',
    'sessions must be an object. To do without sessions, leave it out.',
  );
}

function withoutUndefined(options: SessionOptions): SessionOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
