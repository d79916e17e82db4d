import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { cookiesNamed, type CookieRequest } from '../auth/cookie-header.js';
import { OptionError } from '../errors/developer-errors.js';
import { RequestMalformedError } from '../errors/endpoint-errors.js';
import { SessionService } from '../sessions/session.service.js';
import type { TokenResponse } from '../sessions/token-response.js';
import type { AnsweredTokens } from './endpoint-options.js';
import { RequestFields, type BodyRequest } from './request-fields.js';
import {
  ENDPOINT_OPTIONS,
  type RefreshCookie,
  type ResolvedEndpointOptions,
} from './resolve-endpoint-options.js';
import { ENDPOINT_ROUTES, type EndpointRoutes } from './resolve-routes.js';

/** A request, and as much of the route it was matched to as the path of a cookie needs. */
export type RoutedRequest = CookieRequest &
  BodyRequest & {
    readonly route?: { readonly path?: unknown };
    readonly routeOptions?: { readonly url?: unknown };
  };

/** Where the refresh token of a request is, and how the next one gets to the client: body or cookie, never both. */
@Injectable()
export class RefreshTokenTransport {
  constructor(
    @Inject(ENDPOINT_OPTIONS) private readonly options: ResolvedEndpointOptions,
    @Inject(ENDPOINT_ROUTES) private readonly routes: EndpointRoutes,
    @Inject(SessionService) private readonly sessions: SessionService,
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
  ) {}

  /**
   * @returns undefined in cookie mode where the browser has no such cookie.
   * @throws RequestMalformedError where it cannot be said which it is.
   */
  read(request: RoutedRequest): string | undefined {
    if (!this.options.cookie) return RequestFields.of(request).token('refresh_token');
    const [token, ...more] = cookiesNamed(request, this.options.cookie.name);
    if (more.length > 0) throw new RequestMalformedError('The request has more than one such cookie');
    return token === '' ? undefined : token;
  }

  /** Hands the refresh token over. @returns what is left for the body. */
  hand(tokens: TokenResponse, request: RoutedRequest, response: object): AnsweredTokens {
    const { cookie } = this.options;
    if (!cookie) return tokens;
    const { refresh_token: refreshToken, ...rest } = tokens;
    const maxAge = Math.floor(this.sessions.policy.refreshTokenTtl);
    const attributes = { ...this.attributesOf(cookie, request), maxAge };
    this.adapterHost.httpAdapter.setCookie(response, cookie.name, refreshToken, attributes);
    return rest;
  }

  /** In cookie mode, has the browser forget a token that is worth nothing any more. */
  forget(request: RoutedRequest, response: object): void {
    const { cookie } = this.options;
    if (!cookie) return;
    this.adapterHost.httpAdapter.clearCookie(response, cookie.name, this.attributesOf(cookie, request));
  }

  private attributesOf({ path }: RefreshCookie, request: RoutedRequest) {
    return {
      path: path ?? this.pathOf(request),
      httpOnly: true,
      secure: true,
      sameSite: 'strict',
    } as const;
  }

  /**
   * The path that the endpoints have in common: with the application's prefix and version, which only the router knows.
   * It is the path as registered, never the one that was asked for.
   */
  private pathOf({ route, routeOptions }: RoutedRequest): string {
    const base = this.routes.base === '' ? '' : `/${this.routes.base}`;
    const ends = this.routes.routes.map(({ path }) => (path === '' ? base : `${base}/${path}`));
    const registered = routeOptions?.url ?? route?.path;
    const text = typeof registered === 'string' ? registered : base;
    const [end = text] = ends.filter((each) => text.endsWith(each)).sort((a, b) => b.length - a.length);
    const path = text.slice(0, text.length - end.length) + base || '/';
    if (!/[:*{(]/.test(path)) return path;
    throw new OptionError(
      'ERR_OPTION_INVALID',
      'The prefix of the application has parameters, which the path of a cookie cannot have. Give TokenEndpointsModule ' +
        "the option cookie: { path: '/' }.",
    );
  }
}
