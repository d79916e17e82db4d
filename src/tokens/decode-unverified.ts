import { parseClaims, parseHeader, splitCompactJws } from './compact-jws.js';
import type { JsonObject } from './strict-json.js';

/** What a token says of itself. Anybody can write that. */
export interface UnverifiedToken {
  readonly header: JsonObject;
  readonly claims: JsonObject;
}

/**
 * Takes a token apart without verifying it. Nothing in the result is to be trusted: use it to look at a token, never
 * to decide.
 *
 * @param maxLength - characters.
 * @throws TokenMalformedError
 */
export function decodeUnverified(token: string, maxLength: number): UnverifiedToken {
  const { encodedHeader, payload } = splitCompactJws(token, maxLength);
  return { header: parseHeader(encodedHeader), claims: parseClaims(payload) };
}
