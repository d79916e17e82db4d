import { OptionError } from '../errors/developer-errors.js';

/** How long sessions live and what taking one back means. Times are in seconds. */
export interface SessionPolicy {
  /** Without a refresh for so long, a session is over. */
  readonly refreshTokenTtl: number;
  /** After so long a session is over, however often it was refreshed. */
  readonly sessionTtl: number;
  /** For so long the immediate predecessor gets the same successor again. 0: never. */
  readonly reuseInterval: number;
  /** Whether access tokens of ended sessions are refused before they expire. */
  readonly revocation: 'none' | 'session';
  /** What to do about access tokens when it is not known any more which sessions ended. */
  readonly revocationOutage: 'refuse' | 'allow';
  /** How old the local list of ended sessions may be before that is so. */
  readonly maxListAge: number;
  /** How long an identifier stays on the list: as long as any access token can be accepted that has it. */
  readonly retention: number;
}

/** What goes with an option that is left out. */
export const DEFAULT_SESSION_POLICY = {
  refreshTokenTtl: '7d',
  sessionTtl: '30d',
  reuseInterval: '10s',
  revocation: 'session',
  revocationOutage: 'refuse',
  maxListAge: '30s',
} as const;

const LONGEST_REUSE_INTERVAL = 60;
/** A hundred years. Beyond some thousand times that, Redis would refuse each session as it is about to start. */
const LONGEST_TTL = 36_525 * 86_400;
/** The list is renewed twice a second. One that may be no older than that would be refused in ordinary operation. */
const SHORTEST_LIST_AGE = 2;

/**
 * Refuses a policy that contradicts itself or gives a thief too much time.
 *
 * @throws OptionError `ERR_OPTION_INVALID` or `ERR_OPTION_TTL`, naming the option.
 */
export function assertSessionPolicy(policy: SessionPolicy): void {
  const { refreshTokenTtl, sessionTtl, reuseInterval, revocation, revocationOutage, maxListAge } = policy;
  for (const [name, ttl] of Object.entries({ refreshTokenTtl, sessionTtl })) {
    if (!(ttl >= 1 && ttl <= LONGEST_TTL))
      throw new OptionError('ERR_OPTION_TTL', `sessions.${name} must be 1 second to 100 years.`);
  }
  if (refreshTokenTtl > sessionTtl) {
    throw new OptionError(
      'ERR_OPTION_TTL',
      `sessions.refreshTokenTtl (${refreshTokenTtl} s) is longer than sessions.sessionTtl (${sessionTtl} s), so it would never count.`,
    );
  }
  if (!(reuseInterval <= LONGEST_REUSE_INTERVAL)) {
    throw new OptionError(
      'ERR_OPTION_TTL',
      `sessions.reuseInterval (${reuseInterval} s) must be at most ${LONGEST_REUSE_INTERVAL} s: for so long a stolen refresh ` +
        'token works beside the real one. It is for two tabs and lost answers; 10 s do.',
    );
  }
  if (revocation !== 'none' && revocation !== 'session')
    throw invalid("sessions.revocation must be 'session' or 'none'");
  if (revocationOutage !== 'refuse' && revocationOutage !== 'allow') {
    throw invalid("sessions.revocationOutage must be 'refuse' or 'allow'");
  }
  if (!(maxListAge >= SHORTEST_LIST_AGE))
    throw invalid(`sessions.maxListAge must be ${SHORTEST_LIST_AGE} seconds or more`);
}

function invalid(sentence: string): OptionError {
  return new OptionError('ERR_OPTION_INVALID', `${sentence}.`);
}
