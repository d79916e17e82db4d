import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject, UseGuards } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import {
  type AccessTokenClaims,
  Auth,
  CurrentUser,
  JwtRs256Module,
  type JwtRs256ModuleOptions,
  SessionService,
  TokenClaimError,
  TokenEndpointsModule,
  TokenService,
  type TrustedIssuer,
  type VerifyOptions,
} from '../../src/index.js';
import { closeApps, optionsOf, startApp } from '../support/app.js';
import { verificationKeyOf } from '../support/changing-keys.js';
import { issuerOf, jwkOf, mintAs, mintForeign } from '../support/foreign.js';
import { document, JwkSetServer, jwkSet, status } from '../support/jwk-set-server.js';
import { keyPairOf } from '../support/keys.js';
import { AUDIENCE, claims, header, ISSUER, mint, ownKid } from '../support/mint.js';
import { PLATFORMS } from '../support/platforms.js';
import { bearer as bearerLine, post } from '../support/token-endpoints.js';
import { TestClock } from '../../src/testing/index.js';

@Controller('orders')
@Auth()
class OrdersController {
  constructor(@Inject(TokenService) private readonly tokens: TokenService) {}

  @Get() mine(@CurrentUser() { iss, sub }: AccessTokenClaims) {
    return { iss, sub };
  }

  @Get('issue') async issue() {
    return { token: await this.tokens.issue({ sub: 'alice' }) };
  }
}

@Controller('passport')
@UseGuards(AuthGuard('jwt-rs256'))
class PassportController {
  @Get() mine(@CurrentUser('sub') sub: string) {
    return { sub };
  }
}

const controllers = [OrdersController, PassportController];
const bearer = (token: string) => `Bearer ${token}`;
/** Deterministic where a fetch is answered with this: the keys are fresh for an hour. */
const FRESH = { 'cache-control': 'max-age=3600' };

let server: JwkSetServer;

beforeAll(async () => {
  server = await JwkSetServer.start(status(404));
});

beforeEach(async () => {
  await server.listen().catch(() => undefined);
  server.arrivals.length = 0;
  server.at.clear();
  publish('anna', [jwkOf('anna')]);
  server.at.set('/ben/.well-known/openid-configuration', (response, request) =>
    document({ issuer: benIssuer(), jwks_uri: uriOf('ben') }, FRESH)(response, request),
  );
  publish('ben', [jwkOf('ben')]);
});

afterEach(closeApps);
afterAll(() => server.refuse());

/** From now on, this is the JWK Set of an issuer. */
function publish(owner: string, keys: readonly object[]): void {
  server.at.set(`/${owner}/jwks.json`, jwkSet(keys, FRESH));
}

const uriOf = (owner: string) => `${server.origin}/${owner}/jwks.json`;
const benIssuer = () => `${server.origin}/ben`;

/** anna by her JWK Set, ben by discovery, carl by the PEM of his key. */
function trusted(): TrustedIssuer[] {
  return [
    { issuer: issuerOf('anna'), audience: AUDIENCE, jwksUri: uriOf('anna') },
    { issuer: benIssuer(), audience: AUDIENCE, discovery: true },
    { issuer: issuerOf('carl'), audience: AUDIENCE, publicKey: keyPairOf('carl').publicKey },
  ];
}

const mintBen = (members: object = {}) => mintForeign('ben', { iss: benIssuer(), ...members });

