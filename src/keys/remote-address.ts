import { isIPv4 } from 'node:net';

/** An address that may be asked for keys, or what is wrong with it, to be put after its name. */
export type RemoteAddress = { readonly url: URL; readonly fault?: never } | { readonly fault: string };

const LONGEST_ADDRESS = 2048;

/**
 * Reads an address from which keys may come: https, or http on this very machine, where nobody listens in or answers
 * instead; with `allowInsecureHttp`, any http. No fault repeats the address, which may have a password in it.
 */
export function readRemoteAddress(text: unknown, allowInsecureHttp: boolean): RemoteAddress {
  if (typeof text !== 'string' || text.length > LONGEST_ADDRESS || !URL.canParse(text))
    return { fault: "is not an address such as 'https://auth.example.com/jwks.json'" };
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return { fault: 'must be an https address; it has another scheme' };
  if (url.username !== '' || url.password !== '')
    return { fault: 'has a user name or a password in it. Take them out: a JWK Set is public' };
  if (url.protocol === 'http:' && !isLoopback(url) && !allowInsecureHttp) {
    return {
      fault:
        'is not https: whoever is between could put their own keys into the set. Use https, or allowInsecureHttp: true ' +
        'where something else protects the connection',
    };
  }
  return { url };
}

/** Whether the host is this machine by its name or number alone; nothing is looked up. */
export function isLoopback({ hostname }: URL): boolean {
  if (hostname === 'localhost' || hostname === '[::1]') return true;
  return isIPv4(hostname) && hostname.startsWith('127.');
}

/** The address for messages: what follows `?` may be secret. */
export function describeAddress({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}
