import { Inject, Injectable, Module } from '@nestjs/common';
import { Controller, Get, Post } from '@nestjs/common';
import {
  AccessTokenClaims,
  Auth,
  Authenticator,
  CurrentUser,
  TokenEndpointsModule,
  type TokenEndpoints,
  type TokenEndpointsExtras,
  type TokenEndpointsOptions,
} from '../../src/index.js';
import { startApp, type AppParts, type TestApp } from './app.js';
import type { HeaderLines, HttpAnswer } from './http-client.js';
import type { Platform } from './platforms.js';

/** What a user's application has of its users. */
@Injectable()
export class UserStore {
  /** What the authenticator was asked, of all apps of a spec. */
  static readonly asked: { username: string; password: string }[] = [];

  find(username: string, password: string): { sub: string; role: string } | null {
    UserStore.asked.push({ username, password });
    return password === 'correct horse' ? { sub: username, role: 'cook' } : null;
  }
}

@Module({ providers: [UserStore], exports: [UserStore] })
export class UserModule {}

/** Injects, as users' own do. */
@Injectable()
export class Users extends Authenticator {
  constructor(@Inject(UserStore) private readonly store: UserStore) {
    super();
  }

  override async authenticate(username: string, password: string): Promise<unknown> {
    return this.store.find(username, password);
  }
}

@Controller()
export class MeController {
  @Auth() @Get('me') me(@CurrentUser() user: AccessTokenClaims) {
    return user;
  }

  @Auth() @Post('me') change(@CurrentUser('sub') sub: string) {
    return { changed: sub };
  }
}

export const ALL: TokenEndpoints = {
  login: true,
  refresh: true,
  logout: true,
  logoutAll: true,
  sessions: true,
  revoke: true,
};

/** An app with all endpoints but introspect, unless it is said otherwise. */
export function startEndpoints(
  platform: Platform,
  endpoints: Partial<TokenEndpointsOptions & TokenEndpointsExtras> = {},
  { options, imports = [], ...parts }: AppParts = {},
): Promise<TestApp> {
  const module = TokenEndpointsModule.forRoot({
    authenticator: Users,
    endpoints: ALL,
    imports: [UserModule],
    ...endpoints,
  });
  return startApp(platform, {
    controllers: [MeController],
    options: { sessions: {}, ...options },
    imports: [module, ...imports],
    ...parts,
  });
}

export const JSON_TYPE = ['Content-Type', 'application/json'] as const;
export const FORM_TYPE = ['Content-Type', 'application/x-www-form-urlencoded'] as const;

/** POST with JSON. */
export function post(
  app: TestApp,
  path: string,
  body: unknown,
  headers: HeaderLines = [],
): Promise<HttpAnswer> {
  return app.send(path, { method: 'POST', headers: [JSON_TYPE, ...headers], body: JSON.stringify(body) });
}

/** POST with a form. */
export function postForm(
  app: TestApp,
  path: string,
  fields: Record<string, string>,
  headers: HeaderLines = [],
): Promise<HttpAnswer> {
  const body = new URLSearchParams(fields).toString();
  return app.send(path, { method: 'POST', headers: [FORM_TYPE, ...headers], body });
}

/** POST without a body. */
export function postNothing(app: TestApp, path: string, headers: HeaderLines = []): Promise<HttpAnswer> {
  return app.send(path, { method: 'POST', headers: [['Content-Length', '0'], ...headers] });
}

export const CREDENTIALS = { username: 'alice', password: 'correct horse' } as const;

export async function logIn(app: TestApp, username = 'alice', path = '/auth/login'): Promise<any> {
  return (await post(app, path, { ...CREDENTIALS, username })).body;
}

export const bearer = (token: string): readonly [string, string] => ['Authorization', `Bearer ${token}`];
