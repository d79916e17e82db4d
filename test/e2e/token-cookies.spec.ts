import 'reflect-metadata';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Auth, CurrentUser, fromCookie, MemorySessionStore, SessionService } from '../../src/index.js';
import { TestClock } from '../../src/testing/index.js';
import { cookiesNamed } from '../../src/auth/cookie-header.js';
import { closeApps, startApp, type TestApp } from '../support/app.js';
import type { HeaderLines, HttpAnswer } from '../support/http-client.js';
import { PLATFORMS, type Platform } from '../support/platforms.js';
import {
  ALL,
  bearer,
  CREDENTIALS,
  logIn,
  MeController,
  post,
  postForm,
  postNothing,
  startEndpoints,
} from '../support/token-endpoints.js';

afterEach(closeApps);

const NAME = '__Secure-refresh_token';

/** The one Set-Cookie of an answer: its value, and its attributes as they stand. */
function cookieOf({ headers }: HttpAnswer): { name: string; value: string; attributes: string[] } {
  expect(headers['set-cookie']).toHaveLength(1);
  const [pair = '', ...attributes] = headers['set-cookie']![0]!.split('; ');
  const [name = '', value = ''] = pair.split('=');
  return { name, value, attributes: attributes.sort() };
}

const cookie = (value: string, name = NAME) => ['Cookie', `${name}=${value}`] as const;

/** What a page of the endpoints' own site sends in a browser of today. */
const OWN_SITE = ['Sec-Fetch-Site', 'same-origin'] as const;

/** Requests that another site made, or that may be so. `HOST` stands for the host that is asked. */
const FOREIGN: [string, HeaderLines][] = [
  ['cross-site', [['Sec-Fetch-Site', 'cross-site']]],
  ['same-site: another host of the domain', [['Sec-Fetch-Site', 'same-site']]],
  ['a value that nobody knows', [['Sec-Fetch-Site', 'same-originn']]],
  ['another case', [['Sec-Fetch-Site', 'Same-Origin']]],
  ['an empty value', [['Sec-Fetch-Site', '']]],
  [
    'two values, the good one first',
    [
      ['Sec-Fetch-Site', 'same-origin'],
      ['Sec-Fetch-Site', 'cross-site'],
    ],
  ],
  [
    'cross-site, whatever Origin says',
    [
      ['Sec-Fetch-Site', 'cross-site'],
      ['Origin', 'http://HOST'],
    ],
  ],
  ['an Origin of another host', [['Origin', 'https://evil.example']]],
  ['an Origin of another port', [['Origin', 'http://127.0.0.1:1']]],
  ['an Origin without the port', [['Origin', 'http://127.0.0.1']]],
  ['the opaque Origin', [['Origin', 'null']]],
  ['an empty Origin', [['Origin', '']]],
  ['a host that only begins alike', [['Origin', 'http://HOST.evil.example']]],
  ['a host as user information', [['Origin', 'http://HOST@evil.example']]],
  ['user information before the host', [['Origin', 'http://evil.example@HOST']]],
  ['a host as path', [['Origin', 'http://evil.example/HOST']]],
  ['no URL', [['Origin', 'HOST']]],
  [
    'two Origins, the good one first',
    [
      ['Origin', 'http://HOST'],
      ['Origin', 'https://evil.example'],
    ],
  ],
  [
    'a forwarded host',
    [
      ['Origin', 'https://evil.example'],
      ['X-Forwarded-Host', 'evil.example'],
    ],
  ],
  [
    'a method to be taken for another',
    [
      ['Sec-Fetch-Site', 'cross-site'],
      ['X-HTTP-Method-Override', 'GET'],
    ],
  ],
];

/** Requests of the own site, of a person, or of no browser. */
const OWN: [string, HeaderLines][] = [
  ['same-origin', [OWN_SITE]],
  ['a person', [['Sec-Fetch-Site', 'none']]],
  [
    'same-origin with the opaque Origin, as without a referrer',
    [
      ['Sec-Fetch-Site', 'same-origin'],
      ['Origin', 'null'],
    ],
  ],
  ['the own Origin, in a browser without Sec-Fetch-Site', [['Origin', 'http://HOST']]],
  ['the own Origin, with TLS that ended before', [['Origin', 'https://HOST']]],
  ['no browser', []],
];

const onHostOf = (app: TestApp, lines: HeaderLines): HeaderLines =>
  lines.map(([name, value]) => [name, value.replace('HOST', new URL(app.url).host)]);

const CROSS_SITE = {
  status: 403,
  body: { statusCode: 403, error: 'Forbidden', errorCode: 'ERR_REQUEST_CROSS_SITE' },
};

