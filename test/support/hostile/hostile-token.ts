/** A token that must not be accepted. */
export interface HostileToken {
  /** What is wrong with it, in words. Unique in the corpus. */
  readonly name: string;
  readonly token: unknown;
  /** The code that it is refused with. */
  readonly code: HostileCode;
}

export type HostileCode =
  | 'ERR_TOKEN_MALFORMED'
  | 'ERR_TOKEN_ALGORITHM'
  | 'ERR_TOKEN_TYPE'
  | 'ERR_TOKEN_KEY_UNKNOWN'
  | 'ERR_TOKEN_SIGNATURE'
  | 'ERR_TOKEN_CLAIM'
  | 'ERR_TOKEN_EXPIRED'
  | 'ERR_TOKEN_NOT_YET_VALID';

export const MALFORMED = 'ERR_TOKEN_MALFORMED';
export const ALGORITHM = 'ERR_TOKEN_ALGORITHM';
export const TYPE = 'ERR_TOKEN_TYPE';
export const KEY_UNKNOWN = 'ERR_TOKEN_KEY_UNKNOWN';
export const SIGNATURE = 'ERR_TOKEN_SIGNATURE';
export const CLAIM = 'ERR_TOKEN_CLAIM';
export const EXPIRED = 'ERR_TOKEN_EXPIRED';
export const NOT_YET_VALID = 'ERR_TOKEN_NOT_YET_VALID';

/** Tokens that are refused with the same code, by what is wrong with each. */
export function refusedAs(code: HostileCode, tokens: Readonly<Record<string, unknown>>): HostileToken[] {
  return Object.entries(tokens).map(([name, token]) => ({ name, token, code }));
}

/** The same, for what only the names are needed of: `make` turns each value into a token. */
export function eachRefusedAs<T>(
  code: HostileCode,
  values: Readonly<Record<string, T>>,
  make: (value: T) => unknown,
): HostileToken[] {
  return Object.entries(values).map(([name, value]) => ({ name, token: make(value), code }));
}

/** A readable name for characters that are not. */
export function visible(text: string): string {
  return JSON.stringify(text).replace(
    /[^\x20-\x7e]/gu,
    (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`,
  );
}
