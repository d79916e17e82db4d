import 'reflect-metadata';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  HttpException,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  UseGuards,
  VersioningType,
} from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import {
  Authenticator,
  JwtRs256Module,
  MemorySessionStore,
  SessionService,
  StoreUnavailableError,
  TokenEndpointsModule,
  type TokenEndpointsOptions,
} from '../../src/index.js';
import { TestClock } from '../../src/testing/index.js';
import { closeApps, optionsOf, startApp, type TestApp } from '../support/app.js';
import { issuerOf, mintForeign } from '../support/foreign.js';
import type { HttpAnswer } from '../support/http-client.js';
import { keyPairOf } from '../support/keys.js';
import { AUDIENCE, claims, header, mint, strangerKey } from '../support/mint.js';
import { PLATFORMS, type Platform } from '../support/platforms.js';
import {
  ALL,
  bearer,
  CREDENTIALS,
  FORM_TYPE,
  JSON_TYPE,
  logIn,
  MeController,
  post,
  postForm,
  postNothing,
  startEndpoints,
  UserModule,
  Users,
  UserStore,
} from '../support/token-endpoints.js';

afterEach(async () => {
  await closeApps();
  UserStore.asked.length = 0;
});

/** A store that is down whenever it is told to be. */
class FailingStore extends MemorySessionStore {
  isDown = false;
  override async rotate(...request: Parameters<MemorySessionStore['rotate']>) {
    if (this.isDown) throw new Error('connection refused');
    return super.rotate(...request);
  }
  override async end(...request: Parameters<MemorySessionStore['end']>) {
    if (this.isDown) throw new Error('connection refused');
    return super.end(...request);
  }
}

