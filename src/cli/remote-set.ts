import { readJwkSet, type JwkSetReading } from '../keys/remote/read-jwk-set.js';
import { DEFAULT_REMOTE_KEY_POLICY } from '../keys/remote/remote-key-policy.js';
import { DiscoveredLocation, FixedLocation, type JwkSetLocation } from '../keys/remote/remote-key-source.js';
import { RemoteKeysError } from '../keys/remote/remote-keys-error.js';
import type { RemoteResponse } from '../keys/remote/remote-response.js';
import { SystemClock } from '../time/clock.js';

/** Where a JWK Set is asked for: at its address, or at the one that its issuer's metadata say. */
export type RemoteSource = { readonly jwksUri: string } | { readonly issuer: string };

export interface RemoteSet {
  readonly response: RemoteResponse;
  readonly reading: JwkSetReading;
}

/**
 * Fetches a JWK Set once, as a service that verifies would.
 *
 * @throws OptionError for an address that must not be asked.
 * @throws RemoteKeysError
 */
export async function fetchSet(source: RemoteSource, allowInsecureHttp: boolean): Promise<RemoteSet> {
  const response = await fetchWithin(locationOf(source, allowInsecureHttp));
  return { response, reading: readJwkSet(response.body) };
}

function locationOf(source: RemoteSource, allowInsecureHttp: boolean): JwkSetLocation {
  const policy = { ...DEFAULT_REMOTE_KEY_POLICY, allowInsecureHttp };
  return 'jwksUri' in source
    ? new FixedLocation(source.jwksUri, policy)
    : new DiscoveredLocation(source.issuer, policy, new SystemClock());
}

async function fetchWithin(location: JwkSetLocation): Promise<RemoteResponse> {
  const { deadline } = DEFAULT_REMOTE_KEY_POLICY;
  const abort = new AbortController();
  const isOver = new RemoteKeysError('unavailable', `There was no whole answer within ${deadline} s.`);
  const timer = setTimeout(() => abort.abort(isOver), deadline * 1000);
  try {
    return await location.fetch(abort.signal);
  } finally {
    clearTimeout(timer);
  }
}
