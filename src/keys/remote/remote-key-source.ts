import { OptionError } from '../../errors/developer-errors.js';
import type { Clock } from '../../time/clock.js';
import { describeAddress, readPointedAddress, readRemoteAddress } from './remote-address.js';
import { parseRemoteObject } from './remote-json.js';
import type { RemoteKeyPolicy } from './remote-key-policy.js';
import { RemoteKeysError } from './remote-keys-error.js';
import { fetchRemote, type RemoteResponse } from './remote-response.js';

/** Where the JWK Set is: at an address, or where the metadata of the issuer say. */
export type RemoteKeySource = { readonly jwksUri: string } | { readonly discovery: true };

/** Finds the JWK Set of an issuer and fetches it. Every address is configured, or comes from the issuer itself. */
export abstract class JwkSetLocation {
  /** @throws RemoteKeysError */
  abstract fetch(signal: AbortSignal): Promise<RemoteResponse>;
}

/** A JWK Set whose address is configured. */
export class FixedLocation extends JwkSetLocation {
  readonly #url: URL;

  /** @throws OptionError `ERR_OPTION_INVALID` for an address that must not be asked. */
  constructor(jwksUri: string, { allowInsecureHttp }: RemoteKeyPolicy) {
    super();
    this.#url = requireAddress(jwksUri, 'jwksUri', allowInsecureHttp);
  }

  override fetch(signal: AbortSignal): Promise<RemoteResponse> {
    return fetchOk(this.#url, signal);
  }
}

/**
 * A JWK Set that is found through the metadata of its issuer: OpenID Connect Discovery 1.0 §4, and RFC 8414 §3 where
 * that is 404. What was found is remembered, until a fetch fails or the longest max-age has passed.
 */
export class DiscoveredLocation extends JwkSetLocation {
  readonly #issuer: string;
  readonly #url: URL;
  readonly #policy: RemoteKeyPolicy;
  readonly #clock: Clock;
  #found: { readonly url: URL; readonly at: number } | undefined;

  /** @throws OptionError `ERR_OPTION_INVALID` for an issuer that is no address, or none that may be asked. */
  constructor(issuer: string, policy: RemoteKeyPolicy, clock: Clock) {
    super();
    this.#issuer = issuer;
    this.#policy = policy;
    this.#clock = clock;
    this.#url = requireAddress(issuer, 'issuer, for discovery,', policy.allowInsecureHttp);
    if (/[?#]/.test(issuer)) {
      throw new OptionError(
        'ERR_OPTION_INVALID',
        'issuer has a query or a fragment, so its metadata have no address (RFC 8414 §2). Give jwksUri instead.',
      );
    }
  }

  override async fetch(signal: AbortSignal): Promise<RemoteResponse> {
    const now = this.#clock.monotonic();
    const remembered = this.#found;
    this.#found = undefined;
    const isRecent = remembered && now - remembered.at <= this.#policy.longestMaxAge * 1000;
    const found = isRecent ? remembered : { url: await this.#discover(signal), at: now };
    const response = await fetchOk(found.url, signal);
    this.#found = found;
    return response;
  }

  async #discover(signal: AbortSignal): Promise<URL> {
    const path = this.#url.pathname.replace(/\/$/, '');
    const openid = withPath(this.#url, `${path}/.well-known/openid-configuration`);
    const oauth = withPath(this.#url, `/.well-known/oauth-authorization-server${path}`);
    const first = await fetchRemote(openid, signal);
    if (first.status !== 404) return this.#readMetadata(openid, first);
    const second = await fetchRemote(oauth, signal);
    if (second.status === 404) {
      throw new RemoteKeysError(
        'unavailable',
        `The issuer has no metadata: both ${describeAddress(openid)} and ${describeAddress(oauth)} answered with ` +
          'status 404. Is issuer its exact address? If it has no metadata, give jwksUri.',
      );
    }
    return this.#readMetadata(oauth, second);
  }

  #readMetadata(url: URL, response: RemoteResponse): URL {
    const what = `The metadata at ${describeAddress(url)}`;
    assertOk(url, response.status);
    const { issuer, jwks_uri: jwksUri } = parseRemoteObject(response.body, what);
    // RFC 8414 §3.3: or whoever can put a file on some host would speak for this issuer.
    if (issuer !== this.#issuer) {
      throw new RemoteKeysError(
        'refused',
        `${what} are those of another issuer: their "issuer" does not equal the configured one, to the letter.`,
      );
    }
    const address = readPointedAddress(jwksUri, this.#url, this.#policy.allowInsecureHttp);
    if (address.fault === undefined) return address.url;
    throw new RemoteKeysError('refused', `${what} have a "jwks_uri" that ${address.fault}.`);
  }
}

/** Not resolved as a reference is: there a path that begins with `//` is another host. */
function withPath(url: URL, path: string): URL {
  const other = new URL(url);
  other.pathname = path;
  return other;
}

function requireAddress(text: string, name: string, allowInsecureHttp: boolean): URL {
  const address = readRemoteAddress(text, allowInsecureHttp);
  if (address.fault === undefined) return address.url;
  throw new OptionError('ERR_OPTION_INVALID', `${name} ${address.fault}.`);
}

async function fetchOk(url: URL, signal: AbortSignal): Promise<RemoteResponse> {
  const response = await fetchRemote(url, signal);
  assertOk(url, response.status);
  return response;
}

function assertOk(url: URL, status: number): void {
  if (status === 200) return;
  const where = `${describeAddress(url)} answered with status ${status}`;
  const isRedirect = status >= 300 && status < 400;
  throw new RemoteKeysError(
    'unavailable',
    isRedirect
      ? `${where}, a redirect, which is not followed. Configure the address that it leads to, if it is the issuer's.`
      : `${where}.`,
  );
}
