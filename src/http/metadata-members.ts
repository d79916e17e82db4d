import { OptionError } from '../errors/developer-errors.js';
import { requireText } from '../tokens/option-text.js';
import { requireUrl } from './published-url.js';

/** What the value of a member is. */
export type MemberKind = 'text' | 'texts' | 'url' | 'urls';

/**
 * Checks the members that an application gives for a metadata document. A list has at least one element: one without has to
 * be left out (RFC 8414 §3.2, RFC 9728 §3.2).
 *
 * @throws OptionError `ERR_OPTION_UNKNOWN`, `ERR_OPTION_INVALID`, naming the member.
 */
export function assertMembers(
  given: unknown,
  kinds: Readonly<Record<string, MemberKind>>,
  option: string,
): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new OptionError('ERR_OPTION_INVALID', `${option} must be an object with the members to publish.`);
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(kinds, name)) throw unknown(name, kinds, option);
    assertMember(value, kinds[name]!, `${option}.${name}`);
  }
}

function assertMember(value: unknown, kind: MemberKind, where: string): void {
  const assertOne = kind === 'url' || kind === 'urls' ? requireUrl : requireText;
  if (kind === 'text' || kind === 'url') return void assertOne(value, where);
  if (!Array.isArray(value) || value.length === 0)
    throw new OptionError('ERR_OPTION_INVALID', `${where} must be a list that is not empty, or be left out.`);
  for (const element of value) assertOne(element, where);
}

function unknown(name: string, kinds: Readonly<Record<string, MemberKind>>, option: string): OptionError {
  const known = Object.keys(kinds).join(', ');
  const hint = name === 'issuer' ? 'It is the option issuer.' : 'Is it misspelled?';
  return new OptionError(
    'ERR_OPTION_UNKNOWN',
    `${option} takes no member ${name}. ${hint} The members are ${known}.`,
  );
}