describe.each(PLATFORMS)('the refresh token in a cookie, on $name', (platform) => {
  const start = (
    options: Parameters<typeof startEndpoints>[1] = {},
    parts?: Parameters<typeof startEndpoints>[2],
  ) => startEndpoints(platform, { cookie: true, ...options }, parts);
  const logInByCookie = async (app: TestApp, path = '/auth/login') =>
    cookieOf(await post(app, path, CREDENTIALS));

  it('is set at login and at refresh, and is in no body', async () => {
    const app = await start();
    const login = await post(app, '/auth/login', CREDENTIALS);
    expect(login.body).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 300,
    });
    const first = cookieOf(login);
    expect(first).toEqual({
      name: NAME,
      value: expect.stringMatching(/^[\w-]{43}\.[\w-]{43}$/),
      attributes: ['HttpOnly', 'Max-Age=604800', 'Path=/auth', 'SameSite=Strict', 'Secure'],
    });
    const refreshed = await postNothing(app, '/auth/refresh', [cookie(first.value), OWN_SITE]);
    expect(refreshed.status).toBe(200);
    expect(refreshed.body).not.toHaveProperty('refresh_token');
    const second = cookieOf(refreshed);
    expect(second).toEqual({ ...first, value: expect.not.stringContaining(first.value) });
    expect((await app.get('/me', `Bearer ${refreshed.body.access_token}`)).status).toBe(200);
    expect(refreshed.headers['cache-control']).toBe('no-store');
  });

  it('lives as long as refreshTokenTtl', async () => {
    const app = await start({}, { options: { sessions: { refreshTokenTtl: '1h' } } });
    expect((await logInByCookie(app)).attributes).toContain('Max-Age=3600');
  });

  it('is not shown to the mapper of the answer', async () => {
    const seen: object[] = [];
    const app = await start({ respond: (tokens) => (seen.push(tokens), tokens) });
    await logInByCookie(app);
    expect(seen[0]).not.toHaveProperty('refresh_token');
  });

  it('is read from the cookie only', async () => {
    const app = await start();
    const { value } = await logInByCookie(app);
    expect(await post(app, '/auth/refresh', { refresh_token: value }, [OWN_SITE])).toMatchObject({
      status: 400,
      body: { error: 'invalid_request' },
    });
    // A log-out of nobody is done already; the session lives.
    expect((await post(app, '/auth/logout', { refresh_token: value })).status).toBe(204);
    const answer = await post(app, '/auth/refresh', { grant_type: 'refresh_token' }, [cookie(value)]);
    expect(answer.status).toBe(200);
  });

  it('goes with the session: at log-out, and when it is refused', async () => {
    const app = await start();
    const gone = {
      name: NAME,
      value: '',
      attributes: expect.arrayContaining(['HttpOnly', 'Path=/auth', 'Secure', 'Max-Age=0']),
    };
    const { value } = await logInByCookie(app);
    const logout = await postNothing(app, '/auth/logout', [cookie(value), OWN_SITE]);
    expect(logout.status).toBe(204);
    expect(cookieOf(logout)).toEqual(gone);
    const refused = await postNothing(app, '/auth/refresh', [cookie(value), OWN_SITE]);
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect(cookieOf(refused)).toEqual(gone);
    const { access_token } = (await post(app, '/auth/login', CREDENTIALS)).body;
    const all = await postNothing(app, '/auth/logout-all', [bearer(access_token)]);
    expect(cookieOf(all)).toEqual(gone);
    expect((await postNothing(app, '/auth/logout')).status).toBe(204);
  });

  it('stays where it is the store that failed, and where the own session is spared', async () => {
    const clock = new TestClock();
    const store = new MemorySessionStore({ clock });
    const app = await start({}, { options: { sessions: { store }, clock } });
    const login = await post(app, '/auth/login', CREDENTIALS);
    const { value } = cookieOf(login);
    const spared = { except_current: true };
    const others = await post(app, '/auth/logout-all', spared, [bearer(login.body.access_token)]);
    expect(others.headers['set-cookie']).toBeUndefined();
    const fail = (): Promise<never> => Promise.reject(new Error('connection refused'));
    Object.assign(store, { end: fail, rotate: fail });
    for (const path of ['/auth/refresh', '/auth/logout']) {
      const answer = await postNothing(app, path, [cookie(value), OWN_SITE]);
      expect(answer.status).toBe(503);
      expect(answer.headers['set-cookie']).toBeUndefined();
    }
  });

  it.each([
    ['twice', (value: string) => [cookie(value), cookie(value)]],
    ['twice in one line', (value: string) => [['Cookie', `${NAME}=x; ${NAME}=${value}`]]],
  ] as [string, (value: string) => HeaderLines][])(
    'is refused when it comes %s: another host of the domain may have set one',
    async (_name, lines) => {
      const app = await start();
      const { value } = await logInByCookie(app);
      for (const path of ['/auth/refresh', '/auth/logout']) {
        expect(await postNothing(app, path, [...lines(value), OWN_SITE])).toMatchObject({
          status: 400,
          body: { error: 'invalid_request', errorCode: 'ERR_REQUEST_MALFORMED' },
        });
      }
      expect((await postNothing(app, '/auth/refresh', [cookie(value), OWN_SITE])).status).toBe(200);
    },
  );

  it.each([
    ['another case', '__secure-refresh_token'],
    ['a space that is none', '\u00a0__Secure-refresh_token'],
    ['a longer name', 'x__Secure-refresh_token'],
  ])('is not mistaken for a cookie of %s', async (_name, name) => {
    const app = await start();
    const { value } = await logInByCookie(app);
    const answer = await postNothing(app, '/auth/refresh', [cookie(value, name), OWN_SITE]);
    expect(answer.body.error).toBe('invalid_request');
  });

  it('is found among other cookies, whatever they hold', async () => {
    const app = await start();
    const { value } = await logInByCookie(app);
    const line = `a; =b; c="; ${NAME}2=x;\t${NAME} =\t${value} ; d=${NAME}=y`;
    expect((await postNothing(app, '/auth/refresh', [['Cookie', line]])).status).toBe(200);
  });

  it('has the path of the endpoints, with the prefix of the application', async () => {
    const configure = (nest: TestApp['nest']) => nest.setGlobalPrefix('api/v1');
    const endpoints = { login: { path: '' }, refresh: true, logout: { path: 'a/auth' } };
    const app = await start({ endpoints }, { configure });
    const { value, attributes } = await logInByCookie(app, '/api/v1/auth');
    expect(attributes).toContain('Path=/api/v1/auth');
    for (const path of ['/api/v1/auth/refresh', '/api/v1/auth/a/auth']) {
      const answer = await postNothing(app, path, [cookie(value), OWN_SITE]);
      expect(cookieOf(answer).attributes).toContain('Path=/api/v1/auth');
    }
  });

  it('has the path / where the endpoints have none', async () => {
    const app = await start({ path: '', endpoints: { login: true } });
    expect((await logInByCookie(app, '/login')).attributes).toContain('Path=/');
  });

  it('has no path that a caller could have a say in', async () => {
    const configure = (nest: TestApp['nest']) => nest.setGlobalPrefix(':tenant');
    const app = await start({}, { configure });
    const answer = await post(app, '/evil/auth/login', CREDENTIALS);
    expect(answer).toMatchObject({ status: 500, body: { errorCode: 'ERR_OPTION_INVALID' } });
    expect(answer.headers['set-cookie']).toBeUndefined();
    const root = await start({ cookie: { path: '/' } }, { configure, options: { strategyName: 'root' } });
    expect((await logInByCookie(root, '/evil/auth/login')).attributes).toContain('Path=/');
  });

  it.each([
    ['__Host-refresh_token', { path: '/' }],
    ['__Host-session', { name: '__Host-session' }],
    ['__Host-session', { name: '__Host-session', path: '/' }],
  ])('can be %s, of the path /', async (name, options) => {
    const app = await start({ cookie: options });
    const set = await logInByCookie(app);
    expect(set).toMatchObject({ name, attributes: expect.arrayContaining(['Path=/', 'Secure']) });
    expect(set.attributes.join()).not.toContain('Domain');
    const answer = await postNothing(app, '/auth/refresh', [cookie(set.value, name), OWN_SITE]);
    expect(cookieOf(answer).name).toBe(name);
  });

  describe('of a request that another site made', () => {
    it.each(FOREIGN)('is refused: %s', async (_name, lines) => {
      const app = await start();
      const login = await post(app, '/auth/login', CREDENTIALS);
      const { value } = cookieOf(login);
      const headers = [...onHostOf(app, lines), cookie(value), bearer(login.body.access_token)];
      for (const path of ['login', 'refresh', 'logout', 'logout-all', 'revoke']) {
        const answer = await post(app, `/auth/${path}`, { ...CREDENTIALS, token: value }, headers);
        expect(answer).toMatchObject(CROSS_SITE);
        expect(answer.headers['cache-control']).toBe('no-store');
        expect(answer.headers['set-cookie']).toBeUndefined();
      }
      // Nothing was spent, ended or started by it.
      const { body } = await app.get('/auth/sessions', `Bearer ${login.body.access_token}`);
      expect(body.sessions).toHaveLength(1);
      expect((await postNothing(app, '/auth/refresh', [cookie(value), OWN_SITE])).status).toBe(200);
    });

    it.each(OWN)('is not, so it is served: %s', async (_name, lines) => {
      const app = await start();
      const { value } = await logInByCookie(app);
      const headers = [...onHostOf(app, lines), cookie(value)];
      expect((await postNothing(app, '/auth/refresh', headers)).status).toBe(200);
    });

    it('is served where the origin is trusted, and that is exact', async () => {
      const trusted = 'https://app.example.com';
      const app = await start({ trustedOrigins: [trusted] });
      const statusOf = async (origin: string, site?: string) => {
        const { value } = await logInByCookie(app);
        const fetchSite = site === undefined ? [] : [['Sec-Fetch-Site', site] as const];
        const headers = [['Origin', origin] as const, ...fetchSite, cookie(value)];
        return (await postNothing(app, '/auth/refresh', headers)).status;
      };
      expect(await statusOf(trusted, 'same-site')).toBe(200);
      expect(await statusOf(trusted, 'cross-site')).toBe(200);
      expect(await statusOf(trusted)).toBe(200);
      for (const origin of [
        'http://app.example.com',
        'https://app.example.com:8443',
        'https://app.example.com.evil.example',
        'https://evil.example',
        `${trusted}, ${trusted}`,
        'null',
      ])
        expect(await statusOf(origin, 'same-site')).toBe(403);
    });

    it('is no matter without cookies: whoever has the token in a body has it', async () => {
      const app = await startEndpoints(platform);
      const { refresh_token } = await logIn(app);
      const foreign = [['Sec-Fetch-Site', 'cross-site']] as const;
      expect((await postForm(app, '/auth/refresh', { refresh_token }, foreign)).status).toBe(200);
    });
  });
});

