import { JwtRs256Error } from '../errors/jwt-rs256-error.js';
import { printable } from './printable.js';
import { UsageError } from './terminal.js';

/** One line for an error. What messages call an option is a flag here. */
export function explainError(error: unknown): string {
  return printable(sentenceOf(error));
}

function sentenceOf(error: unknown): string {
  if (error instanceof UsageError) return `${error.message} See ${error.help}`;
  if (error instanceof JwtRs256Error) return `${error.code}: ${error.message}${howHere(error.code)}`;
  return error instanceof Error ? error.message : String(error);
}

function howHere(code: string): string {
  if (code !== 'ERR_KEY_ENCRYPTED' && code !== 'ERR_KEY_PASSPHRASE') return '';
  return ' Here that is --passphrase-file, or the environment variable JWT_RS256_PASSPHRASE.';
}
