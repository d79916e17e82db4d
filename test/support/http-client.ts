import { request, type IncomingMessage } from 'node:http';

/** Header lines as they go onto the wire, in order: repeated names and odd white space included. */
export type HeaderLines = readonly (readonly [name: string, value: string])[];

export interface HttpRequest {
  readonly method?: string;
  readonly headers?: HeaderLines;
  /** Sent as it is. */
  readonly body?: string | Buffer;
}

/** What a server answered. */
export interface HttpAnswer {
  readonly status: number;
  /** Parsed, where it is JSON. */
  readonly body: any;
  readonly headers: IncomingMessage['headers'];
  /** WWW-Authenticate, where there is one. */
  readonly challenge: string | undefined;
}

/** One request on a connection of its own. Unlike fetch, it changes nothing about the header lines. */
export function send(
  url: string,
  { method = 'GET', headers = [], body }: HttpRequest = {},
): Promise<HttpAnswer> {
  const lines: string[] = ['Host', new URL(url).host];
  for (const [name, value] of headers) lines.push(name, value);
  if (body !== undefined) lines.push('Content-Length', String(Buffer.byteLength(body)));
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers: lines, agent: false }, (incoming) => {
      read(incoming)
        .then((text) => resolve(answerOf(incoming, text)))
        .catch(reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function read(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function answerOf({ statusCode, headers }: IncomingMessage, text: string): HttpAnswer {
  return {
    status: statusCode ?? 0,
    body: text !== '' && headers['content-type']?.startsWith('application/json') ? JSON.parse(text) : text,
    headers,
    challenge: headers['www-authenticate'],
  };
}
