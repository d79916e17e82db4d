import { OptionError } from '../errors/developer-errors.js';
import { isWellFormed } from './strict-json.js';

/**
 * Reads an option, or a member of one, that must be a text.
 *
 * @throws OptionError `ERR_OPTION_INVALID`, naming `option`.
 */
export function requireText(value: unknown, option: string): string {
  if (typeof value === 'string' && value !== '' && isWellFormed(value)) return value;
  throw new OptionError('ERR_OPTION_INVALID', `${option} must be a text of well-formed Unicode, not empty.`);
}

/**
 * Reads an option that is a list of names of claims. It may be empty.
 *
 * @throws OptionError `ERR_OPTION_INVALID`, naming `option`.
 */
export function requireClaimNames(value: unknown, option: string): readonly string[] {
  if (Array.isArray(value)) return value.map((name) => requireText(name, option));
  throw new OptionError('ERR_OPTION_INVALID', `${option} must be a list of claim names.`);
}

/**
 * Reads an option that is a text or a list of texts, as a list.
 *
 * @throws OptionError `ERR_OPTION_INVALID`, naming `option`.
 */
export function requireTexts(value: unknown, option: string): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw new OptionError('ERR_OPTION_INVALID', `${option} must not be an empty list.`);
  return list.map((member) => requireText(member, option));
}
