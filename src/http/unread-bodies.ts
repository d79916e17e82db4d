/** What of an HTTP adapter is needed to answer for the parsers before the routes. */
export interface BodyReadingPlatform {
  getType(): string;
  getInstance(): unknown;
}

/** How the endpoints answer a body that could not be read. */
export interface UnreadAnswer {
  /** Whether this path, with whatever prefix, is an endpoint's. */
  isEndpoint(path: string): boolean;
  /** Makes what is answered. What the parser says may quote the body, and so the password in it. */
  refusal(): Error;
}

interface Express {
  use(handler: (error: unknown, request: { path?: string }, response: Reply, next: Next) => void): void;
}
type Next = (error: unknown) => void;

interface Fastify {
  addHook(name: 'onRoute', hook: (route: FastifyRoute) => void): void;
}
interface FastifyRoute {
  readonly url: string;
  errorHandler?: (error: unknown, request: unknown, reply: Reply & { send(error: unknown): void }) => void;
}
interface Reply {
  setHeader?(name: string, value: string): void;
  header?(name: string, value: string): void;
}

/** RFC 6749 §5.1, RFC 9111 §5.2.2.5. Pragma is for those who never heard of the other. */
export const NOT_TO_BE_STORED: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  Pragma: 'no-cache',
};

/**
 * Answers bodies that cannot be read as the endpoints answer everything else. The parsers run before the routes, and
 * before the filters of a controller: an Express application hears of their errors from an error handler that comes
 * after them, Fastify from the route's own. To be called after the parsers are in place and before the routes are.
 */
export function answerUnreadBodies(platform: BodyReadingPlatform, answer: UnreadAnswer): void {
  if (platform.getType() === 'express') onExpress(platform.getInstance() as Express, answer);
  if (platform.getType() === 'fastify') onFastify(platform.getInstance() as Fastify, answer);
}

function onExpress(express: Express, answer: UnreadAnswer): void {
  // Express knows an error handler by its four parameters.
  express.use((error, request, response, next) => {
    if (!answer.isEndpoint(request.path ?? '')) return next(error);
    for (const [name, value] of Object.entries(NOT_TO_BE_STORED)) response.setHeader?.(name, value);
    return next(isUnreadable(error) ? answer.refusal() : error);
  });
}

function onFastify(fastify: Fastify, answer: UnreadAnswer): void {
  fastify.addHook('onRoute', (route) => {
    if (!answer.isEndpoint(route.url)) return;
    // What it sends goes on to the handler of the application, which is Nest's.
    route.errorHandler ??= (error, _request, reply) => {
      for (const [name, value] of Object.entries(NOT_TO_BE_STORED)) reply.header?.(name, value);
      reply.send(isUnreadable(error) ? answer.refusal() : error);
    };
  });
}

/** Malformed, or of a type that nobody reads. One that is too large keeps its 413. */
function isUnreadable(error: unknown): boolean {
  const { statusCode, status } = Object(error) as { statusCode?: unknown; status?: unknown };
  const given = statusCode ?? status;
  return given === 400 || given === 415;
}
