import {
  type ConfigurableModuleAsyncOptions,
  type DynamicModule,
  Inject,
  type InjectionToken,
  type MiddlewareConsumer,
  Module,
  type ModuleMetadata,
  type NestModule,
  type Provider,
  type Type,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { JwtRs256Strategy } from '../auth/jwt-rs256.strategy.js';
import { OptionError } from '../errors/developer-errors.js';
import { RequestMalformedError } from '../errors/endpoint-errors.js';
import { SessionService } from '../sessions/session.service.js';
import { Authenticator } from './authenticator.js';
import { EndpointAnswers } from './endpoint-answers.service.js';
import type { EndpointName, TokenEndpoints, TokenEndpointsOptions } from './endpoint-options.js';
import { makeIntrospectController } from './introspect.controller.js';
import { makeLoginController } from './login.controller.js';
import { Logins } from './login.service.js';
import { makeLogoutAllController } from './logout-all.controller.js';
import { makeLogoutController } from './logout.controller.js';
import { makeRefreshController } from './refresh.controller.js';
import { RefreshTokenTransport } from './refresh-token-transport.service.js';
import { RequestSubjects } from './request-subject.service.js';
import {
  ENDPOINT_OPTIONS,
  resolveEndpointOptions,
  type ResolvedEndpointOptions,
} from './resolve-endpoint-options.js';
import { ENDPOINT_ROUTES, resolveRoutes, type EndpointRoute, type EndpointRoutes } from './resolve-routes.js';
import { makeRevokeController } from './revoke.controller.js';
import { makeSessionsController } from './sessions.controller.js';
import { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } from './token-endpoints.module-definition.js';
import { answerUnreadBodies, NOT_TO_BE_STORED } from './unread-bodies.js';

/** Where the authenticator comes from: a class that Nest makes here, or a provider without its `provide`. */
export type AuthenticatorProvider =
  | Type<Authenticator>
  | { useClass: Type<Authenticator> }
  | { useExisting: InjectionToken }
  | { useValue: Authenticator }
  | { useFactory: (...args: never[]) => Authenticator | Promise<Authenticator>; inject?: InjectionToken[] };

/** What decides which routes and providers there are, and so cannot come from an asynchronous factory. */
export interface TokenEndpointsExtras {
  /** Where the endpoints are. Default: `'auth'`. */
  path?: string;
  /** Which endpoints there are. Each is off unless it is named. */
  endpoints: TokenEndpoints;
  /** Who knows the passwords. The login needs it. */
  authenticator?: AuthenticatorProvider;
  /** Modules that have what the authenticator injects. */
  imports?: ModuleMetadata['imports'];
}

/** The options of `forRootAsync`: where the options come from, and what stands beside them. */
export type TokenEndpointsAsyncOptions = ConfigurableModuleAsyncOptions<TokenEndpointsOptions> &
  TokenEndpointsExtras;

const MAKERS: Readonly<Record<EndpointName, (base: string, route: EndpointRoute) => Type>> = {
  login: makeLoginController,
  refresh: makeRefreshController,
  logout: makeLogoutController,
  logoutAll: makeLogoutAllController,
  sessions: makeSessionsController,
  revoke: makeRevokeController,
  introspect: makeIntrospectController,
};

const CONTROLLERS = Symbol('JwtRs256EndpointControllers');

/**
 * Endpoints for the sessions of `JwtRs256Module`: login, refresh, log-out, list, revoke, introspect. Each is off unless
 * it is asked for.
 *
 * @example
 * ```ts
 * import { Injectable, Module } from '@nestjs/common';
 * import { Authenticator, JwtRs256Module, TokenEndpointsModule } from 'nestjs-jwt-rs256';
 *
 * @Injectable()
 * class Users extends Authenticator {
 *   override authenticate(username: string, password: string) {
 *     return username === 'alice' && password === 'correct horse' ? { sub: 'alice' } : null;
 *   }
 * }
 *
 * @Module({
 *   imports: [
 *     JwtRs256Module.forRoot({
 *       privateKey: { file: 'keys/rs256.pem' },
 *       issuer: 'https://auth.example.com',
 *       audience: 'orders',
 *       sessions: {},
 *     }),
 *     TokenEndpointsModule.forRoot({
 *       authenticator: Users,
 *       endpoints: { login: true, refresh: true, logout: true },
 *     }),
 *   ],
 * })
 * export class AppModule {}
 * ```
 */
@Module({})
export class TokenEndpointsModule implements NestModule {
  constructor(
    @Inject(CONTROLLERS) private readonly controllers: readonly Type[],
    @Inject(ENDPOINT_ROUTES) private readonly routes: EndpointRoutes,
    @Inject(JwtRs256Strategy) private readonly strategy: JwtRs256Strategy,
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
  ) {}

  /**
   * @throws OptionError `ERR_OPTION_MODULE`, `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`. What else is wrong, such as
   * sessions that are off (SessionsOffError), stops the boot.
   */
  static forRoot(options: TokenEndpointsOptions & TokenEndpointsExtras): DynamicModule {
    assertGiven(options, 'forRoot');
    return assemble(ConfigurableModuleClass.forRoot(withoutExtras(options)), options);
  }

  /**
   * The options from a factory: `useFactory` (with `inject` and `imports`), `useClass` or `useExisting`. `path`,
   * `endpoints` and `authenticator` stand beside it.
   *
   * @throws OptionError as `forRoot`.
   */
  static forRootAsync(options: TokenEndpointsAsyncOptions): DynamicModule {
    assertGiven(options, 'forRootAsync');
    if (!options.useFactory && !options.useClass && !options.useExisting) {
      throw misuse(
        '.forRootAsync needs useFactory, useClass or useExisting, to know where its options come from.',
      );
    }
    return assemble(ConfigurableModuleClass.forRootAsync(withoutExtras(options)), options);
  }

  /** Nest calls it when the parsers are in place and the routes are not. */
  configure(consumer: MiddlewareConsumer): void {
    const { base, routes } = this.routes;
    const ends = routes.map(({ path }) => `/${[base, path].filter(Boolean).join('/')}`.toLowerCase());
    answerUnreadBodies(this.adapterHost.httpAdapter, {
      isEndpoint: (path) => ends.some((end) => path.toLowerCase().replace(/\/$/, '').endsWith(end)),
      refusal: () => this.strategy.refusalOf(new RequestMalformedError()),
    });
    // For the answers of guards, which come before the endpoint itself.
    consumer.apply(forbidStoring).forRoutes(...this.controllers);
  }
}

function withoutExtras<T extends TokenEndpointsExtras>(options: T): Omit<T, keyof TokenEndpointsExtras> {
  const { path: _path, endpoints: _endpoints, authenticator: _authenticator, imports: _, ...rest } = options;
  return rest;
}

function assemble(definition: DynamicModule, extras: TokenEndpointsExtras): DynamicModule {
  const routes = resolveRoutes(extras.path, extras.endpoints);
  const controllers = routes.routes.map((route) => MAKERS[route.name](routes.base, route));
  const providers: Provider[] = [
    { provide: ENDPOINT_ROUTES, useValue: routes },
    { provide: CONTROLLERS, useValue: controllers },
    {
      provide: ENDPOINT_OPTIONS,
      useFactory: makeOptions,
      inject: [MODULE_OPTIONS_TOKEN, ENDPOINT_ROUTES, SessionService],
    },
    EndpointAnswers,
    RefreshTokenTransport,
    RequestSubjects,
  ];
  if (routes.routes.some(({ name }) => name === 'login'))
    providers.push(provideAuthenticator(extras), Logins);
  return {
    ...definition,
    module: TokenEndpointsModule,
    imports: [...(definition.imports ?? []), ...(extras.imports ?? [])],
    providers: [...(definition.providers ?? []), ...providers],
    controllers,
  };
}

/** Sessions that are off are found out at boot, not by the first who logs in. */
function makeOptions(
  options: TokenEndpointsOptions,
  routes: EndpointRoutes,
  sessions: SessionService,
): ResolvedEndpointOptions {
  assertSessionsAreOn(sessions);
  return resolveEndpointOptions(options, routes);
}

function assertSessionsAreOn(sessions: SessionService): void {
  void sessions.policy;
}

function provideAuthenticator({ authenticator }: TokenEndpointsExtras): Provider {
  if (typeof authenticator === 'function') return { provide: Authenticator, useClass: authenticator };
  if (typeof authenticator === 'object' && authenticator !== null)
    return { ...authenticator, provide: Authenticator } as Provider;
  throw misuse(
    ' needs an authenticator for endpoints.login: a class that extends Authenticator, or { useExisting: UsersService } and ' +
      'imports: [UsersModule].',
  );
}

function forbidStoring(
  _request: unknown,
  response: { setHeader(name: string, value: string): void },
  next: () => void,
): void {
  for (const [name, value] of Object.entries(NOT_TO_BE_STORED)) response.setHeader(name, value);
  next();
}

function assertGiven(options: unknown, method: string): void {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return;
  throw misuse(
    `.${method} needs options: { authenticator: Users, endpoints: { login: true, refresh: true } }.`,
  );
}

function misuse(sentence: string): OptionError {
  return new OptionError('ERR_OPTION_MODULE', `TokenEndpointsModule${sentence}`);
}
