import { isUtf8 } from 'node:buffer';

/** A JSON object as parsed: a plain object, deep-frozen. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** How deep objects and arrays may nest, in a token that we verify and in one that we issue. */
export const DEEPEST_JSON = 32;

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether the text has no lone surrogates. They all become U+FFFD in UTF-8, so two subjects would collapse into one. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/**
 * Parses the octets of a JSON object so that no two parsers can read them differently: UTF-8 without errors or a
 * byte order mark, no duplicate member at any level (RFC 7519 §4), no `__proto__`, no lone surrogate, at most
 * 32 levels. The result is deep-frozen.
 *
 * @returns undefined for anything else.
 */
export function parseStrictJson(octets: Buffer): JsonObject | undefined {
  if (!isUtf8(octets)) return undefined;
  const text = octets.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  // JSON.parse keeps the last of duplicate members, so the parsed value then has fewer members than the text.
  if (freezeAndCount(value, 1) !== countMembers(octets)) return undefined;
  // Valid UTF-8 has no surrogates, so only an escape can bring one in.
  return text.includes('\\') && !isWellFormedThroughout(value) ? undefined : (value as JsonObject);
}

/** Deep-freezes the value. Returns how many members its objects have, or NaN where it is not acceptable. */
function freezeAndCount(value: object, depth: number): number {
  if (depth > DEEPEST_JSON || Object.hasOwn(value, '__proto__')) return Number.NaN;
  Object.freeze(value);
  const items: unknown[] = Object.values(value);
  let members = Array.isArray(value) ? 0 : items.length;
  for (const item of items) {
    if (typeof item === 'object' && item !== null) members += freezeAndCount(item, depth + 1);
  }
  return members;
}

function isWellFormedThroughout(value: unknown): boolean {
  if (typeof value === 'string') return isWellFormed(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([name, item]) => isWellFormed(name) && isWellFormedThroughout(item));
}

/**
 * Members in JSON text that is known to be valid: each has exactly one colon outside a string. Octets are read faster
 * than characters, and in UTF-8 none of a longer character looks like one of these.
 */
function countMembers(octets: Buffer): number {
  let members = 0;
  for (let at = 0; at < octets.length; at++) {
    const octet = octets[at];
    if (octet === COLON) members++;
    else if (octet === QUOTE) at = endOfString(octets, at + 1);
  }
  return members;
}

const COLON = 0x3a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function endOfString(octets: Buffer, from: number): number {
  let at = from;
  while (at < octets.length && octets[at] !== QUOTE) at += octets[at] === BACKSLASH ? 2 : 1;
  return at;
}
