import { isUtf8 } from 'node:buffer';
import { RemoteKeysError } from './remote-keys-error.js';

/** A JSON object of others, as parsed. Its members are read, never copied. */
export type RemoteObject = Readonly<Record<string, unknown>>;

/**
 * Parses what an address answered with. Its length is bounded already, and nothing goes into its depth.
 *
 * @param what - names it in the message, which never repeats any of it.
 * @throws RemoteKeysError `refused` where it is not the JSON of an object.
 */
export function parseRemoteObject(body: Buffer, what: string): RemoteObject {
  const text = isUtf8(body) ? body.toString('utf8') : '';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const isPage = text.trimStart().startsWith('<');
    throw new RemoteKeysError(
      'refused',
      `${what} is not JSON${isPage ? ', but a page of HTML or XML' : ''}.`,
    );
  }
  if (!isRemoteObject(value)) throw new RemoteKeysError('refused', `${what} is not a JSON object.`);
  return value;
}

export function isRemoteObject(value: unknown): value is RemoteObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
