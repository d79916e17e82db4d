import { get as getHttp, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import { gunzipSync } from 'node:zlib';
import { describeAddress } from './remote-address.js';
import { RemoteKeysError } from './remote-keys-error.js';
import type { CacheHeaders } from './remote-refresh-schedule.js';

/** An answer, whole and within bounds. */
export interface RemoteResponse extends CacheHeaders {
  readonly status: number;
  /** The header Date, as it is: what time it is there (RFC 9110 §6.6.1). */
  readonly date: string | undefined;
  /** Decoded. Empty unless the status is 200. */
  readonly body: Buffer;
}

/** In octets, on the wire and decoded. A set of a hundred keys with certificates takes less. */
const LARGEST_BODY = 256 * 1024;

/** Interim answers (RFC 9110 §15.2) before the final one. We ask for none, and no server has use for many. */
const MOST_INTERIM = 8;

const HEADERS = {
  accept: 'application/jwk-set+json, application/json',
  // Only what is decoded here, where a bound holds.
  'accept-encoding': 'gzip',
  'user-agent': 'nestjs-jwt-rs256',
};

/**
 * Asks an address once: on a connection of its own, which is closed whatever happens; without following redirects; and
 * never holding more than the bound (docs/adr/0014).
 *
 * @param signal - ends it. Its reason is what the promise rejects with.
 * @throws RemoteKeysError
 */
export function fetchRemote(url: URL, signal: AbortSignal): Promise<RemoteResponse> {
  return new Promise((resolve, reject) => {
    const where = describeAddress(url);
    const get = url.protocol === 'https:' ? getHttps : getHttp;
    const request = get(url, { agent: false, headers: HEADERS });
    const end = (settle: () => void): void => {
      settle();
      signal.removeEventListener('abort', abort);
      request.destroy();
    };
    const fail = (error: Error): void => end(() => reject(error));
    const abort = (): void => fail(signal.reason as Error);
    signal.addEventListener('abort', abort);
    // The listeners stay: what a socket that was closed has to say later must not go unheard.
    request.on('error', (error) => fail(cutShort(where, error)));
    request.on('close', () => fail(cutShort(where)));
    let interim = 0;
    request.on('information', () => {
      if (++interim > MOST_INTERIM)
        fail(
          new RemoteKeysError('refused', `${where} does not get to its answer: interim ones keep coming.`),
        );
    });
    request.on('response', (response) => {
      // That it ended too early, the request tells as well.
      response.on('error', () => {});
      readBody(response, where).then(
        (body) => end(() => resolve(toResponse(response, body))),
        (error: unknown) => fail(error as Error),
      );
    });
    if (signal.aborted) abort();
  });
}

function toResponse(response: IncomingMessage, body: Buffer): RemoteResponse {
  const { 'cache-control': cacheControl, age, date } = response.headers;
  return { status: response.statusCode ?? 0, date, cacheControl, age, body };
}

/** Never resolves where the connection ends too early: `fetchRemote` hears of that. */
function readBody(response: IncomingMessage, where: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (response.statusCode !== 200) return resolve(Buffer.alloc(0));
    const chunks: Buffer[] = [];
    let length = 0;
    response.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= LARGEST_BODY) return void chunks.push(chunk);
      response.destroy();
      reject(tooLarge(where));
    });
    response.on('end', () => {
      try {
        resolve(decode(Buffer.concat(chunks), response.headers['content-encoding'], where));
      } catch (error) {
        reject(error as Error);
      }
    });
  });
}

function decode(body: Buffer, encoding: string | undefined, where: string): Buffer {
  if (encoding === undefined || /^(identity)?$/i.test(encoding)) return body;
  if (!/^(x-)?gzip$/i.test(encoding))
    throw new RemoteKeysError('refused', `${where} answered in an encoding that it was not asked for.`);
  try {
    return gunzipSync(body, { maxOutputLength: LARGEST_BODY });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(where);
    throw new RemoteKeysError('refused', `${where} answered with damaged gzip.`);
  }
}

function tooLarge(where: string): RemoteKeysError {
  return new RemoteKeysError('refused', `${where} answered with more than ${LARGEST_BODY / 1024} kB.`);
}

/** Of the error, the code alone: that of an answer which cannot be parsed has octets of the answer in it. */
function cutShort(where: string, error?: NodeJS.ErrnoException): RemoteKeysError {
  const reason = error?.code ?? 'the connection was closed too early';
  return new RemoteKeysError('unavailable', `${where} gave no whole answer (${reason}).`);
}