/** No cache may keep an answer of the token endpoints, whatever it is. */
const expectUnstored = ({ headers }: HttpAnswer): void => {
  expect(headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' });
};

const expectMalformed = (answer: HttpAnswer): void => {
  expect(answer).toMatchObject({
    status: 400,
    body: {
      statusCode: 400,
      error: 'invalid_request',
      error_description: answer.body.message,
      errorCode: 'ERR_REQUEST_MALFORMED',
    },
  });
  expectUnstored(answer);
};

describe.each(PLATFORMS)('the token endpoints on $name', (platform) => {
  const start = (...args: Parameters<typeof startEndpoints> extends [any, ...infer Rest] ? Rest : never) =>
    startEndpoints(platform, ...args);

  describe('login', () => {
    it('answers as RFC 6749 §5.1 to JSON and to a form, with the subject alone as claims', async () => {
      const app = await start();
      for (const answer of [
        await post(app, '/auth/login', CREDENTIALS),
        await postForm(app, '/auth/login', { ...CREDENTIALS, grant_type: 'password' }),
      ]) {
        expect(answer.status).toBe(200);
        expectUnstored(answer);
        expect(answer.body).toEqual({
          access_token: expect.any(String),
          token_type: 'Bearer',
          expires_in: 300,
          refresh_token: expect.any(String),
        });
        const me = await app.get('/me', `Bearer ${answer.body.access_token}`);
        expect(me.body).toMatchObject({ sub: 'alice', sid: expect.any(String) });
        expect(me.body).not.toHaveProperty('role');
      }
    });

    it('refuses with 401, a challenge, and no word about which of the two was wrong', async () => {
      const app = await start();
      const answer = await post(app, '/auth/login', { username: 'alice', password: 'battery staple' });
      expect(answer).toMatchObject({ status: 401, challenge: 'Bearer realm="orders"' });
      expectUnstored(answer);
      expect(answer.body).toEqual({
        statusCode: 401,
        error: 'invalid_grant',
        error_description: 'Wrong username or password',
        message: 'Wrong username or password',
        errorCode: 'ERR_LOGIN_REFUSED',
      });
      expect(app.log.text()).not.toContain('battery');
    });

    it.each([[undefined], [false], [null]])(
      'takes %p of an authenticator for a refusal',
      async (identity) => {
        const app = await start({ authenticator: { useValue: { authenticate: () => identity } } });
        expect((await post(app, '/auth/login', CREDENTIALS)).status).toBe(401);
      },
    );

    it('has names of fields and a path that can be chosen', async () => {
      const login = { path: '', usernameField: 'email', passwordField: 'constructor' };
      const app = await start({ path: 'session', endpoints: { login } });
      const body = { email: 'a@example.com', constructor: 'correct horse' };
      expect((await postForm(app, '/session', body)).status).toBe(200);
      expectMalformed(await post(app, '/session', { email: 'a@example.com' }));
      expectMalformed(await post(app, '/session', CREDENTIALS));
    });

    it('takes claims, device and the shape of the answer from mappers', async () => {
      const seen: unknown[] = [];
      const app = await start({
        claims: async (identity, request) => ({
          sub: identity.sub,
          scope: 'read',
          role: identity.role,
          agent: request.headers['user-agent'],
        }),
        device: () => 'a kettle',
        respond: (tokens, { endpoint, identity, request }) => {
          seen.push({ endpoint, identity, method: request.method });
          return { token: tokens.access_token, renew: tokens.refresh_token };
        },
      });
      const { body } = await post(app, '/auth/login', CREDENTIALS, [['User-Agent', 'a browser']]);
      expect(Object.keys(body)).toEqual(['token', 'renew']);
      const me = await app.get('/me', `Bearer ${body.token}`);
      expect(me.body).toMatchObject({ sub: 'alice', scope: 'read', role: 'cook', agent: 'a browser' });
      await post(app, '/auth/refresh', { refresh_token: body.renew });
      expect(seen).toEqual([
        { endpoint: 'login', identity: { sub: 'alice', role: 'cook' }, method: 'POST' },
        { endpoint: 'refresh', identity: undefined, method: 'POST' },
      ]);
      const { sessions } = (await app.get('/auth/sessions', `Bearer ${body.token}`)).body;
      expect(sessions[0].device).toBe('a kettle');
    });

    it.each([
      ['a reserved claim', { claims: () => ({ sub: 'alice', exp: 1 }) }],
      ['claims without sub', { claims: () => ({}) as never }],
      ['an identity that is no subject', { authenticator: { useValue: { authenticate: () => true } } }],
    ])('answers 500 with a code for %s: the developer has to act', async (_name, options) => {
      const app = await start(options as never);
      const answer = await post(app, '/auth/login', CREDENTIALS);
      expect(answer).toMatchObject({ status: 500, body: { message: 'Internal server error' } });
      expect(answer.body.errorCode).toMatch(/^ERR_OPTION_/);
      expectUnstored(answer);
      expect(app.log.own('error')).toHaveLength(1);
    });

    it.each(['authenticator', 'claims', 'device', 'respond'])(
      'answers 500 when the hook %s fails, and never logs what it was given',
      async (hook) => {
        const fail = (): never => {
          throw Object.assign(new Error('no user alice with correct horse'), { code: 'ECONNREFUSED' });
        };
        const options = hook === 'authenticator' ? { useValue: { authenticate: fail } } : fail;
        const app = await start({ [hook]: options } as TokenEndpointsOptions);
        const answer = await post(app, '/auth/login', CREDENTIALS);
        expect(answer.status).toBe(500);
        expectUnstored(answer);
        expect(JSON.stringify(answer.body)).not.toContain('horse');
        expect(app.log.text()).not.toContain('horse');
        const [line] = app.log.own('error');
        expect(line?.details.join()).toMatch(/^Error ECONNREFUSED\n {4}at .*token-endpoints/);
      },
    );

    it('lets an HttpException of the authenticator out', async () => {
      const locked = () => Promise.reject(new HttpException('Locked for an hour', 423));
      const app = await start({ authenticator: { useValue: { authenticate: locked } } });
      const answer = await post(app, '/auth/login', CREDENTIALS);
      expect(answer).toMatchObject({ status: 423, body: { message: 'Locked for an hour' } });
      expectUnstored(answer);
    });

    it('answers 503 with Retry-After for what is down', async () => {
      const down = () => Promise.reject(new StoreUnavailableError());
      const app = await start({ authenticator: { useValue: { authenticate: down } } });
      const answer = await post(app, '/auth/login', CREDENTIALS);
      expect(answer).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } });
      expect(answer.headers['retry-after']).toBe('1');
      expectUnstored(answer);
    });
  });

  describe('a body that nobody should send', () => {
    const JSON_BODIES: [string, unknown][] = [
      ['null', null],
      ['a list', ['alice', 'correct horse']],
      ['a list of fields', [CREDENTIALS]],
      ['no fields', {}],
      ['no password', { username: 'alice' }],
      ['an empty password', { ...CREDENTIALS, password: '' }],
      ['a password that is null', { ...CREDENTIALS, password: null }],
      ['a number', { ...CREDENTIALS, password: 7 }],
      ['a list as password', { ...CREDENTIALS, password: ['correct horse'] }],
      ['an object as username', { ...CREDENTIALS, username: { $ne: null } }],
      ['true', { ...CREDENTIALS, password: true }],
      ['a lone surrogate', { ...CREDENTIALS, username: 'al\ud800ice' }],
      ['a NUL', { ...CREDENTIALS, username: 'alice\0' }],
      ['a line break', { ...CREDENTIALS, username: 'alice\r\nadmin' }],
      ['a long username', { ...CREDENTIALS, username: 'a'.repeat(1025) }],
      ['a long password', { ...CREDENTIALS, password: 'a'.repeat(1025) }],
      ['a grant type that is a list', { ...CREDENTIALS, grant_type: ['password'] }],
    ];
    it.each(JSON_BODIES)('as JSON: %s is 400 invalid_request', async (_name, body) => {
      const app = await start();
      expectMalformed(await post(app, '/auth/login', body));
      expect(UserStore.asked).toEqual([]);
      expect(app.log.own('error')).toEqual([]);
    });

    const RAW: [string, string, string | Buffer][] = [
      ['half a body', 'application/json', '{"username":"alice","password":"corr'],
      ['a JSON text', 'application/json', '"correct horse"'],
      ['nothing that says it is JSON', 'application/json', ''],
      ['two documents', 'application/json', '{"username":"alice"}{"password":"correct horse"}'],
      ['a number', 'application/json', '7'],
      ['__proto__', 'application/json', '{"__proto__":{"username":"alice","password":"correct horse"}}'],
      [
        'constructor.prototype',
        'application/json',
        '{"constructor":{"prototype":{"username":"alice","password":"correct horse"}}}',
      ],
      ['deep nesting', 'application/json', `${'['.repeat(40_000)}${']'.repeat(40_000)}`],
      ['JSON that says it is text', 'text/plain', JSON.stringify(CREDENTIALS)],
      ['JSON that says it is XML', 'application/xml', JSON.stringify(CREDENTIALS)],
      ['JSON of no type', '', JSON.stringify(CREDENTIALS)],
      ['a multipart form', 'multipart/form-data; boundary=x', '--x\r\n\r\nalice\r\n--x--'],
      ['an unknown charset', 'application/json; charset=klingon-8', '{"username":7}'],
      ['a form with a field twice', FORM_TYPE[1], 'username=alice&password=correct+horse&password=x'],
      ['a form with a list', FORM_TYPE[1], 'username=alice&password[]=correct+horse'],
      ['a form with an object', FORM_TYPE[1], 'username[a]=alice&password=correct+horse'],
      ['a form with __proto__', FORM_TYPE[1], '__proto__[username]=alice&password=correct+horse'],
      ['a form with __proto__ alone', FORM_TYPE[1], '__proto__=alice'],
      ['a form with percent signs', FORM_TYPE[1], '%=%&%E0%A4%A=%'],
      ['an empty form', FORM_TYPE[1], ''],
    ];
    it.each(RAW)('%s (%s) is 400 invalid_request', async (_name, type, body) => {
      const app = await start();
      const headers = type === '' ? [] : [['Content-Type', type] as const];
      expectMalformed(await app.send('/auth/login', { method: 'POST', headers, body }));
      expect(UserStore.asked).toEqual([]);
      for (const text of [app.log.text()]) expect(text).not.toContain('corr');
    });

    it('is not echoed: what a parser says of it may hold the password', async () => {
      const app = await start();
      const body = '{"password":"correct horse",}';
      const answer = await app.send('/auth/login', { method: 'POST', headers: [JSON_TYPE], body });
      expectMalformed(answer);
      expect(JSON.stringify(answer.body)).not.toContain('horse');
    });

    it('with invalid UTF-8 is never a 500, nor somebody else', async () => {
      const app = await start();
      const body = Buffer.concat([
        Buffer.from('{"username":"al'),
        Buffer.from([0xff, 0xc0, 0xed, 0xa0, 0x80]),
        Buffer.from('ice","password":"x"}'),
      ]);
      const answer = await app.send('/auth/login', { method: 'POST', headers: [JSON_TYPE], body });
      expect([400, 401]).toContain(answer.status);
      expectUnstored(answer);
      expect(UserStore.asked.map(({ username }) => username)).not.toContain('alice');
    });

    it('that is huge is 413, and not to be stored either', async () => {
      const app = await start();
      const answer = await post(app, '/auth/login', { ...CREDENTIALS, more: 'x'.repeat(2 ** 21) });
      expect(answer.status).toBe(413);
      expectUnstored(answer);
    });

    it('is found out below a prefix and a version as well', async () => {
      const configure = (nest: TestApp['nest']) => nest.setGlobalPrefix('api');
      const app = await start({}, { configure });
      const half = { method: 'POST', headers: [JSON_TYPE], body: '{' };
      expectMalformed(await app.send('/api/auth/login', half));
      expectMalformed(await app.send('/api/auth/login?a=b', half));
      const other = await app.send('/api/me', half);
      expect(other.body.errorCode).not.toBe('ERR_REQUEST_MALFORMED');
    });
  });

  describe('refresh', () => {
    it('gives the next tokens, for JSON and for the form of RFC 6749 §6', async () => {
      const app = await start();
      const first = await logIn(app);
      const second = await post(app, '/auth/refresh', { refresh_token: first.refresh_token });
      expect(second.status).toBe(200);
      expectUnstored(second);
      const third = await postForm(app, '/auth/refresh', {
        grant_type: 'refresh_token',
        refresh_token: second.body.refresh_token,
      });
      expect(third.body).toMatchObject({ token_type: 'Bearer', refresh_token: expect.any(String) });
      expect((await app.get('/me', `Bearer ${third.body.access_token}`)).status).toBe(200);
    });

    it('refuses as RFC 6749 §5.2 says, with our members beside', async () => {
      const app = await start();
      const { refresh_token: spent } = await logIn(app);
      await post(app, '/auth/refresh', { refresh_token: spent });
      app.clock.advance(11);
      for (const [token, errorCode] of [
        ['nonsense', 'ERR_REFRESH_TOKEN_INVALID'],
        [spent, 'ERR_REFRESH_TOKEN_REUSED'],
        [spent, 'ERR_REFRESH_TOKEN_INVALID'],
      ]) {
        const answer = await post(app, '/auth/refresh', { refresh_token: token });
        expect(answer).toMatchObject({ status: 400, challenge: undefined });
        expect(answer.body).toEqual({
          statusCode: 400,
          error: 'invalid_grant',
          error_description: answer.body.message,
          message: expect.stringMatching(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/),
          errorCode,
        });
        expectUnstored(answer);
      }
      expect(app.log.text()).not.toContain(spent);
    });

    it('refuses another grant_type, and spends nothing', async () => {
      const app = await start();
      const { refresh_token } = await logIn(app);
      for (const grant_type of ['password', 'REFRESH_TOKEN', 'authorization_code', '__proto__']) {
        expect(await postForm(app, '/auth/refresh', { grant_type, refresh_token })).toMatchObject({
          status: 400,
          body: { error: 'unsupported_grant_type', errorCode: 'ERR_GRANT_TYPE_UNSUPPORTED' },
        });
      }
      expect(await post(app, '/auth/login', { ...CREDENTIALS, grant_type: 'refresh_token' })).toMatchObject({
        status: 400,
        body: { error: 'unsupported_grant_type' },
      });
      expect((await post(app, '/auth/refresh', { refresh_token })).status).toBe(200);
    });

    it.each([[undefined], [null], [7], [true], [['a']], [{ a: 1 }], [''], ['\ud800'], ['a\0b']])(
      'answers 400 invalid_request where the refresh token is %p',
      async (refreshToken) => {
        const app = await start();
        for (const path of ['/auth/refresh', '/auth/logout'])
          expectMalformed(await post(app, path, { refresh_token: refreshToken }));
      },
    );

    it('answers 503 when the store is down, and trying again works', async () => {
      const clock = new TestClock();
      const store = new FailingStore({ clock });
      const app = await start({}, { options: { sessions: { store }, clock } });
      const { refresh_token } = await logIn(app);
      store.isDown = true;
      for (const path of ['/auth/refresh', '/auth/logout']) {
        const answer = await post(app, path, { refresh_token });
        expect(answer).toMatchObject({ status: 503, body: { errorCode: 'ERR_STORE_UNAVAILABLE' } });
        expect(answer.headers['retry-after']).toBeDefined();
        expectUnstored(answer);
      }
      store.isDown = false;
      expect((await post(app, '/auth/refresh', { refresh_token })).status).toBe(200);
    });
  });

  describe('logout', () => {
    it('needs the refresh token only, however old the access token is', async () => {
      const app = await start({}, { options: { globalGuard: true } });
      const { access_token, refresh_token } = await logIn(app);
      app.clock.advance(3600);
      expect((await app.get('/me', `Bearer ${access_token}`)).body.errorCode).toBe('ERR_TOKEN_EXPIRED');
      const answer = await post(app, '/auth/logout', { refresh_token }, [bearer(access_token)]);
      expect(answer).toMatchObject({ status: 204, body: '' });
      expectUnstored(answer);
      expect((await post(app, '/auth/refresh', { refresh_token })).body.error).toBe('invalid_grant');
    });

    it('takes the access token with it, and answers 204 for a token of no session too', async () => {
      const app = await start();
      const { access_token, refresh_token } = await logIn(app);
      const [session] = refresh_token.split('.');
      for (const token of ['nonsense', `${session}x.${session}`, refresh_token, refresh_token])
        expect((await postForm(app, '/auth/logout', { refresh_token: token })).status).toBe(204);
      expect((await app.get('/me', `Bearer ${access_token}`)).body.errorCode).toBe('ERR_TOKEN_REVOKED');
    });
  });

  describe('logout-all and sessions', () => {
    it('end and list the sessions of the subject, and nobody else', async () => {
      const app = await start();
      const [phone, laptop, bobs] = [await logIn(app), await logIn(app), await logIn(app, 'bob')];
      const listed = await app.get('/auth/sessions', `Bearer ${phone.access_token}`);
      expect(listed.status).toBe(200);
      expectUnstored(listed);
      expect(listed.body.sessions).toHaveLength(2);
      const { sid } = app.tokens.decodeUnverified(phone.access_token).claims;
      expect(listed.body.sessions.filter((session: any) => session.current)).toEqual([
        expect.objectContaining({ sid, started: expect.any(Number), refreshed: expect.any(Number) }),
      ]);
      const others = await post(app, '/auth/logout-all', { except_current: true }, [
        bearer(phone.access_token),
      ]);
      expect(others).toMatchObject({ status: 200, body: { ended: 1 } });
      expectUnstored(others);
      const statuses = async () =>
        Promise.all(
          [phone, laptop, bobs].map(
            async ({ access_token }) => (await app.get('/me', `Bearer ${access_token}`)).status,
          ),
        );
      expect(await statuses()).toEqual([200, 401, 200]);
      const all = await postNothing(app, '/auth/logout-all', [bearer(phone.access_token)]);
      expect(all).toMatchObject({ status: 200, body: { ended: 1 } });
      expect(await statuses()).toEqual([401, 401, 200]);
    });

    it('ask for an access token, and their refusal is not to be stored', async () => {
      const app = await start();
      const { refresh_token } = await logIn(app);
      for (const answer of [
        await app.get('/auth/sessions'),
        await post(app, '/auth/logout-all', { refresh_token }),
        await app.get('/auth/sessions', `Bearer ${refresh_token}`),
      ]) {
        expect(answer.status).toBe(401);
        expect(answer.challenge).toContain('Bearer realm="orders"');
        expectUnstored(answer);
      }
    });

    it('take the subject from the token, whatever validate made of it', async () => {
      const app = await start({}, { options: { validate: () => ({ sub: 'bob', name: 'Alice' }) } });
      const [alice] = [await logIn(app), await logIn(app, 'bob')];
      const { body } = await app.get('/auth/sessions', `Bearer ${alice.access_token}`);
      expect(body.sessions).toMatchObject([{ current: true }]);
    });

    it.each([['yes'], [1], [['true']], [{}]])(
      'answer 400 to except_current: %p, and end nothing',
      async (flag) => {
        const app = await start();
        const { access_token } = await logIn(app);
        expectMalformed(
          await post(app, '/auth/logout-all', { except_current: flag }, [bearer(access_token)]),
        );
        expect((await app.get('/me', `Bearer ${access_token}`)).status).toBe(200);
      },
    );

    it('refuse a token about nobody, and spare no session for one without a session', async () => {
      const app = await start();
      await logIn(app);
      const nobodys = await app.tokens.issue({});
      expect(await app.get('/auth/sessions', `Bearer ${nobodys}`)).toMatchObject({
        status: 401,
        body: { errorCode: 'ERR_TOKEN_CLAIM' },
      });
      const sessionless = await app.tokens.issue({ sub: 'alice' });
      const all = await postForm(app, '/auth/logout-all', { except_current: 'true' }, [bearer(sessionless)]);
      expect(all.body).toEqual({ ended: 1 });
    });
  });

  describe('beside trusted issuers', () => {
    const trustedIssuers = [
      { issuer: issuerOf('carl'), audience: AUDIENCE, publicKey: keyPairOf('carl').publicKey },
    ];

    it('neither list nor end sessions for a token of another issuer, whose alice is somebody else', async () => {
      const app = await start({}, { options: { trustedIssuers } });
      const { access_token, refresh_token } = await logIn(app);
      const { sid } = app.tokens.decodeUnverified(access_token).claims;
      const foreign = mintForeign('carl', { sub: 'alice', sid });
      expect((await app.get('/me', `Bearer ${foreign}`)).status).toBe(200);
      for (const answer of [
        await app.get('/auth/sessions', `Bearer ${foreign}`),
        await postNothing(app, '/auth/logout-all', [bearer(foreign)]),
        await post(app, '/auth/logout-all', { except_current: true }, [bearer(foreign)]),
      ])
        expect(answer).toMatchObject({ status: 401, body: { errorCode: 'ERR_TOKEN_CLAIM' } });
      expect((await app.get('/auth/sessions', `Bearer ${access_token}`)).body.sessions).toHaveLength(1);
      expect((await post(app, '/auth/refresh', { refresh_token })).status).toBe(200);
    });

    it('revoke no token of another issuer, nor for it the one of ours that has the same jti', async () => {
      const app = await start({}, { options: { trustedIssuers } });
      const { access_token } = await logIn(app);
      const { jti } = app.tokens.decodeUnverified(access_token).claims;
      const foreign = mintForeign('carl', { jti });
      expect(await postForm(app, '/auth/revoke', { token: foreign })).toMatchObject({
        status: 400,
        body: { error: 'unsupported_token_type' },
      });
      expect((await app.get('/me', `Bearer ${access_token}`)).status).toBe(200);
      expect((await postForm(app, '/auth/revoke', { token: access_token })).status).toBe(200);
      expect((await app.get('/me', `Bearer ${access_token}`)).status).toBe(401);
    });
  });

  describe('revoke (RFC 7009)', () => {
    it('ends the session of a refresh token', async () => {
      const app = await start();
      const { access_token, refresh_token } = await logIn(app);
      const form = { token: refresh_token, token_type_hint: 'access_token' };
      const answer = await postForm(app, '/auth/revoke', form);
      expect(answer).toMatchObject({ status: 200, body: '' });
      expectUnstored(answer);
      expect((await app.get('/me', `Bearer ${access_token}`)).body.errorCode).toBe('ERR_TOKEN_REVOKED');
    });

    it('revokes an access token alone, not its session', async () => {
      const app = await start();
      const { access_token, refresh_token } = await logIn(app);
      expect((await postForm(app, '/auth/revoke', { token: access_token })).status).toBe(200);
      expect((await app.get('/me', `Bearer ${access_token}`)).body.errorCode).toBe('ERR_TOKEN_REVOKED');
      expect((await post(app, '/auth/refresh', { refresh_token })).status).toBe(200);
    });

    it('answers 200 to what it does not know, and does nothing', async () => {
      const app = await start();
      const { access_token } = await logIn(app);
      const { jti } = app.tokens.decodeUnverified(access_token).claims;
      const [head, body] = access_token.split('.');
      const forged = mint(header(), claims({ jti }), strangerKey);
      const elsewhere = mint(header(), claims({ jti, aud: 'elsewhere' }));
      for (const token of ['x', forged, elsewhere, `${head}.${body}.AAAA`, 'a'.repeat(20_000)])
        expect((await postForm(app, '/auth/revoke', { token })).status).toBe(200);
      expect((await app.get('/me', `Bearer ${access_token}`)).status).toBe(200);
      expectMalformed(await postForm(app, '/auth/revoke', {}));
      expectMalformed(await post(app, '/auth/revoke', { token: [access_token] }));
    });

    it('says unsupported_token_type of access tokens that nothing can take back', async () => {
      const unsupported = {
        status: 400,
        body: { error: 'unsupported_token_type', errorCode: 'ERR_TOKEN_TYPE_UNSUPPORTED' },
      };
      const app = await start({}, { options: { sessions: { revocation: 'none' } } });
      const { access_token } = await logIn(app);
      expect(await postForm(app, '/auth/revoke', { token: access_token })).toMatchObject(unsupported);
      const other = await start({}, { options: { strategyName: 'other' } });
      for (const token of [
        mint(header(), claims({ jti: undefined })),
        await other.tokens.issue({ sub: 'alice' }, { jwtid: 'a.b.c' }),
      ])
        expect(await postForm(other, '/auth/revoke', { token })).toMatchObject(unsupported);
    });
  });

  describe('introspect (RFC 7662)', () => {
    const introspecting = (options: Partial<TokenEndpointsOptions> = {}) =>
      start({
        endpoints: { ...ALL, introspect: true },
        mayIntrospect: async (principal: any) => principal.sub === 'gateway',
        ...options,
      });

    it('tells the claims of a token that is good here', async () => {
      const app = await introspecting();
      const [gateway, alice] = [await logIn(app, 'gateway'), await logIn(app)];
      const form = { token: alice.access_token };
      const answer = await postForm(app, '/auth/introspect', form, [bearer(gateway.access_token)]);
      const { claims: own } = app.tokens.decodeUnverified(alice.access_token);
      expect(answer).toMatchObject({ status: 200, body: { ...own, active: true, token_type: 'Bearer' } });
      expectUnstored(answer);
    });

    it('says exactly {"active":false} of everything else', async () => {
      const app = await introspecting();
      const [gateway, alice, ended] = [await logIn(app, 'gateway'), await logIn(app), await logIn(app)];
      await post(app, '/auth/logout', { refresh_token: ended.refresh_token });
      for (const token of [
        'x',
        alice.refresh_token,
        ended.access_token,
        mint(header(), claims({}), strangerKey),
        mint(header(), claims({ iss: 'https://elsewhere.example' })),
        mint(header(), claims({ aud: 'elsewhere' })),
        mint(header(), claims({ exp: 1 })),
        mint(header({ typ: 'JWT' }), claims({ active: true })),
      ]) {
        const answer = await postForm(app, '/auth/introspect', { token }, [bearer(gateway.access_token)]);
        expect(answer).toMatchObject({ status: 200 });
        expect(answer.body).toEqual({ active: false });
      }
      // Nothing was spent or ended by asking.
      expect((await post(app, '/auth/refresh', { refresh_token: alice.refresh_token })).status).toBe(200);
    });

    it('is for those who may, by exactly true', async () => {
      const app = await introspecting();
      const alice = await logIn(app);
      const form = { token: alice.access_token };
      const denied = await postForm(app, '/auth/introspect', form, [bearer(alice.access_token)]);
      expect(denied).toMatchObject({ status: 403, body: { errorCode: 'ERR_INTROSPECTION_DENIED' } });
      expectUnstored(denied);
      expect((await postForm(app, '/auth/introspect', form)).status).toBe(401);
      const careless = await introspecting({ mayIntrospect: (() => 'no') as never });
      const token = (await logIn(careless)).access_token;
      expect((await postForm(careless, '/auth/introspect', { token }, [bearer(token)])).status).toBe(403);
    });
  });

  describe('in an application', () => {
    it('are off unless they are asked for', async () => {
      const app = await start({ endpoints: { refresh: true, login: false } });
      const paths = ['login', 'logout', 'logout-all', 'revoke', 'introspect'];
      const answers = await Promise.all(paths.map((path) => post(app, `/auth/${path}`, CREDENTIALS)));
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
      expect((await app.get('/auth/sessions')).status).toBe(404);
    });

    it('work under a global guard, a prefix, a version, a strict global pipe and a filter of its own', async () => {
      const caught: unknown[] = [];
      @Catch(HttpException)
      class OwnFilter implements ExceptionFilter<HttpException> {
        catch(exception: HttpException, host: any) {
          caught.push(exception.getStatus());
          const response = host.switchToHttp().getResponse();
          (response.status ?? response.code).call(response, exception.getStatus()).send({ own: true });
        }
      }
      const app = await start(
        {},
        {
          options: { globalGuard: true },
          configure: (nest) => {
            nest.setGlobalPrefix('api');
            nest.enableVersioning({ type: VersioningType.URI, defaultVersion: '2' });
            nest.useGlobalPipes({
              transform: () => {
                throw new Error('no parameter of an endpoint is for a pipe');
              },
            });
            nest.useGlobalFilters(new OwnFilter());
          },
        },
      );
      const { body, status } = await post(app, '/api/v2/auth/login', CREDENTIALS);
      expect(status).toBe(200);
      const wrong = await post(app, '/api/v2/auth/login', { ...CREDENTIALS, password: 'x' });
      expect(wrong).toMatchObject({ status: 401, body: { own: true }, challenge: 'Bearer realm="orders"' });
      expectUnstored(wrong);
      const half = { method: 'POST', headers: [JSON_TYPE], body: '{' };
      expectUnstored(await app.send('/api/v2/auth/login', half));
      expect(caught).toEqual([401, 400]);
      const refreshed = await post(app, '/api/v2/auth/refresh', { refresh_token: body.refresh_token });
      expect(refreshed.status).toBe(200);
      expect((await app.get('/api/v2/auth/sessions')).status).toBe(401);
    });

    it('get decorators of the application: a guard on the login, before anything is read', async () => {
      class Closed implements CanActivate {
        canActivate(context: ExecutionContext): boolean {
          return context.switchToHttp().getRequest().headers['x-open'] === 'yes';
        }
      }
      const app = await start({ endpoints: { ...ALL, login: { decorators: [UseGuards(Closed)] } } });
      const closed = await post(app, '/auth/login', CREDENTIALS);
      expect(closed.status).toBe(403);
      expectUnstored(closed);
      expect(UserStore.asked).toEqual([]);
      expect((await post(app, '/auth/login', CREDENTIALS, [['X-Open', 'yes']])).status).toBe(200);
      expect((await post(app, '/auth/logout', { refresh_token: 'x' })).status).toBe(204);
    });

    it('get options from a factory, and an authenticator that exists elsewhere', async () => {
      @Module({ imports: [UserModule], providers: [Users], exports: [Users] })
      class PeopleModule {}
      const module = TokenEndpointsModule.forRootAsync({
        path: '/people/',
        endpoints: { login: true },
        authenticator: { useExisting: Users },
        imports: [PeopleModule, UserModule],
        inject: [UserStore],
        useFactory: async (store: UserStore) => ({
          claims: ({ sub }) => ({ sub, isInjected: store instanceof UserStore }),
        }),
      });
      const app = await startApp(platform, {
        controllers: [MeController],
        options: { sessions: {} },
        imports: [module],
      });
      const { access_token } = await logIn(app, 'alice', '/people/login');
      expect((await app.get('/me', `Bearer ${access_token}`)).body).toMatchObject({ isInjected: true });
    });

    it('can be there twice, with other paths and other authenticators', async () => {
      const robots = TokenEndpointsModule.forRoot({
        path: 'robots',
        authenticator: { useFactory: () => ({ authenticate: () => 'r2d2' }) },
        endpoints: { login: { usernameField: 'id', passwordField: 'key' } },
      });
      const app = await start({}, { imports: [robots] });
      expect((await logIn(app)).token_type).toBe('Bearer');
      const robot = (await post(app, '/robots/login', { id: '1', key: '2' })).body;
      expect((await app.get('/me', `Bearer ${robot.access_token}`)).body.sub).toBe('r2d2');
      expectMalformed(await post(app, '/robots/login', CREDENTIALS));
    });

    it('are not to be stored, whatever a middleware of the application says', async () => {
      @Module({})
      class CachingModule implements NestModule {
        configure(consumer: MiddlewareConsumer): void {
          const store = (_: unknown, response: ServerResponse, next: () => void) => {
            response.setHeader('Cache-Control', 'public, max-age=600');
            next();
          };
          consumer.apply(store).forRoutes('*path');
        }
      }
      const app = await start({}, { imports: [CachingModule] });
      expect((await app.get('/me')).headers['cache-control']).toContain('public');
      for (const body of [CREDENTIALS, {}]) expectUnstored(await post(app, '/auth/login', body));
    });

    it('log no secret, whatever happens', async () => {
      const app = await start();
      const first = await logIn(app);
      const second = (await post(app, '/auth/refresh', { refresh_token: first.refresh_token })).body;
      await post(app, '/auth/login', { username: 'alice', password: 'wrong horse' });
      await postForm(app, '/auth/revoke', { token: second.access_token });
      app.clock.advance(60);
      await post(app, '/auth/refresh', { refresh_token: first.refresh_token });
      await post(app, '/auth/logout', { refresh_token: second.refresh_token });
      const secrets = [first, second].flatMap((tokens) => [tokens.access_token, tokens.refresh_token]);
      for (const secret of [...secrets, 'correct horse', 'wrong horse'])
        expect(app.log.text()).not.toContain(secret);
    });
  });
});

