import { OptionError } from '../errors/developer-errors.js';

/** As much of a request as cookies are read from; Express's and Fastify's both fit. */
export interface CookieRequest {
  readonly headers?: Readonly<Record<string, unknown>>;
}

/** RFC 6265 §4.1.1, RFC 9110 §5.6.2. */
const COOKIE_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** The only white space that browsers take off. More would let a cookie of another name pass for one with a prefix. */
const WHITE_SPACE = ' \t';

/**
 * Reads an option that names a cookie.
 *
 * @throws OptionError `ERR_OPTION_INVALID`, naming `option`.
 */
export function requireCookieName(name: unknown, option: string): string {
  if (typeof name === 'string' && COOKIE_NAME.test(name)) return name;
  throw new OptionError(
    'ERR_OPTION_INVALID',
    `${option} must be the name of a cookie: letters, digits, - and _ (RFC 6265 §4.1.1).`,
  );
}

/**
 * The values of all cookies of this name, as they were sent: neither unquoted nor percent-decoded. More than one means
 * that somebody else, another host of the domain say, has set one too, and nobody can say which is whose.
 */
export function cookiesNamed({ headers }: CookieRequest, name: string): readonly string[] {
  const header = headers?.cookie;
  // Node joins several lines into one; another adapter may not.
  const text: unknown = Array.isArray(header) ? header.join(';') : header;
  if (typeof text !== 'string') return [];
  const values: string[] = [];
  for (const pair of text.split(';')) {
    const equals = pair.indexOf('=');
    if (equals !== -1 && trim(pair.slice(0, equals)) === name) values.push(trim(pair.slice(equals + 1)));
  }
  return values;
}

/** Counted from both ends: an expression for the white space at the end takes quadratic time for what is in the middle. */
function trim(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && WHITE_SPACE.includes(text[start]!)) start++;
  while (end > start && WHITE_SPACE.includes(text[end - 1]!)) end--;
  return text.slice(start, end);
}
