import { OptionError } from '../errors/developer-errors.js';

/** The members of options of the type `T`. A record, so that the compiler misses the one that was forgotten. */
export type KnownMembers<T> = Readonly<Record<keyof T, true>>;

/**
 * Refuses an option that nobody reads: whoever wrote it believes that it counts.
 *
 * @param known - has a member for each that there is.
 * @param owner - whose options these are, for the message.
 * @throws OptionError `ERR_OPTION_UNKNOWN`, naming the option and those that there are.
 */
export function assertKnownMembers(given: object, known: object, owner: string): void {
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(known, name));
  if (unknown === undefined) return;
  throw new OptionError(
    'ERR_OPTION_UNKNOWN',
    `${owner} knows no option ${unknown}. Is it misspelled? The options are ${Object.keys(known).join(', ')}.`,
  );
}
