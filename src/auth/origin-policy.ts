import { OptionError } from '../errors/developer-errors.js';
import { CrossSiteRequestError } from '../errors/endpoint-errors.js';

/** As much of a request as says who made it; Express's and Fastify's both fit. */
export interface OriginRequest {
  readonly method?: unknown;
  /** Where a middleware took another method from a header or a field, the one of the request line is here. */
  readonly originalMethod?: unknown;
  readonly headers?: Readonly<Record<string, unknown>>;
  /** Fastify keeps the platform's request here. */
  readonly raw?: { readonly method?: unknown };
}

/** RFC 9110 §9.2.1. */
const SAFE_METHODS: readonly unknown[] = ['GET', 'HEAD', 'OPTIONS'];
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': ':80', 'https:': ':443' };

/**
 * Refuses requests that another site made. A browser sends cookies with those too; what it says of their origin, no
 * page can change. Only where cookies count has this to be asked.
 */
export class OriginPolicy {
  readonly #trusted: ReadonlySet<string>;

  /**
   * @param trustedOrigins - other origins that may: `['https://app.example.com']`.
   * @throws OptionError `ERR_OPTION_INVALID`
   */
  constructor(trustedOrigins: unknown = []) {
    if (!Array.isArray(trustedOrigins)) throw notOrigins();
    this.#trusted = new Set(trustedOrigins.map(requireOrigin));
  }

  /**
   * Lets safe methods through, for they change nothing. Of the others those whose Sec-Fetch-Site is `same-origin` or
   * `none`; where there is no such header, those without an Origin, which no browser makes, and those whose Origin has
   * the host that is asked.
   *
   * @throws CrossSiteRequestError
   */
  assertNotCrossSite(request: OriginRequest): void {
    if (isSafe(request)) return;
    const origin = headerOf(request, 'origin');
    const site = headerOf(request, 'sec-fetch-site');
    if (site === undefined ? origin === undefined || isOfHost(origin, request) : isOwn(site)) return;
    if (origin !== undefined && this.#trusted.has(origin)) return;
    throw new CrossSiteRequestError();
  }
}

/** By every method that the request may be taken for; and a WebSocket can do anything, though it begins as a GET. */
function isSafe(request: OriginRequest): boolean {
  const { method, originalMethod, raw } = request;
  const methods = [method, originalMethod, raw?.method].filter((name) => name !== undefined);
  return (
    methods.length > 0 &&
    methods.every((name) => SAFE_METHODS.includes(name)) &&
    headerOf(request, 'upgrade') === undefined
  );
}

/** `none` is a person's own doing: an address typed in, a bookmark. */
function isOwn(site: string): boolean {
  return site === 'same-origin' || site === 'none';
}

/** HTTP/2 names the host in `:authority`. Nothing that a proxy may or may not have set is looked at. */
function isOfHost(origin: string, request: OriginRequest): boolean {
  const host = (headerOf(request, ':authority') ?? headerOf(request, 'host'))?.toLowerCase();
  const url = parseOrigin(origin);
  if (!url || host === undefined) return false;
  return url.host === host || (url.port === '' && url.host + DEFAULT_PORTS[url.protocol] === host);
}

/** Lines of one name are joined, so that two that differ are neither. */
function headerOf({ headers }: OriginRequest, name: string): string | undefined {
  const value = headers?.[name];
  if (value === undefined) return undefined;
  return Array.isArray(value) ? value.join(', ') : (value as string);
}

/** An origin as browsers write it (RFC 6454 §6.2): no path, no default port, nothing else. `null` is none. */
function parseOrigin(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.host !== '' && `${url.protocol}//${url.host}` === text.toLowerCase() ? url : undefined;
}

function requireOrigin(origin: unknown): string {
  const url = typeof origin === 'string' && !origin.includes('*') ? parseOrigin(origin) : undefined;
  if (!url) throw notOrigins();
  return `${url.protocol}//${url.host}`;
}

function notOrigins(): OptionError {
  return new OptionError(
    'ERR_OPTION_INVALID',
    "trustedOrigins must be a list of origins as browsers write them, such as 'https://app.example.com': scheme, host, and " +
      'the port where it is not the usual one. There are no wildcards.',
  );
}
