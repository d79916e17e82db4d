import 'reflect-metadata';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Body, Controller, Get, HttpCode, Inject, Post } from '@nestjs/common';
import {
  AccessTokenClaims,
  Auth,
  CurrentUser,
  JwtRs256Module,
  KeyRing,
  MemorySessionStore,
  SessionService,
  TokenVerifier,
} from '../../src/index.js';
import { TestClock } from '../../src/testing/index.js';
import { closeApps, startApp, type AppParts, type TestApp } from '../support/app.js';
import type { HttpAnswer } from '../support/http-client.js';
import { KeyFolder, kidOf } from '../support/key-folder.js';
import { keyPairOf } from '../support/keys.js';
import { claims, header, ISSUER, mint, NOW } from '../support/mint.js';
import { PLATFORMS, type Platform } from '../support/platforms.js';
import { RemoteStore } from '../support/remote-store.js';

@Controller()
class SessionController {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  @Post('login') @HttpCode(200) login(@Body('username') sub: string) {
    return this.sessions.start({ sub, scope: 'read', role: 'cook' }, { device: 'a kettle' });
  }

  @Post('refresh') @HttpCode(200) refresh(@Body('refresh_token') refreshToken: unknown) {
    return this.sessions.refresh(refreshToken);
  }

  @Auth() @Post('logout') @HttpCode(204) async logout(@CurrentUser('sid') sid: string): Promise<void> {
    await this.sessions.end(sid);
  }

  @Auth() @Post('logout-others') @HttpCode(200) logoutOthers(@CurrentUser() user: AccessTokenClaims) {
    return this.sessions.endAll(user.sub!, { except: user.sid! }).then((ended) => ({ ended }));
  }

  @Auth() @Get('me') me(@CurrentUser() user: AccessTokenClaims) {
    return user;
  }

  @Auth() @Get('sessions') list(@CurrentUser('sub') sub: string) {
    return this.sessions.list(sub);
  }
}

afterEach(closeApps);

const boot = (platform: Platform, options: AppParts['options'] = { sessions: {} }): Promise<TestApp> =>
  startApp(platform, { controllers: [SessionController], options });

/** A clock for a store made outside the module: the application's and the store's are one in these tests. */
const shared = (): { clock: TestClock; store: MemorySessionStore } => {
  const clock = new TestClock();
  return { clock, store: new MemorySessionStore({ clock }) };
};

const post = (app: TestApp, path: string, body: unknown = {}, token?: string): Promise<HttpAnswer> =>
  app.send(path, {
    method: 'POST',
    headers: [
      ['Content-Type', 'application/json'],
      ...(token === undefined ? [] : [['Authorization', `Bearer ${token}`] as const]),
    ],
    body: JSON.stringify(body),
  });

const login = async (app: TestApp, username = 'alice'): Promise<any> =>
  (await post(app, '/login', { username })).body;

