import { TokenTypeError } from '../errors/token-errors.js';
import type { TokenType } from './claims.js';

/**
 * Compares `typ` as a media type: in any case, with or without the prefix `application/` (RFC 7515 §4.1.9).
 *
 * @throws TokenTypeError
 */
export function assertTokenType(typ: unknown, expected: TokenType): void {
  if (typ === expected) return;
  if (typeof typ === 'string' && typ.toLowerCase().replace(/^application\//, '') === expected.toLowerCase())
    return;
  throw new TokenTypeError(`The token is not of type ${expected}`);
}