describe('TokenEndpointsModule', () => {
  const [platform] = PLATFORMS as [Platform];
  const endpoints = { refresh: true } as const;

  it('stops the boot without sessions, and says what to do', async () => {
    const booting = startEndpoints(platform, {}, { options: { sessions: undefined } as never });
    await expect(booting).rejects.toMatchObject({ code: 'ERR_SESSIONS_OFF' });
    await expect(booting).rejects.toThrow('the option sessions: {}');
  });

  it.each([
    ['no options', undefined, 'ERR_OPTION_MODULE'],
    ['a list', [], 'ERR_OPTION_MODULE'],
    ['no endpoints', {}, 'ERR_OPTION_INVALID'],
    ['endpoints that are true', { endpoints: true }, 'ERR_OPTION_INVALID'],
    ['no endpoint', { endpoints: { login: false } }, 'ERR_OPTION_MODULE'],
    ['an unknown endpoint', { endpoints: { signup: true } }, 'ERR_OPTION_UNKNOWN'],
    ['an endpoint that is a text', { endpoints: { refresh: '/refresh' } }, 'ERR_OPTION_INVALID'],
    ['an unknown member', { endpoints: { refresh: { usernameField: 'a' } } }, 'ERR_OPTION_UNKNOWN'],
    ['a path with a parameter', { endpoints: { refresh: { path: ':a' } } }, 'ERR_OPTION_INVALID'],
    ['a base with a parameter', { path: ':tenant/auth', endpoints }, 'ERR_OPTION_INVALID'],
    ['a base that is no text', { path: ['auth'], endpoints }, 'ERR_OPTION_INVALID'],
    [
      'one path twice',
      { endpoints: { refresh: { path: 'a' }, logout: { path: 'a' } } },
      'ERR_OPTION_INVALID',
    ],
    ['a login without authenticator', { endpoints: { login: true } }, 'ERR_OPTION_MODULE'],
    [
      'one field for both',
      { endpoints: { login: { usernameField: 'a', passwordField: 'a' } }, authenticator: Users },
      'ERR_OPTION_INVALID',
    ],
    ['decorators that are none', { endpoints: { refresh: { decorators: ['a'] } } }, 'ERR_OPTION_INVALID'],
  ])('refuses %s at once', (_name, options, code) => {
    expect(() => TokenEndpointsModule.forRoot(options as never)).toThrow(expect.objectContaining({ code }));
  });

  it.each([
    ['an unknown option', { claim: () => ({}) }, 'ERR_OPTION_UNKNOWN'],
    ['claims that are no function', { claims: {} }, 'ERR_OPTION_INVALID'],
    ['introspect without mayIntrospect', { endpoints: { introspect: true } }, 'ERR_OPTION_INVALID'],
    ['trustedOrigins without cookie', { trustedOrigins: ['https://a.example'] }, 'ERR_OPTION_INVALID'],
    ['a cookie that is a text', { cookie: 'refresh' }, 'ERR_OPTION_INVALID'],
    ['an unknown member of cookie', { cookie: { sameSite: 'none' } }, 'ERR_OPTION_UNKNOWN'],
    ['an authenticator that is none', { authenticator: { useValue: {} } }, 'ERR_OPTION_INVALID'],
  ])('stops the boot for %s', async (_name, options, code) => {
    await expect(startEndpoints(platform, options as never)).rejects.toMatchObject({ code });
  });

  it('refuses a factory that returns nothing, and extras in what it returns', async () => {
    const boot = (useFactory: () => never) =>
      startApp(platform, {
        options: { sessions: {} },
        imports: [TokenEndpointsModule.forRootAsync({ endpoints, useFactory })],
      });
    await expect(boot(() => undefined as never)).rejects.toMatchObject({ code: 'ERR_OPTION_MODULE' });
    await expect(boot(() => ({ path: 'a' }) as never)).rejects.toMatchObject({ code: 'ERR_OPTION_UNKNOWN' });
    expect(() => TokenEndpointsModule.forRootAsync({ endpoints } as never)).toThrow('useFactory');
  });

  it('is a class to extend, and its authenticator a token to inject', () => {
    expect(Users.prototype).toBeInstanceOf(Authenticator);
  });

  it('works with a JwtRs256Module that is not global, imported beside the authenticator', async () => {
    const clock = new TestClock();
    const jwt = JwtRs256Module.forRoot({ ...optionsOf(clock), sessions: {}, isGlobal: false });
    const module = TokenEndpointsModule.forRoot({ endpoints, imports: [jwt] });
    const app = await startApp(platform, { module: jwt, imports: [module] });
    const { refresh_token } = await app.nest.get(SessionService, { strict: false }).start({ sub: 'alice' });
    expect((await post(app, '/auth/refresh', { refresh_token })).status).toBe(200);
  });
});
