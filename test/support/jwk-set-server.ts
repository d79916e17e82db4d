import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';

/** How the server answers a request. */
export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

/** What arrived, and what became of it. */
interface Arrival {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly socket: Socket;
}

/** An HTTP server that answers as a JWK Set's should, or in every way that it should not, and counts. */
export class JwkSetServer {
  readonly arrivals: Arrival[] = [];
  /** What is answered at paths that have no answer of their own. */
  answer: Answer;
  readonly at = new Map<string, Answer>();
  readonly #server = createServer((request, response) => this.#receive(request, response));
  readonly #sockets = new Set<Socket>();
  #port = 0;
  #wake = (): void => {};

  private constructor(answer: Answer) {
    this.answer = answer;
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        this.#wake();
      });
    });
  }

  static async start(answer: Answer): Promise<JwkSetServer> {
    const server = new JwkSetServer(answer);
    await server.listen();
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get jwksUri(): string {
    return `${this.origin}/jwks.json`;
  }

  /** Requests, but for those of `settle`. */
  get count(): number {
    return this.arrivals.length;
  }

  get openSockets(): number {
    return this.#sockets.size;
  }

  get paths(): string[] {
    return this.arrivals.map(({ path }) => path);
  }

  /** Resolves once this holds; it is looked at whenever something arrives or ends. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => void (this.#wake = resolve));
  }

  /** Connections are accepted in their order, so whatever was sent before this has arrived after it. */
  async settle(): Promise<void> {
    await (await fetch(`${this.origin}/settle`, { headers: { connection: 'close' } })).arrayBuffer();
  }

  /** Refuses connections from now on, at the same port. */
  async refuse(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Takes connections, again if it refused them. */
  async listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    if (request.url === '/settle') return void response.end();
    response.on('error', () => {});
    const { url: path = '', headers, socket } = request;
    this.arrivals.push({ path, headers, socket });
    (this.at.get(path) ?? this.answer)(response, request);
    this.#wake();
  }
}

type Headers = Readonly<Record<string, string>>;

/** A document, as JSON unless it is a text. */
export function document(body: unknown, headers: Headers = {}): Answer {
  const text = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return (response) => response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(text);
}

export function jwkSet(keys: readonly unknown[], headers?: Headers): Answer {
  return document({ keys }, headers);
}

export function status(code: number, headers: Headers = {}): Answer {
  return (response) => response.writeHead(code, headers).end('{"keys":[]}');
}

/** Takes the request and does nothing, ever. */
export const hang: Answer = () => {};

/** Answers the headers, and then nothing. */
export const hangInBody: Answer = (response) => response.writeHead(200).flushHeaders();

/** An octet at a time, without end. */
export const drip: Answer = (response) => {
  response.writeHead(200);
  const timer = setInterval(() => response.write(' '), 2);
  response.on('close', () => clearInterval(timer));
};

/** Headers an octet at a time, without end. */
export const dripHeaders: Answer = (response) => {
  response.socket?.write('HTTP/1.1 200 OK\r\nx-drip: ');
  const timer = setInterval(() => response.socket?.write('a'), 2);
  response.socket?.on('close', () => clearInterval(timer));
};

/** So many octets of blanks before the set, as fast as they are taken. */
export function huge(octets: number, headers: Headers = {}): Answer {
  return (response) => {
    response.writeHead(200, headers);
    const blank = Buffer.alloc(64 * 1024, ' ');
    let left = octets;
    const pump = (): void => {
      while (left > 0 && !response.destroyed) {
        left -= blank.length;
        if (!response.write(blank)) return void response.once('drain', pump);
      }
      response.end('{"keys":[]}');
    };
    pump();
  };
}

/** A short text that is so many octets when it is decoded. */
export function gzipBomb(octets: number): Answer {
  const body = gzipSync(Buffer.alloc(octets, ' '), { level: 9 });
  return document(body, { 'content-encoding': 'gzip' });
}

export function gzipped(keys: readonly unknown[]): Answer {
  return document(gzipSync(JSON.stringify({ keys })), { 'content-encoding': 'gzip' });
}

/** Ends its side in the middle of what it announced. */
export const halfClose: Answer = (response) => {
  response.socket?.end('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{"keys":[');
};

/** Resets the connection in the middle of a chunk. */
export const reset: Answer = (response) => {
  response.writeHead(200).write('{"keys":[');
  setImmediate(() => response.socket?.resetAndDestroy());
};

/** What is no HTTP at all. */
export const noHttp: Answer = (response) => void response.socket?.end('220 mail.example.com ESMTP\r\n\r\n');

/** Switches to another protocol, without being asked to. */
export const upgrade: Answer = (response) =>
  void response.socket?.write(
    'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
  );

/** Headers without end, within the deadline. */
export const endlessHeaders: Answer = (response) => {
  response.socket?.write('HTTP/1.1 200 OK\r\n');
  for (let line = 0; line < 10_000; line++) response.socket?.write(`x-${line}: ${'a'.repeat(100)}\r\n`);
};