describe.each(PLATFORMS)('sessions on $name', (platform) => {
  it('start with a token response, whose access token carries sid, auth_time and the claims', async () => {
    const app = await boot(platform);
    const answer = await login(app);
    expect(answer).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 300,
      refresh_token: expect.any(String),
      scope: 'read',
    });
    const { body } = await app.get('/me', `Bearer ${answer.access_token}`);
    expect(body).toMatchObject({ sub: 'alice', role: 'cook', sid: expect.any(String) });
    expect(body.auth_time).toBe(Math.floor(app.clock.now()));
    expect(answer.refresh_token).not.toContain(body.sid);
  });

  it('are refreshed into the same session, and auth_time stays that of the credentials', async () => {
    const app = await boot(platform);
    const first = await login(app);
    const before = app.tokens.decodeUnverified(first.access_token).claims;
    app.clock.advance(100);
    const { status, body } = await post(app, '/refresh', { refresh_token: first.refresh_token });
    expect(status).toBe(200);
    expect(body.refresh_token).not.toBe(first.refresh_token);
    const after = app.tokens.decodeUnverified(body.access_token).claims;
    expect(after).toMatchObject({ sid: before.sid, auth_time: before.auth_time, role: 'cook' });
    expect(after.iat).toBe((before.iat as number) + 100);
  });

  it('give the same successor to two tabs within reuseInterval', async () => {
    const app = await boot(platform);
    const first = await login(app);
    const [one, two] = await Promise.all(
      [1, 2].map(() => post(app, '/refresh', { refresh_token: first.refresh_token })),
    );
    expect([one!.status, two!.status]).toEqual([200, 200]);
    expect(one!.body.refresh_token).toBe(two!.body.refresh_token);
  });

  it('end when a spent refresh token is presented: 400 invalid_grant, a warning, and the access token is refused', async () => {
    const app = await boot(platform);
    const first = await login(app);
    const second = (await post(app, '/refresh', { refresh_token: first.refresh_token })).body;
    app.clock.advance(11);
    const reuse = await post(app, '/refresh', { refresh_token: first.refresh_token });
    expect(reuse).toMatchObject({
      status: 400,
      body: { statusCode: 400, error: 'invalid_grant', errorCode: 'ERR_REFRESH_TOKEN_REUSED' },
    });
    expect(await post(app, '/refresh', { refresh_token: second.refresh_token })).toMatchObject({
      status: 400,
      body: { errorCode: 'ERR_REFRESH_TOKEN_INVALID' },
    });
    expect(await app.get('/me', `Bearer ${second.access_token}`)).toMatchObject({
      status: 401,
      body: { errorCode: 'ERR_TOKEN_REVOKED' },
    });
    expect(app.log.own('warn').map(({ message }) => message)).toContain(
      'A spent refresh token was presented: its session is ended',
    );
    for (const secret of [first.refresh_token, second.refresh_token])
      expect(app.log.text()).not.toContain(secret);
  });

  it('end at log-out, and a token in the cache of verified tokens is refused at once', async () => {
    const app = await boot(platform);
    const { access_token: token } = await login(app);
    expect((await app.get('/me', `Bearer ${token}`)).status).toBe(200);
    expect((await app.get('/me', `Bearer ${token}`)).status).toBe(200);
    expect((await post(app, '/logout', {}, token)).status).toBe(204);
    const refused = await app.get('/me', `Bearer ${token}`);
    expect(refused).toMatchObject({ status: 401, body: { errorCode: 'ERR_TOKEN_REVOKED' } });
    expect(refused.challenge).toContain('error="invalid_token"');
  });

  it('are listed for their owner, and all but one can be ended', async () => {
    const app = await boot(platform);
    const [phone, laptop, bobs] = [await login(app), await login(app), await login(app, 'bob')];
    const { body } = await app.get('/sessions', `Bearer ${phone.access_token}`);
    expect(body).toHaveLength(2);
    expect(body[0]).toMatchObject({ sid: expect.any(String), device: 'a kettle' });
    const others = await post(app, '/logout-others', {}, phone.access_token);
    expect(others.body).toEqual({ ended: 1 });
    const statusOf = async ({ access_token }: { access_token: string }): Promise<number> =>
      (await app.get('/me', `Bearer ${access_token}`)).status;
    expect(await Promise.all([phone, laptop, bobs].map(statusOf))).toEqual([200, 401, 200]);
  });

  it.each([[undefined], [null], [7], [['a']], [{ a: 1 }], [''], ['x'.repeat(100_000)], ['\ud800']])(
    'end nothing for a malformed refresh token, %#',
    async (refreshToken) => {
      const app = await boot(platform);
      const alive = await login(app);
      const answer = await post(app, '/refresh', { refresh_token: refreshToken });
      expect(answer).toMatchObject({ status: 400, body: { errorCode: 'ERR_REFRESH_TOKEN_INVALID' } });
      expect((await app.get('/me', `Bearer ${alive.access_token}`)).status).toBe(200);
    },
  );

  it('are refused with 503 when the store is full, and the ones that are there live on', async () => {
    const { clock } = shared();
    const store = new MemorySessionStore({ clock, maxSessions: 1 });
    const app = await boot(platform, { clock, sessions: { store } });
    const first = await login(app);
    const second = await post(app, '/login', { username: 'bob' });
    expect(second).toMatchObject({ status: 503, body: { errorCode: 'ERR_STORE_UNAVAILABLE' } });
    expect(second.headers['retry-after']).toBeDefined();
    expect((await app.get('/me', `Bearer ${first.access_token}`)).status).toBe(200);
  });

  it('answer 503 when the signer is busy, and then the refresh token is not spent', async () => {
    const app = await boot(platform, { sessions: { reuseInterval: 0 }, maxPendingSignatures: 1 });
    const first = await login(app);
    const busy = app.tokens.issue({ sub: 'somebody' });
    await expect(app.nest.get(SessionService).refresh(first.refresh_token)).rejects.toMatchObject({
      code: 'ERR_SIGNER_BUSY',
    });
    await busy;
    expect((await post(app, '/refresh', { refresh_token: first.refresh_token })).status).toBe(200);
  });

  it('answer 503 while no key may sign, and then the refresh token is not spent', async () => {
    const folder = new KeyFolder();
    folder.put('alice');
    const app = await startApp(platform, {
      controllers: [SessionController],
      module: JwtRs256Module.forRoot({
        keyDirectory: folder.path,
        issuer: ISSUER,
        clock: new TestClock(),
        sessions: { reuseInterval: 0 },
      }),
    });
    const { refresh_token } = await login(app);
    folder.write(`${kidOf('alice')}.revoked`, '');
    await app.nest.get(KeyRing).reload();
    expect(await post(app, '/refresh', { refresh_token })).toMatchObject({
      status: 503,
      body: { errorCode: 'ERR_KEYS_UNAVAILABLE' },
    });
    folder.put('bob', NOW - 1);
    await app.nest.get(KeyRing).reload();
    expect((await post(app, '/refresh', { refresh_token })).status).toBe(200);
    folder.remove();
  });

  it('that ended are refused by a service that only verifies and shares the store', async () => {
    const { clock, store } = shared();
    const app = await boot(platform, { clock, sessions: { store } });
    const verifyOnly = await startApp(platform, {
      controllers: [SessionController],
      module: JwtRs256Module.forRoot({
        publicKey: keyPairOf('alice').publicKey,
        issuer: app.tokens.decodeUnverified((await login(app)).access_token).claims.iss as string,
        clock,
        sessions: { store },
        strategyName: 'verify-only',
      }),
    });
    const { access_token: token } = await login(app);
    expect((await verifyOnly.get('/me', `Bearer ${token}`)).status).toBe(200);
    await post(app, '/logout', {}, token);
    expect((await verifyOnly.get('/me', `Bearer ${token}`)).body.errorCode).toBe('ERR_TOKEN_REVOKED');
    expect((await post(verifyOnly, '/login', { username: 'eve' })).body.errorCode).toBe('ERR_VERIFY_ONLY');
  });

  it("with revocation 'none' leave access tokens alone until they expire", async () => {
    const app = await boot(platform, { sessions: { revocation: 'none' } });
    const { access_token: token } = await login(app);
    expect((await post(app, '/logout', {}, token)).status).toBe(204);
    expect((await app.get('/me', `Bearer ${token}`)).status).toBe(200);
  });

  it('are off unless asked for: every method throws ERR_SESSIONS_OFF, and nothing of them runs', async () => {
    const clock = new TestClock();
    const timers = jest.spyOn(clock, 'setTimeout');
    const app = await boot(platform, { clock });
    const sessions = app.nest.get(SessionService);
    for (const call of [
      () => sessions.start({ sub: 'alice' }),
      () => sessions.refresh('token'),
      () => sessions.end('sid'),
      () => sessions.endByRefreshToken('token'),
      () => sessions.endAll('alice'),
      () => sessions.list('alice'),
      () => sessions.revokeToken('jti'),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'ERR_SESSIONS_OFF', fault: 'developer' });
    }
    const token = await app.tokens.issue({ sub: 'alice' });
    expect((await app.get('/me', `Bearer ${token}`)).status).toBe(200);
    // What verifies is the verifier itself, with nothing around it that looks anything up.
    expect(app.nest.get(TokenVerifier)).toBeInstanceOf(TokenVerifier);
    expect(timers).not.toHaveBeenCalled();
    expect(app.log.own('warn')).toEqual([]);
    const answer = await post(app, '/login', { username: 'alice' });
    expect(answer).toMatchObject({ status: 500, body: { errorCode: 'ERR_SESSIONS_OFF' } });
  });

  it('that ended stay known as long as any token can be accepted that has their sid, or a revoked jti', async () => {
    const app = await boot(platform, {
      sessions: {},
      accessTokenTtl: 600,
      maxTokenTtl: 600,
      clockTolerance: 60,
    });
    // Of an issuer whose clock is ahead by the tolerance, so it is accepted for longer than any other.
    const [iat, exp] = [NOW + 60, NOW + 660];
    const token = mint(header(), claims({ iat, nbf: iat, exp, jti: 'taken back' }));
    const sessions = app.nest.get(SessionService);
    expect((await app.get('/me', `Bearer ${token}`)).status).toBe(200);
    await sessions.revokeToken('taken back');
    app.clock.advance(719);
    await sessions.list('alice');
    expect((await app.get('/me', `Bearer ${token}`)).body.errorCode).toBe('ERR_TOKEN_REVOKED');
    app.clock.advance(1);
    expect((await app.get('/me', `Bearer ${token}`)).body.errorCode).toBe('ERR_TOKEN_EXPIRED');
  });

  it('are watched until the application closes, and the store is not closed', async () => {
    const clock = new TestClock();
    const store = new RemoteStore(new MemorySessionStore({ clock }));
    let asked = 0;
    const { endedSince } = store;
    store.endedSince = (cursor) => {
      asked++;
      return endedSince(cursor);
    };
    const app = await boot(platform, { clock, sessions: { store } });
    expect(asked).toBe(1);
    clock.advance(0.4);
    expect(asked).toBe(2);
    await app.nest.close();
    clock.advance(10);
    expect(asked).toBe(2);
  });

  it('tell listeners what happens, and never a token', async () => {
    const app = await boot(platform);
    const events: unknown[] = [];
    const unsubscribe = app.nest.get(SessionService).subscribe((event) => events.push(event));
    const first = await login(app);
    await post(app, '/refresh', { refresh_token: first.refresh_token });
    unsubscribe();
    await post(app, '/logout', {}, first.access_token);
    expect(events).toMatchObject([
      { type: 'started', sub: 'alice' },
      { type: 'refreshed', sub: 'alice' },
    ]);
    expect(JSON.stringify(events)).not.toContain(first.refresh_token);
  });
});

