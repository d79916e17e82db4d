import { TokenTypeError } from '../errors/token-errors.js';
import type { TokenType } from './claims.js';

/** Whether the value names a type that tokens may be stamped with, or asked for. */
export function isTokenType(value: unknown): value is TokenType {
  return value === 'at+jwt' || value === 'JWT';
}

/**
 * Compares `typ` as a media type: in any case, with or without the prefix `application/` (RFC 7515 §4.1.9).
 *
 * @param expected - undefined: `at+jwt`, `JWT`, or no typ at all, which is what issuers stamp on access tokens.
 * @throws TokenTypeError
 */
export function assertTokenType(typ: unknown, expected: TokenType | undefined): void {
  if (typ === expected) return;
  if (
    expected === undefined
      ? isMediaType(typ, 'at+jwt') || isMediaType(typ, 'JWT')
      : isMediaType(typ, expected)
  )
    return;
  throw new TokenTypeError(`The token is not of type ${expected ?? 'at+jwt or JWT'}`);
}

function isMediaType(typ: unknown, expected: TokenType): boolean {
  if (typeof typ !== 'string') return false;
  return typ === expected || typ.toLowerCase().replace(/^application\//, '') === expected.toLowerCase();
}
