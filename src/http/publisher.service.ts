import type { OnApplicationBootstrap } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { OptionError } from '../errors/developer-errors.js';
import type { DocumentAnswer, PublishedDocument } from './published-document.js';

/** As much of a platform's request and response as is used. Fastify keeps node's response in `raw`; Express's is node's. */
interface PlatformRequest {
  readonly headers: Readonly<Record<string, unknown>>;
}
interface FastifyResponse {
  readonly raw: object;
  code(status: number): { headers(headers: DocumentAnswer['headers']): { send(body?: Buffer): unknown } };
}
interface NodeResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body?: Buffer): unknown;
}

/** As much of an Express application as shows its routes. Version 4 has them in `_router`. */
interface ExpressApplication {
  readonly _router?: ExpressRouter;
  readonly router?: ExpressRouter;
}
interface ExpressRouter {
  readonly stack?: readonly { readonly route?: ExpressRoute }[];
}
interface ExpressRoute {
  readonly path: unknown;
  readonly methods?: { readonly get?: boolean };
}

/**
 * Serves documents at fixed paths, for GET and HEAD. It registers them on the platform and not as a controller: no guard,
 * prefix, version, interceptor or filter of the application comes in between.
 */
export class Publisher implements OnApplicationBootstrap {
  constructor(
    private readonly documents: ReadonlyMap<string, PublishedDocument>,
    private readonly adapterHost: HttpAdapterHost,
  ) {}

  /**
   * To be called before Nest registers the routes of the application, or a wildcard among them would come first.
   *
   * @throws OptionError `ERR_OPTION_INVALID` where the path is taken, and the platform says so.
   */
  publish(): void {
    for (const [path, document] of this.documents) {
      const answer = (request: PlatformRequest, response: FastifyResponse | NodeResponse): void =>
        send(response, document.answer(request.headers['if-none-match']));
      try {
        this.adapterHost.httpAdapter.get(path, answer);
      } catch (cause) {
        throw taken(path, cause);
      }
    }
  }

  /** On Express a second route with the same path would silently never be reached. Fastify refuses it by itself. */
  onApplicationBootstrap(): void {
    if (this.documents.size === 0 || this.adapterHost.httpAdapter?.getType() !== 'express') return;
    const application = this.adapterHost.httpAdapter.getInstance<ExpressApplication>();
    const { stack = [] } = application._router ?? application.router ?? {};
    const paths = stack.flatMap(({ route }) => (route?.methods?.get === true ? [route.path] : []));
    for (const path of this.documents.keys()) {
      if (paths.indexOf(path) !== paths.lastIndexOf(path)) throw taken(path);
    }
  }
}

/** Not through Nest's adapter: on Express that adds a charset, which the media types of JSON do not have. */
function send(response: FastifyResponse | NodeResponse, { status, headers, body }: DocumentAnswer): void {
  if ('raw' in response) return void response.code(status).headers(headers).send(body);
  Object.assign(response, { statusCode: status });
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end(body);
}

function taken(path: string, cause?: unknown): OptionError {
  return new OptionError(
    'ERR_OPTION_INVALID',
    `GET ${path} is both a document that jwks, metadata or protectedResource publishes and a route of something else. ` +
      'Remove that route, or publish at another path: jwks: { path }.',
    { cause },
  );
}
