import { BlockList, isIPv4 } from 'node:net';

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

/** Reads an address that was found at another one. Who is elsewhere must not make this machine ask its own ports. */
export function readPointedAddress(text: unknown, from: URL, allowInsecureHttp: boolean): RemoteAddress {
  const address = readRemoteAddress(text, allowInsecureHttp);
  if (address.fault !== undefined || allowInsecureHttp || !leadsHere(address.url) || isLoopback(from))
    return address;
  return { fault: 'is on this machine, and what has it in it is not' };
}

/** Whether the host is this machine by its name or number alone; nothing is looked up. */
function isLoopback({ hostname }: URL): boolean {
  if (hostname === 'localhost' || hostname === '[::1]') return true;
  return isIPv4(hostname) && hostname.startsWith('127.');
}

/** What a system connects to itself for: the loopback interface, and the address that is none (RFC 1122 §3.2.1.3). */
const HERE = new BlockList();
HERE.addSubnet('127.0.0.0', 8, 'ipv4');
HERE.addSubnet('0.0.0.0', 8, 'ipv4');
HERE.addSubnet('::', 127, 'ipv6');

/** More than `isLoopback` takes for this machine: there a name in doubt is not trusted, here it is not asked. */
function leadsHere({ hostname }: URL): boolean {
  const name = hostname.replace(/\.$/, '');
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  // An IPv4 address within an IPv6 one is compared as what it is.
  return hostname.startsWith('[')
    ? HERE.check(hostname.slice(1, -1), 'ipv6')
    : isIPv4(name) && HERE.check(name);
}

/** The address for messages: what follows `?` may be secret. */
export function describeAddress({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}
