import { OptionError } from '../../errors/developer-errors.js';

/** How the JWK Set of another issuer is fetched, and for how long it is believed. Times are in seconds. */
export interface RemoteKeyPolicy {
  /** For so long a set verifies while no newer one can be had. Then nothing is known any more: 503. */
  readonly maxStale: number;
  /** All that one refresh may take: discovery, connecting, headers and body. */
  readonly deadline: number;
  /** Kids that the set does not have cause one fetch in so long. */
  readonly unknownKidInterval: number;
  /** How long a set is fresh whose response does not say, or says that it must not be kept. */
  readonly defaultMaxAge: number;
  /** A set is taken to be fresh for at least so long, */
  readonly shortestMaxAge: number;
  /** and for so long at most: a key that its issuer took back is forgotten by then. */
  readonly longestMaxAge: number;
  /** The pause after the first failure. It doubles with each further one, */
  readonly firstRetry: number;
  /** up to this. Chance adds up to a half to each. */
  readonly longestRetry: number;
  /** Allow http to other hosts than this one, where something else protects the connection, as a mesh does. */
  readonly allowInsecureHttp: boolean;
}

/** What goes where nothing else is asked for. */
export const DEFAULT_REMOTE_KEY_POLICY: RemoteKeyPolicy = {
  maxStale: 86_400,
  deadline: 3,
  unknownKidInterval: 10,
  defaultMaxAge: 300,
  shortestMaxAge: 10,
  longestMaxAge: 3600,
  firstRetry: 1,
  longestRetry: 10,
  allowInsecureHttp: false,
};

/** Shorter than this, a short outage of the issuer would be one of ours. */
const SHORTEST_MAX_STALE = 60;

/**
 * Refuses a policy under which good tokens would be refused in ordinary operation, or that is no policy.
 *
 * @throws OptionError `ERR_OPTION_TTL` or `ERR_OPTION_INVALID`, naming the option.
 */
export function assertRemoteKeyPolicy(policy: RemoteKeyPolicy): void {
  const { allowInsecureHttp, ...times } = policy;
  if (typeof allowInsecureHttp !== 'boolean')
    throw new OptionError('ERR_OPTION_INVALID', 'allowInsecureHttp must be true or false.');
  for (const [name, seconds] of Object.entries(times)) {
    if (!(Number.isFinite(seconds) && seconds > 0))
      throw new OptionError('ERR_OPTION_TTL', `${name} must be more than 0 seconds.`);
  }
  if (policy.maxStale < SHORTEST_MAX_STALE) {
    throw new OptionError(
      'ERR_OPTION_TTL',
      `maxStale (${policy.maxStale} s) must be ${SHORTEST_MAX_STALE} s or more: for so long tokens are served from the ` +
        'last good JWK Set while its issuer is down. To have keys that were taken back forgotten sooner, shorten the ' +
        'max-age of the JWK Set at its issuer.',
    );
  }
}