@Controller('notes')
class NotesController {
  @Auth({ optional: true }) @Get('hello') hello(@CurrentUser('sub') sub?: string) {
    return { hello: sub ?? 'stranger' };
  }
}

describe.each(PLATFORMS)('fromCookie, on $name', (platform) => {
  const start = (options = {}) =>
    startApp(platform, {
      controllers: [MeController, NotesController],
      options: { jwtFromRequest: fromCookie('__Host-access_token', options) },
    });
  const access = (token: string) => cookie(token, '__Host-access_token');
  const change = (app: TestApp, headers: HeaderLines) => postNothing(app, '/me', headers);

  it('reads the access token from the cookie, and from nowhere else', async () => {
    const app = await start();
    const token = await app.tokens.issue({ sub: 'alice' });
    expect((await app.get('/me', undefined, access(token))).body.sub).toBe('alice');
    expect((await app.get('/me', `Bearer ${token}`)).body.errorCode).toBe('ERR_TOKEN_MISSING');
    expect((await app.get('/notes/hello', undefined)).body).toEqual({ hello: 'stranger' });
    expect((await app.get('/me', undefined, access('x'))).body.errorCode).toBe('ERR_TOKEN_MALFORMED');
    expect((await app.get('/me', undefined, access(''))).body.errorCode).toBe('ERR_TOKEN_MISSING');
  });

  it('refuses two of them with 400', async () => {
    const app = await start();
    const token = await app.tokens.issue({ sub: 'alice' });
    const answer = await app.get('/notes/hello', undefined, access(token), access(token));
    expect(answer).toMatchObject({ status: 400, body: { errorCode: 'ERR_CREDENTIALS_MALFORMED' } });
  });

  it.each(FOREIGN)('refuses an unsafe method of another site: %s', async (_name, lines) => {
    const app = await start();
    const token = await app.tokens.issue({ sub: 'alice' });
    const headers = onHostOf(app, lines);
    expect(await change(app, [...headers, access(token)])).toMatchObject(CROSS_SITE);
    // Without the cookie there is nothing to misuse.
    expect((await change(app, headers)).status).toBe(401);
  });

  it.each(OWN)('serves one of the own site: %s', async (_name, lines) => {
    const app = await start();
    const token = await app.tokens.issue({ sub: 'alice' });
    const answer = await change(app, [...onHostOf(app, lines), access(token)]);
    expect(answer.body).toEqual({ changed: 'alice' });
  });

  it('serves safe methods, but not as the beginning of a WebSocket', async () => {
    const app = await start();
    const token = await app.tokens.issue({ sub: 'alice' });
    const foreign = ['Sec-Fetch-Site', 'cross-site'] as const;
    expect((await app.get('/me', undefined, access(token), foreign)).status).toBe(200);
    const head = await app.send('/me', { method: 'HEAD', headers: [access(token), foreign] });
    expect(head.status).toBe(200);
    const upgrade = ['Upgrade', 'websocket'] as const;
    expect(await app.get('/notes/hello', undefined, access(token), foreign, upgrade)).toMatchObject(
      CROSS_SITE,
    );
  });

  it('refuses a POST that a middleware has made a GET of', async () => {
    const configure = (nest: TestApp['nest']) =>
      nest.use((request: { method: string; originalMethod?: string }, _: unknown, next: () => void) => {
        Object.assign(request, { originalMethod: request.method, method: 'GET' });
        next();
      });
    const jwtFromRequest = fromCookie('__Host-access_token');
    const parts = { controllers: [MeController], options: { jwtFromRequest }, configure };
    const app = await startApp(PLATFORMS[0]!, parts);
    const headers = [
      access(await app.tokens.issue({ sub: 'alice' })),
      ['Sec-Fetch-Site', 'cross-site'],
    ] as const;
    expect((await app.get('/me', undefined, ...headers)).status).toBe(200);
    expect(await change(app, headers)).toMatchObject(CROSS_SITE);
  });

  it('serves trusted origins', async () => {
    const app = await start({ trustedOrigins: ['https://app.example.com'] });
    const token = await app.tokens.issue({ sub: 'alice' });
    const headers = [
      ['Sec-Fetch-Site', 'same-site'],
      ['Origin', 'https://app.example.com'],
    ] as const;
    expect((await change(app, [...headers, access(token)])).status).toBe(201);
  });
});