describe.each(PLATFORMS)('An app that trusts other issuers, on $name,', (platform) => {
  const start = (options: Partial<JwtRs256ModuleOptions> = {}) =>
    startApp(platform, { controllers, options: { trustedIssuers: trusted(), ...options } });

  /** Without keys of its own: these options and no others. */
  const startOnly = (options: JwtRs256ModuleOptions) =>
    startApp(platform, { controllers, module: JwtRs256Module.forRoot(options) });

  it('accepts their tokens beside its own, each as what it is', async () => {
    const { get } = await start();
    for (const [token, iss, sub] of [
      [mint(), ISSUER, 'alice-of-wonderland'],
      [mintForeign('anna'), issuerOf('anna'), 'anna'],
      [mintBen(), benIssuer(), 'ben'],
      [mintForeign('carl', {}, { kid: 'of-his-own' }), issuerOf('carl'), 'carl'],
    ] as const) {
      for (let times = 1; times <= 2; times++) {
        expect(await get('/orders', bearer(token))).toMatchObject({ status: 200, body: { iss, sub } });
      }
      expect(await get('/passport', bearer(token))).toMatchObject({ status: 200, body: { sub } });
    }
    expect(server.paths).toEqual(
      expect.arrayContaining(['/anna/jwks.json', '/ben/.well-known/openid-configuration', '/ben/jwks.json']),
    );
    expect(server.count).toBe(3);
  });

  it('goes on issuing its own', async () => {
    const { get } = await start();
    const { body } = await get('/orders/issue', bearer(mintForeign('anna')));
    expect(await get('/orders', bearer(body.token))).toMatchObject({ status: 200, body: { sub: 'alice' } });
  });

  /** The same `sub`, `sid` and `jti`, given by another issuer to somebody else. */
  describe('whose people have the names of ours', () => {
    async function startWithSession() {
      const endpoints = TokenEndpointsModule.forRoot({
        endpoints: { logoutAll: true, sessions: true, revoke: true },
      });
      const app = await startApp(platform, {
        controllers,
        options: { trustedIssuers: trusted(), sessions: {} },
        imports: [endpoints],
      });
      const sessions = app.nest.get(SessionService);
      const ours = await sessions.start({ sub: 'alice' });
      const [session] = await sessions.list('alice');
      const { jti } = app.tokens.decodeUnverified(ours.access_token).claims;
      return { app, sessions, ours, namesake: mintForeign('anna', { sub: 'alice', sid: session?.sid, jti }) };
    }

    it('shows them no session of ours', async () => {
      const { app, ours, namesake } = await startWithSession();
      expect(await app.get('/orders', bearer(namesake))).toMatchObject({
        status: 200,
        body: { sub: 'alice' },
      });
      const answer = await app.get('/auth/sessions', bearer(namesake));
      expect(answer).toMatchObject({ status: 401, body: { errorCode: 'ERR_TOKEN_CLAIM' } });
      expect(answer.challenge).toContain('error="invalid_token"');
      const own = await app.get('/auth/sessions', bearer(ours.access_token));
      expect(own).toMatchObject({ status: 200, body: { sessions: [{ current: true }] } });
    });

    it('lets them end none', async () => {
      const { app, sessions, ours, namesake } = await startWithSession();
      for (const body of [{}, { except_current: true }]) {
        const answer = await post(app, '/auth/logout-all', body, [bearerLine(namesake)]);
        expect(answer).toMatchObject({ status: 401, body: { errorCode: 'ERR_TOKEN_CLAIM' } });
      }
      expect(await sessions.list('alice')).toHaveLength(1);
      expect(await app.get('/orders', bearer(ours.access_token))).toMatchObject({ status: 200 });
    });

    it('revokes no token of ours with one of theirs, and says that theirs cannot be revoked here', async () => {
      const { app, ours, namesake } = await startWithSession();
      expect(await post(app, '/auth/revoke', { token: namesake })).toMatchObject({
        status: 400,
        body: { error: 'unsupported_token_type' },
      });
      expect(await app.get('/orders', bearer(ours.access_token))).toMatchObject({ status: 200 });
      expect(await app.get('/orders', bearer(namesake))).toMatchObject({ status: 200 });
      expect(await post(app, '/auth/revoke', { token: ours.access_token })).toMatchObject({ status: 200 });
      expect(await app.get('/orders', bearer(ours.access_token))).toMatchObject({ status: 401 });
    });
  });

  it.each([
    ['a token of nobody', () => mintAs('https://mallory.example/', 'mallory'), 'ERR_TOKEN_CLAIM'],
    ['a token without iss', () => mintAs(undefined, 'alice'), 'ERR_TOKEN_CLAIM'],
    ['our key under the name of anna', () => mintAs(issuerOf('anna'), 'alice'), 'ERR_TOKEN_KEY_UNKNOWN'],
    ['the key of anna under our name', () => mintAs(ISSUER, 'anna'), 'ERR_TOKEN_KEY_UNKNOWN'],
    ['the key of ben under the name of anna', () => mintAs(issuerOf('anna'), 'ben'), 'ERR_TOKEN_KEY_UNKNOWN'],
    [
      'our kid under the name of anna',
      () => mintAs(issuerOf('anna'), 'anna', { kid: ownKid }),
      'ERR_TOKEN_KEY_UNKNOWN',
    ],
    ['an ID token of anna', () => mintForeign('anna', { aud: 'client', nonce: 'n' }), 'ERR_TOKEN_CLAIM'],
    ['a log-out token of anna', () => mintForeign('anna', {}, { typ: 'logout+jwt' }), 'ERR_TOKEN_TYPE'],
  ])('refuses %s', async (_, token, errorCode) => {
    const { get } = await start();
    const { status: code, body, challenge } = await get('/orders', bearer(token()));
    expect({ code, body }).toMatchObject({ code: 401, body: { error: 'invalid_token', errorCode } });
    expect(challenge).toContain('error="invalid_token"');
    expect(challenge).not.toContain('mallory');
  });

  it('follows the keys of an issuer: a new one at once, one that is gone no more', async () => {
    const clock = new TestClock();
    const { get, log } = await start({ clock });
    const old = mintForeign('anna');
    expect((await get('/orders', bearer(old))).status).toBe(200);
    publish('anna', [jwkOf('anna-later')]);
    clock.advance(11);
    const later = mintAs(issuerOf('anna'), 'anna-later');
    expect((await get('/orders', bearer(later))).status).toBe(200);
    expect((await get('/orders', bearer(old))).body.errorCode).toBe('ERR_TOKEN_KEY_UNKNOWN');
    const { kid } = verificationKeyOf('anna-later');
    expect(log.own('log').map(({ message, details }) => ({ message, details }))).toContainEqual({
      message: expect.stringContaining('It has other keys now'),
      details: [{ kids: [kid] }],
    });
  });

  it('answers 503 for an issuer that is down since before it booted, and 200 once that is up', async () => {
    await server.refuse();
    const clock = new TestClock();
    const { get, log } = await start({ clock });
    expect(log.own('warn').map(({ message }) => message)).toContainEqual(
      expect.stringContaining(`The JWK Set of ${issuerOf('anna')} cannot be refreshed`),
    );
    for (const token of [mintForeign('anna'), mintBen()]) {
      const { status: code, body, headers, challenge } = await get('/orders', bearer(token));
      expect({ code, body }).toMatchObject({
        code: 503,
        body: { error: 'temporarily_unavailable', errorCode: 'ERR_KEYS_UNAVAILABLE' },
      });
      expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
      expect(challenge).toBeUndefined();
    }
    expect((await get('/orders', bearer(mint()))).status).toBe(200);
    expect((await get('/orders', bearer(mintForeign('carl')))).status).toBe(200);
    await server.listen();
    // Past the pause after a failure, and not past the deadline of the next attempt.
    clock.advance(2);
    expect((await get('/orders', bearer(mintForeign('anna')))).status).toBe(200);
    expect((await get('/orders', bearer(mintBen()))).status).toBe(200);
    expect(log.own('log').map(({ message }) => message)).toContainEqual(
      expect.stringContaining('can be had again'),
    );
  });

  it('serves from the last good keys while an issuer is down', async () => {
    const clock = new TestClock();
    const { get } = await start({ clock });
    await server.refuse();
    clock.advance(2 * 3600);
    const times = { iat: clock.now(), exp: clock.now() + 300 };
    expect((await get('/orders', bearer(mintForeign('anna', times)))).status).toBe(200);
    clock.advance(86_400);
    const later = { iat: clock.now(), exp: clock.now() + 300 };
    expect((await get('/orders', bearer(mintForeign('anna', later)))).status).toBe(503);
  });

  it('says at boot whom it trusts, and is silent once it is closed', async () => {
    const clock = new TestClock();
    const { log, nest } = await start({ clock });
    expect(log.own('log').map(({ message }) => message)).toContain(
      `signs and verifies: issuer ${ISSUER}, kid ${ownKid}, 2048 bits; trusts ` +
        `${issuerOf('anna')} (keys from ${uriOf('anna')}), ${benIssuer()} (keys by discovery), ` +
        `${issuerOf('carl')} (a public key)`,
    );
    expect(log.own('warn')).toEqual([]);
    log.clear();
    const before = server.count;
    await nest.close();
    // Long past the time of the next refresh.
    clock.advance(86_400);
    await server.settle();
    expect(log.own()).toEqual([]);
    expect(server.count).toBe(before);
  });

  it('gives their claims to validate and to wrapVerifier, which may refuse them', async () => {
    const validated: unknown[] = [];
    const { get } = await start({
      validate: (principal) => {
        validated.push(principal.iss);
        return principal.sub === 'unknown' ? null : principal;
      },
      wrapVerifier: (ours) => ({
        async verify<T extends object>(token: string, options?: VerifyOptions) {
          const verified = await ours.verify<T>(token, options);
          if (verified.sub !== 'barred') return verified;
          throw new TokenClaimError({ claim: 'sub', message: 'Barred' });
        },
      }),
    });
    expect((await get('/orders', bearer(mintForeign('anna')))).status).toBe(200);
    expect((await get('/orders', bearer(mintForeign('anna')))).status).toBe(200);
    expect((await get('/orders', bearer(mint()))).status).toBe(200);
    expect(validated).toEqual([issuerOf('anna'), issuerOf('anna'), ISSUER]);
    expect((await get('/orders', bearer(mintForeign('anna', { sub: 'unknown' })))).body.errorCode).toBe(
      'ERR_PRINCIPAL_UNKNOWN',
    );
    expect((await get('/orders', bearer(mintForeign('anna', { sub: 'barred' })))).body.message).toBe(
      'Barred',
    );
  });

  it('ends its own sessions and tokens, and none of others that have the same identifiers', async () => {
    const { get, nest } = await start({ sessions: {} });
    const sessions = nest.get(SessionService);
    const { access_token: own } = await sessions.start({ sub: 'alice' });
    const { sid } = nest.get(TokenService).decodeUnverified(own).claims;
    const foreign = mintForeign('anna', { sid, jti: 'theirs-and-ours' });
    const ours = mint(header(), claims({ jti: 'theirs-and-ours' }));
    for (const token of [own, ours, foreign]) expect((await get('/orders', bearer(token))).status).toBe(200);
    await sessions.end(sid as string);
    await sessions.revokeToken('theirs-and-ours');
    for (const token of [own, ours])
      expect((await get('/orders', bearer(token))).body.errorCode).toBe('ERR_TOKEN_REVOKED');
    expect((await get('/orders', bearer(foreign))).status).toBe(200);
  });

  it('may have no key of its own', async () => {
    const { get, log } = await startOnly({
      trustedIssuers: trusted(),
      clock: new TestClock(),
    });
    for (const token of [mintForeign('anna'), mintBen(), mintForeign('carl')])
      expect((await get('/orders', bearer(token))).status).toBe(200);
    expect((await get('/orders', bearer(mint()))).body.errorCode).toBe('ERR_TOKEN_CLAIM');
    expect((await get('/orders/issue', bearer(mintForeign('anna')))).body).toMatchObject({
      statusCode: 500,
      errorCode: 'ERR_VERIFY_ONLY',
    });
    expect(log.own('log').map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/^verifies only: trusts https:\/\/anna\.example\/ \(keys from /),
    );
    expect(log.own('warn')).toEqual([]);
  });

  it.each([
    ['jwksUri', () => ({ issuer: issuerOf('anna'), jwksUri: uriOf('anna') }), () => mintForeign('anna')],
    ['discovery', () => ({ issuer: benIssuer(), discovery: true as const }), () => mintBen()],
  ])('has a short form for one: %s', async (name, remote, token) => {
    const { get, log } = await startOnly({ ...remote(), audience: AUDIENCE, clock: new TestClock() });
    expect((await get('/orders', bearer(token()))).status).toBe(200);
    expect((await get('/orders', bearer(mint()))).body.errorCode).toBe('ERR_TOKEN_KEY_UNKNOWN');
    expect((await get('/orders/issue', bearer(token()))).body.errorCode).toBe('ERR_VERIFY_ONLY');
    const from = name === 'jwksUri' ? `keys from ${uriOf('anna')}` : 'keys by discovery';
    expect(log.own('log').map(({ message }) => message)).toContain(
      `verifies only: issuer ${remote().issuer}, ${from}`,
    );
  });

  it('checks the sessions of the one issuer of the short form', async () => {
    const { get, nest } = await startOnly({
      issuer: issuerOf('anna'),
      audience: AUDIENCE,
      jwksUri: uriOf('anna'),
      sessions: {},
      clock: new TestClock(),
    });
    const token = mintForeign('anna', { jti: 'one' });
    expect((await get('/orders', bearer(token))).status).toBe(200);
    await nest.get(SessionService).revokeToken('one');
    expect((await get('/orders', bearer(token))).body.errorCode).toBe('ERR_TOKEN_REVOKED');
  });

  it.each([
    [
      { jwksUri: 'http://anna.example/jwks' },
      'ERR_OPTION_INVALID',
      /^trustedIssuers\[0\]\.jwksUri is not https/,
    ],
    [
      { jwksUri: 'https://u:p@anna.example/' },
      'ERR_OPTION_INVALID',
      /^trustedIssuers\[0\]\.jwksUri has a user/,
    ],
    [{ jwksUri: 'keys.json' }, 'ERR_OPTION_INVALID', /^trustedIssuers\[0\]\.jwksUri is not an address/],
    [{ jwksUri: 'https://anna.example/', maxStale: 1 }, 'ERR_OPTION_TTL', /^trustedIssuers\[0\]\.maxStale/],
    [{ issuer: 'anna', discovery: true }, 'ERR_OPTION_INVALID', /^trustedIssuers\[0\]\.issuer/],
    [
      { publicKey: keyPairOf('anna').privateKey },
      'ERR_KEY_PRIVATE_IN_PUBLIC_SLOT',
      /^trustedIssuers\[0\]\.publicKey/,
    ],
    [{ publicKey: 'anna.pub' }, 'ERR_KEY_IS_PATH', /^trustedIssuers\[0\]\.publicKey/],
    [{ publicKey: { file: 'no/such/file' } }, 'ERR_KEY_FILE_MISSING', /^trustedIssuers\[0\]\.publicKey/],
  ])('does not boot with %j', async (members, code, message) => {
    const entry = { issuer: issuerOf('anna'), audience: AUDIENCE, ...members } as TrustedIssuer;
    await expect(start({ trustedIssuers: [entry] })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it('does not boot with a bad address in the short form, and names the option', async () => {
    const boot = startOnly({ issuer: ISSUER, audience: AUDIENCE, jwksUri: 'http://anna.example/jwks' });
    await expect(boot).rejects.toMatchObject({ message: expect.stringMatching(/^jwksUri is not https/) });
  });

  it('does without parsing claims before the signature where it trusts nobody else', async () => {
    const { get } = await startApp(platform, { controllers, options: optionsOf() });
    const [encodedHeader, , signature] = mint().split('.');
    const noJson = Buffer.from('{"iss"').toString('base64url');
    const { body } = await get('/orders', bearer(`${encodedHeader}.${noJson}.${signature}`));
    expect(body.errorCode).toBe('ERR_TOKEN_SIGNATURE');
  });
});