describe('the option sessions', () => {
  const [platform] = PLATFORMS as [Platform];

  it.each([
    ['the default one', {}],
    ['one that is given', { store: new MemorySessionStore() }],
  ])('warns once that a memory store is for one process: %s', async (_, sessions) => {
    const app = await boot(platform, { sessions });
    const warnings = app.log.own('warn').map(({ message }) => String(message));
    expect(warnings.filter((warning) => warning.includes('memory of this process'))).toHaveLength(1);
  });

  it.each([
    ['null', null, 'ERR_OPTION_INVALID'],
    ['a misspelled member', { refreshTtl: '7d' }, 'ERR_OPTION_UNKNOWN'],
    ['a store that is undefined', { store: undefined }, 'ERR_OPTION_INVALID'],
    ['a store that is none', { store: {} }, 'ERR_OPTION_INVALID'],
    ['a reuseInterval over 60 s', { reuseInterval: 61 }, 'ERR_OPTION_TTL'],
    ['a refreshTokenTtl over sessionTtl', { refreshTokenTtl: '31d' }, 'ERR_OPTION_TTL'],
    ['text without a unit', { sessionTtl: '3600' }, 'ERR_OPTION_DURATION'],
    ['an unknown revocation', { revocation: 'all' }, 'ERR_OPTION_INVALID'],
    ['an unknown revocationOutage', { revocationOutage: 'maybe' }, 'ERR_OPTION_INVALID'],
  ])('stops the boot for %s', async (_name, sessions, code) => {
    await expect(boot(platform, { sessions: sessions as never })).rejects.toMatchObject({ code });
  });
});