describe('cookie mode', () => {
  const [platform] = PLATFORMS as [Platform];
  const boot = (options: object) => startEndpoints(platform, options as never);

  it.each([
    ['a __Host- cookie of another path', { cookie: { name: '__Host-x', path: '/auth' } }, "any path but '/'"],
    ['a name without a prefix', { cookie: { name: 'refresh_token' } }, '__Secure- or __Host-'],
    ['a prefix in another case', { cookie: { name: '__host-x' } }, '__Secure- or __Host-'],
    ['a name that is none', { cookie: { name: '__Secure-a b' } }, 'the name of a cookie'],
    ['a path without a slash', { cookie: { path: 'auth' } }, 'begin with a slash'],
    ['a path with an attribute', { cookie: { path: '/; Domain=evil.example' } }, 'begin with a slash'],
    ['one trusted origin that is no list', { cookie: true, trustedOrigins: 'https://a.example' }, 'a list'],
  ])('stops the boot for %s', async (_name, options, sentence) => {
    const booting = boot(options);
    await expect(booting).rejects.toMatchObject({ code: 'ERR_OPTION_INVALID' });
    await expect(booting).rejects.toThrow(sentence);
  });

  it.each([
    '*',
    'null',
    '',
    'app.example.com',
    'https://*.example.com',
    'https://app.example.com/',
    'https://app.example.com/path',
    'https://user@app.example.com',
    'https://app.example.com:443',
    7,
  ])('stops the boot for the trusted origin %p', async (origin) => {
    await expect(boot({ cookie: true, trustedOrigins: [origin] })).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
    });
    expect(() => fromCookie('a', { trustedOrigins: [origin as string] })).toThrow('trustedOrigins');
  });

  it.each(['', 'a b', 'a=b', 'a;b', 'ä', 7])('has no cookie of the name %p', (name) => {
    expect(() => fromCookie(name as string)).toThrow('must be the name of a cookie');
  });

  it('reads the header in linear time', () => {
    for (const white of [' ', '\t', ' ;', ' a'])
      expect(cookiesNamed({ headers: { cookie: `a${white.repeat(1_000_000)}b=c` } }, 'a')).toEqual([]);
  });

  it('stops the boot on a Nest without cookie functions, and says which has them', async () => {
    const makeAdapter = () => {
      const adapter = platform.makeAdapter();
      return Object.assign(adapter, { setCookie: undefined, clearCookie: undefined });
    };
    const booting = startEndpoints({ name: 'Express', makeAdapter }, { cookie: true });
    await expect(booting).rejects.toThrow('12.1 or newer');
    const app = await startEndpoints({ name: 'Express', makeAdapter }, { endpoints: ALL });
    expect((await logIn(app)).refresh_token).toEqual(expect.any(String));
    expect(app.nest.get(HttpAdapterHost).httpAdapter.setCookie).toBeUndefined();
    expect(app.nest.get(SessionService).policy.refreshTokenTtl).toBe(604_800);
  });
});
