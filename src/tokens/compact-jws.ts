import { TokenMalformedError } from '../errors/token-errors.js';
import { decodeBase64url } from './base64url.js';
import { parseStrictJson, type JsonObject } from './strict-json.js';

/** A JWS in the compact serialization (RFC 7515 §7.1), taken apart into octets. Nothing in it is trusted yet. */
export interface CompactJws {
  /** The first segment as it was sent: the same text is the same header, so it need not be decoded each time. */
  readonly encodedHeader: string;
  readonly payload: Buffer;
  readonly signature: Buffer;
  /** What the signature is over: `BASE64URL(header) + '.' + BASE64URL(payload)`. */
  readonly signingInput: string;
}

/**
 * Takes a compact JWS apart, refusing whatever is not exactly one.
 *
 * @param maxLength - characters; a longer token is refused before anything is parsed.
 * @throws TokenMalformedError
 */
export function splitCompactJws(token: unknown, maxLength: number): CompactJws {
  if (typeof token !== 'string') throw new TokenMalformedError('The access token is not a text');
  if (token.length > maxLength) throw new TokenMalformedError('The access token is too long');
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  if (second === -1 || token.includes('.', second + 1))
    throw new TokenMalformedError('The access token does not have three segments');
  const payload = decodeBase64url(token.slice(first + 1, second));
  const signature = decodeBase64url(token.slice(second + 1));
  if (!payload || !signature) throw notCanonical();
  return { encodedHeader: token.slice(0, first), payload, signature, signingInput: token.slice(0, second) };
}

/**
 * Decodes and parses the header (RFC 7515 §4).
 *
 * @throws TokenMalformedError
 */
export function parseHeader(encoded: string): JsonObject {
  const octets = decodeBase64url(encoded);
  if (!octets) throw notCanonical();
  const header = parseStrictJson(octets);
  if (!header) throw new TokenMalformedError('The header of the access token is not a strict JSON object');
  return header;
}

/**
 * Parses the payload as a JWT Claims Set (RFC 7519 §7.2, step 10).
 *
 * @throws TokenMalformedError
 */
export function parseClaims(octets: Buffer): JsonObject {
  const claims = parseStrictJson(octets);
  if (!claims) throw new TokenMalformedError('The claims of the access token are not a strict JSON object');
  return claims;
}

function notCanonical(): TokenMalformedError {
  return new TokenMalformedError('The access token is not canonical base64url');
}
