import { OptionError } from '../errors/developer-errors.js';

/** Where others find us: the origin, and the path without a slash at its end. */
export interface PublishedUrl {
  readonly origin: string;
  readonly path: string;
}

/** Characters that need no escaping in a URL (RFC 3986 §2.3), and mean nothing to a router. */
const PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+$/;
const IDENTIFIER = /^https?:\/\/[^/?#@\\]+(\/.*?)??\/?$/;
const VISIBLE_ASCII = /^[\x21-\x7e]+$/;
/** Wider than what keys may be fetched from (`remote-address`): at these nothing is asked, they are only told to others. */
const LOOPBACK = /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/;

/** Whether a route may have this path: segments of unreserved characters, no wildcard, no slash at the end. */
export function isPlainPath(path: unknown): path is string {
  return typeof path === 'string' && PATH.test(path);
}

/**
 * Reads the identifier of an issuer (RFC 8414 §2) or of a resource (RFC 9728 §1.2) from which the places of its documents
 * follow: https (http on the loopback interface), without query or fragment.
 *
 * @throws OptionError `ERR_OPTION_INVALID`, naming `option`.
 */
export function requirePublishedUrl(value: unknown, option: string): PublishedUrl {
  const text = requireUrl(value, option);
  const [, path = ''] = IDENTIFIER.exec(text) ?? [undefined, '?'];
  if (path === '' || isPlainPath(path)) return { origin: new URL(text).origin, path };
  throw invalid(
    `${option} must have no query and no fragment, and a path of letters, digits and -._~ only: documents are published under it.`,
  );
}

/**
 * Reads a URL that others are told: https, or http on the loopback interface, without a fragment.
 *
 * @throws OptionError `ERR_OPTION_INVALID`, naming `option`.
 */
export function requireUrl(value: unknown, option: string): string {
  if (typeof value === 'string' && VISIBLE_ASCII.test(value) && URL.canParse(value)) {
    const { protocol, hostname, username, password } = new URL(value);
    const isPrivate = protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
    if (isPrivate && username === '' && password === '' && !value.includes('#')) return value;
  }
  throw invalid(
    `${option} must be a URL that starts with https:// (http:// only for localhost), without credentials and fragment.`,
  );
}

function invalid(sentence: string): OptionError {
  return new OptionError('ERR_OPTION_INVALID', sentence);
}
