import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  Body,
  Controller,
  Get,
  HttpCode,
  type HttpException,
  Inject,
  Injectable,
  Post,
  Query,
  Req,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import jsonwebtoken from 'jsonwebtoken';
import { createPrivateKey, type JsonWebKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AccessTokenClaims,
  Auth,
  CurrentUser,
  JwtRs256Guard,
  JwtRs256Module,
  type JwtRs256ModuleOptions,
  TokenService,
  type TokenVerifier,
  VerifyOnlyError,
} from '../../src/index.js';
import { TestClock } from '../../src/testing/index.js';
import { closeApps, startApp, type TestApp } from '../support/app.js';
import type { HttpAnswer } from '../support/http-client.js';
import { keyPairOf } from '../support/keys.js';
import { AUDIENCE, claims, header, ISSUER, mint, NOW, strangerKey } from '../support/mint.js';
import { PLATFORMS, type Platform } from '../support/platforms.js';

/** A user of the tiny app, as Flask-JWT's identity handler would load one. */
class User {
  constructor(
    readonly id: string,
    readonly name: string,
  ) {}
}

const USERS = new Map([['alice', { user: new User('1', 'Alice'), password: 'correct horse' }]]);

/** The counterpart of `app.config['JWT_...']` with Flask-JWT's defaults, and the keys of the how-to. */
const flaskOptions = (clock: TestClock): JwtRs256ModuleOptions => ({
  ...keyPairOf('alice'),
  issuer: ISSUER,
  audience: AUDIENCE,
  scheme: 'JWT',
  realm: 'Login Required',
  accessTokenTtl: 300,
  notBefore: 0,
  clockTolerance: 10,
  verifyClaims: ['exp', 'nbf', 'iat'],
  requiredClaims: ['exp', 'iat', 'nbf'],
  validate: ({ sub }) => [...USERS.values()].find(({ user }) => user.id === sub)?.user ?? null,
  clock,
});

@Controller()
class FlaskController {
  constructor(@Inject(TokenService) private readonly tokens: TokenService) {}

  @Post('auth')
  @HttpCode(200)
  async authenticate(@Body() body: unknown) {
    const { username, password } = Object(body) as Record<string, unknown>;
    if (typeof username !== 'string' || typeof password !== 'string') throw new BadRequestException();
    const known = USERS.get(username);
    if (known?.password !== password) throw new UnauthorizedException('Invalid credentials');
    return { access_token: await this.tokens.issue({ sub: known.user.id }) };
  }

  @Auth() @Get('protected') protected(@CurrentUser() user: User, @CurrentUser('name') name: string) {
    return { user, name, isUser: user instanceof User };
  }

  @Auth({ realm: 'Vault' }) @Get('vault') vault() {
    return {};
  }

  /** What `_jwt_required` called by hand was for. */
  @Get('by-hand') async byHand(@Query('token') token?: string) {
    return token === undefined ? { hello: 'stranger' } : { hello: (await this.tokens.verify(token)).sub };
  }
}

const login = { method: 'POST', headers: [['Content-Type', 'application/json']] } as const;
const byAlice = (members: object = {}) => mint(header(), claims({ sub: '1', ...members }));

async function startFlask(
  platform: Platform,
  options: Partial<JwtRs256ModuleOptions> = {},
): Promise<TestApp> {
  const clock = new TestClock();
  const module = JwtRs256Module.forRoot({ ...flaskOptions(clock), ...options });
  const app = await startApp(platform, { module, controllers: [FlaskController] });
  return { ...app, clock, tokens: app.tokens };
}

describe.each(PLATFORMS)('On $name', (platform) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startFlask(platform);
  });
  const others: TestApp[] = [];
  /** Another app beside the one above. */
  const start = async (options: Partial<JwtRs256ModuleOptions>) => {
    const started = await startFlask(platform, { strategyName: 'jwt-other', ...options });
    others.push(started);
    return started;
  };
  afterEach(async () => {
    for (const other of others.splice(0)) await other.nest.close();
  });
  afterAll(closeApps);

  describe('what the how-to is about', () => {
    it('from a login to a protected route', async () => {
      const { status, body } = await app.send('/auth', {
        ...login,
        body: '{"username":"alice","password":"correct horse"}',
      });
      expect(status).toBe(200);
      const answer = await app.get('/protected', `JWT ${body.access_token}`);
      expect(answer).toMatchObject({
        status: 200,
        body: { user: { id: '1', name: 'Alice' }, name: 'Alice', isUser: true },
      });
    });

    it('the private key signs; the public key verifies, anywhere, and can be given to anyone', async () => {
      const token = await app.tokens.issue({ sub: '1' });
      expect(
        jsonwebtoken.verify(token, keyPairOf('alice').publicKey, {
          algorithms: ['RS256'],
          clockTimestamp: NOW,
        }),
      ).toMatchObject({ sub: '1' });
    });

    it('single sign-on: many services trust one issuer, and cannot issue', async () => {
      const { privateKey: _privateKey, ...verifyOnly } = flaskOptions(new TestClock());
      const token = await app.tokens.issue({ sub: '1' });
      for (const strategyName of ['service-1', 'service-2']) {
        const module = JwtRs256Module.forRoot({ ...verifyOnly, strategyName });
        const service = await startApp(platform, { module, controllers: [FlaskController] });
        expect((await service.get('/protected', `JWT ${token}`)).status).toBe(200);
        await expect(service.tokens.issue({ sub: '1' })).rejects.toThrow(VerifyOnlyError);
        await service.nest.close();
      }
    });

    it('a signature gives integrity, not secrecy: everybody can read a token, nobody can change it', async () => {
      const token = await app.tokens.issue({ sub: '1', note: 'for all to read' });
      expect(app.tokens.decodeUnverified(token).claims).toMatchObject({ note: 'for all to read' });
      const [head, , signature] = token.split('.') as [string, string, string];
      const changed = Buffer.from(JSON.stringify({ ...claims({ sub: '2' }) })).toString('base64url');
      expect((await app.get('/protected', `JWT ${head}.${changed}.${signature}`)).body.errorCode).toBe(
        'ERR_TOKEN_SIGNATURE',
      );
    });

    describe('its two files, rs256.pem and rs256.pub,', () => {
      const directory = mkdtempSync(join(tmpdir(), 'flask-jwt-'));
      afterAll(() => rmSync(directory, { recursive: true }));

      it.each(['pkcs1', 'pkcs8'] as const)(
        'work as openssl wrote them, old (PKCS #1) or new (PKCS #8): %s',
        async (type) => {
          const files = {
            privateKey: { file: join(directory, 'rs256.pem') },
            publicKey: { file: join(directory, 'rs256.pub') },
          };
          const pem = createPrivateKey(keyPairOf('alice').privateKey).export({ type, format: 'pem' });
          writeFileSync(files.privateKey.file, pem, { mode: 0o600 });
          writeFileSync(files.publicKey.file, keyPairOf('alice').publicKey);
          const { tokens, get } = await start(files);
          expect((await get('/protected', `JWT ${await tokens.issue({ sub: '1' })}`)).status).toBe(200);
        },
      );
    });

    it('crypto that does not work is found at boot, not at the first request', async () => {
      const jwkOf = (owner: string): JsonWebKey =>
        createPrivateKey(keyPairOf(owner).privateKey).export({ format: 'jwk' });
      const { n, e } = jwkOf('alice');
      const { publicKey: _publicKey, ...options } = flaskOptions(new TestClock());
      const broken = JwtRs256Module.forRoot({
        ...options,
        privateKey: { ...jwkOf('mallory'), n, e } as JsonWebKey,
      });
      await expect(startApp(platform, { module: broken })).rejects.toMatchObject({
        code: expect.stringMatching(/^ERR_KEY_/),
      });
    });

    it('its bug, that the private key verified: a private key in the slot of the public one stops the boot', async () => {
      const { privateKey } = keyPairOf('alice');
      await expect(start({ publicKey: privateKey })).rejects.toMatchObject({
        code: 'ERR_KEY_PRIVATE_IN_PUBLIC_SLOT',
      });
      await expect(start({ publicKey: createPrivateKey(privateKey) })).rejects.toMatchObject({
        code: 'ERR_KEY_PRIVATE_IN_PUBLIC_SLOT',
      });
    });

    it('its work-around, a decode handler of your own, can refuse more and switch nothing off', async () => {
      const careless = (own: Pick<TokenVerifier, 'verify'>) => ({
        verify: async (token: string) => {
          const unverified = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as never;
          return own.verify(token).catch(() => unverified);
        },
      });
      const { get } = await start({ wrapVerifier: careless as never });
      expect((await get('/protected', `JWT ${byAlice()}`)).status).toBe(200);
      expect(
        (await get('/protected', `JWT ${mint(header(), claims({ sub: '1' }), strangerKey)}`)).status,
      ).toBe(500);
    });
  });

  describe('the configuration:', () => {
    it('JWT_DEFAULT_REALM is realm, on every challenge; per route too', async () => {
      expect((await app.get('/protected')).challenge).toBe('JWT realm="Login Required"');
      expect((await app.get('/protected', 'JWT x')).challenge).toMatch(
        /^JWT realm="Login Required", error="invalid_token"/,
      );
      expect((await app.get('/protected', 'JWT')).challenge).toMatch(
        /^JWT realm="Login Required", error="invalid_request"/,
      );
      expect((await app.get('/vault')).challenge).toBe('JWT realm="Vault"');
    });

    it('JWT_AUTH_URL_RULE, JWT_AUTH_ENDPOINT, JWT_AUTH_URL_OPTIONS: there is no login endpoint that nobody asked for', async () => {
      const bare = await startApp(platform, { options: { strategyName: 'jwt-bare' } });
      expect((await bare.send('/auth', { ...login, body: '{}' })).status).toBe(404);
      await bare.nest.close();
    });

    it.each(['algorithm', 'algorithms', 'JWT_ALGORITHM'])(
      'JWT_ALGORITHM: RS256 is not an option (%s)',
      async (name) => {
        await expect(start({ [name]: 'HS256' })).rejects.toMatchObject({ code: 'ERR_OPTION_UNKNOWN' });
      },
    );

    it('JWT_LEEWAY is clockTolerance: 10 s, for exp, nbf and iat', async () => {
      const status = async (members: object) =>
        (await app.get('/protected', `JWT ${byAlice(members)}`)).status;
      const past = { iat: NOW - 300, nbf: NOW - 300 };
      expect(await status({ ...past, exp: NOW - 9 })).toBe(200);
      expect(await status({ ...past, exp: NOW - 10 })).toBe(401);
      expect(await status({ nbf: NOW + 10 })).toBe(200);
      expect(await status({ nbf: NOW + 11 })).toBe(401);
      expect(await status({ iat: NOW + 10 })).toBe(200);
      expect(await status({ iat: NOW + 11 })).toBe(401);
    });

    it.each(['JWT', 'jwt', 'Jwt'])('JWT_AUTH_HEADER_PREFIX is scheme, in any case: %s', async (scheme) => {
      expect((await app.get('/protected', `${scheme} ${byAlice()}`)).status).toBe(200);
      expect((await app.get('/protected', `Bearer ${byAlice()}`)).body.errorCode).toBe('ERR_TOKEN_MISSING');
    });

    it('JWT_EXPIRATION_DELTA is accessTokenTtl: 300 s', async () => {
      const token = await app.tokens.issue({ sub: '1' });
      const { exp, iat } = await app.tokens.verify(token);
      expect(exp! - iat!).toBe(300);
    });

    it('JWT_NOT_BEFORE_DELTA is notBefore: 0 s', async () => {
      const { nbf, iat } = await app.tokens.verify(await app.tokens.issue({ sub: '1' }));
      expect(nbf).toBe(iat);
      const later = await start({ notBefore: 60 });
      const token = await later.tokens.issue({ sub: '1' });
      expect((await later.get('/protected', `JWT ${token}`)).body.errorCode).toBe('ERR_TOKEN_NOT_YET_VALID');
      later.clock.advance(50);
      expect((await later.get('/protected', `JWT ${token}`)).status).toBe(200);
    });

    it('JWT_VERIFY_CLAIMS is verifyClaims: a claim that is off is off, the signature never is', async () => {
      const past = byAlice({ iat: NOW - 4000, nbf: NOW - 4000, exp: NOW - 1000 });
      const future = byAlice({ nbf: NOW + 1000, iat: NOW + 1000, exp: NOW + 2000 });
      const lax = await start({ verifyClaims: [] });
      for (const token of [past, future]) {
        expect((await app.get('/protected', `JWT ${token}`)).status).toBe(401);
        expect((await lax.get('/protected', `JWT ${token}`)).status).toBe(200);
      }
      const onlyExp = await start({ verifyClaims: ['exp'], strategyName: 'jwt-exp' });
      expect((await onlyExp.get('/protected', `JWT ${past}`)).status).toBe(401);
      expect((await onlyExp.get('/protected', `JWT ${future}`)).status).toBe(200);
      const forged = mint(header(), claims({ sub: '1' }), strangerKey);
      expect((await lax.get('/protected', `JWT ${forged}`)).body.errorCode).toBe('ERR_TOKEN_SIGNATURE');
      await expect(start({ verifyClaims: ['signature'] as never })).rejects.toMatchObject({
        code: 'ERR_OPTION_INVALID',
      });
    });

    it.each(['exp', 'iat', 'nbf'])('JWT_REQUIRED_CLAIMS is requiredClaims, on verify: %s', async (name) => {
      const answer = await app.get('/protected', `JWT ${byAlice({ [name]: undefined })}`);
      expect(answer).toMatchObject({
        status: 401,
        body: { errorCode: 'ERR_TOKEN_CLAIM', message: `The claim ${name} of the access token is missing` },
      });
    });

    it('JWT_REQUIRED_CLAIMS is requiredClaims, on issue: nothing is signed that would be refused', async () => {
      const strict = await start({ requiredClaims: ['exp', 'iat', 'nbf', 'tenant'] });
      await expect(strict.tokens.issue({ sub: '1' })).rejects.toMatchObject({
        code: 'ERR_OPTION_CLAIM',
        message: expect.stringMatching(/^The claim tenant is missing/),
      });
      expect(
        (await strict.get('/protected', `JWT ${await strict.tokens.issue({ sub: '1', tenant: 't1' })}`))
          .status,
      ).toBe(200);
      expect((await strict.get('/protected', `JWT ${byAlice()}`)).body.errorCode).toBe('ERR_TOKEN_CLAIM');
    });
  });

  describe('the hooks:', () => {
    it('authentication_handler: a wrong password is no token', async () => {
      const answer = await app.send('/auth', { ...login, body: '{"username":"alice","password":"wrong"}' });
      expect(answer).toMatchObject({ status: 401, body: { message: 'Invalid credentials' } });
    });

    it('identity_handler is validate: "User does not exist" is 401 with a code of its own', async () => {
      const answer = await app.get('/protected', `JWT ${byAlice({ sub: '2' })}`);
      expect(answer).toMatchObject({
        status: 401,
        body: { error: 'invalid_token', errorCode: 'ERR_PRINCIPAL_UNKNOWN' },
      });
      expect(answer.challenge).toContain('realm="Login Required"');
    });

    it('jwt_payload_handler and jwt_headers_handler: claims and header members are free, but for the protected ones', async () => {
      const token = await app.tokens.issue({ sub: '1', roles: ['clerk'] }, { header: { zone: 'eu' } });
      expect(app.tokens.decodeUnverified(token)).toMatchObject({
        header: { alg: 'RS256', zone: 'eu' },
        claims: { roles: ['clerk'] },
      });
      for (const name of ['alg', 'kid', 'typ']) {
        await expect(app.tokens.issue({ sub: '1' }, { header: { [name]: 'x' } })).rejects.toMatchObject({
          code: 'ERR_OPTION_HEADER',
        });
      }
      await expect(app.tokens.issue({ sub: '1', exp: NOW + 1e9 })).rejects.toMatchObject({
        code: 'ERR_OPTION_CLAIM',
      });
    });

    it('jwt_encode_handler and jwt_decode_handler are wrapIssuer and wrapVerifier', async () => {
      const calls: string[] = [];
      const { tokens, get } = await start({
        wrapIssuer: (own) => ({ issue: (said, options) => (calls.push('encode'), own.issue(said, options)) }),
        wrapVerifier: (own) => ({
          verify: (token, options) => (calls.push('decode'), own.verify(token, options)),
        }),
      });
      expect((await get('/protected', `JWT ${await tokens.issue({ sub: '1' })}`)).status).toBe(200);
      expect(calls).toEqual(['encode', 'decode']);
    });

    it('request_handler is jwtFromRequest', async () => {
      const { get } = await start({ jwtFromRequest: (request) => request.headers['x-token'] });
      expect((await get('/protected', undefined, ['X-Token', byAlice()])).status).toBe(200);
      expect((await get('/protected', `JWT ${byAlice()}`)).status).toBe(401);
    });

    it("jwt_error_handler is the guard's handleFailure", async () => {
      @Injectable()
      class FlaskErrors extends JwtRs256Guard {
        protected override handleFailure(failure: HttpException): never {
          throw new UnauthorizedException({
            error: 'Flask',
            description: failure.message,
            status_code: failure.getStatus(),
          });
        }
      }
      @Controller()
      class Routes {
        @UseGuards(FlaskErrors) @Get() get() {
          return {};
        }
      }
      const { get, nest } = await startApp(platform, {
        controllers: [Routes],
        options: { strategyName: 'jwt-errors' },
      });
      expect((await get('/')).body).toEqual({
        error: 'Flask',
        description: 'No access token was sent',
        status_code: 401,
      });
      await nest.close();
    });

    it('jwt_required called by hand is TokenService.verify, whose errors are answered as @Auth() answers them', async () => {
      expect((await app.get('/by-hand')).body).toEqual({ hello: 'stranger' });
      expect((await app.get(`/by-hand?token=${byAlice()}`)).body).toEqual({ hello: '1' });
      expect(await app.get('/by-hand?token=garbage')).toMatchObject({
        status: 401,
        challenge: expect.stringMatching(/^JWT realm="Login Required", error="invalid_token"/),
      });
    });

    it('current_identity is @CurrentUser(), and request.user', async () => {
      @Controller()
      class Routes {
        @Auth() @Get() get(@CurrentUser() user: AccessTokenClaims, @Req() request: { user?: unknown }) {
          return { sub: user.sub, same: request.user === user };
        }
      }
      const { get, nest } = await startApp(platform, {
        controllers: [Routes],
        options: { strategyName: 'jwt-identity' },
      });
      expect((await get('/', `Bearer ${byAlice()}`)).body).toEqual({ sub: '1', same: true });
      await nest.close();
    });
  });

  describe('its defects', () => {
    const FAILURES: [what: string, authorization: string | undefined, status: number][] = [
      ['Authorization Required', undefined, 401],
      ['Unsupported authorization type', 'Basic YQ==', 401],
      ['Token missing', 'JWT', 400],
      ['Token contains spaces', `JWT ${byAlice()} junk`, 400],
      ['Invalid token', 'JWT garbage', 401],
      ['Signature has expired', `JWT ${byAlice({ iat: NOW - 400, nbf: NOW - 400, exp: NOW - 100 })}`, 401],
      ['User does not exist', `JWT ${byAlice({ sub: '2' })}`, 401],
    ];

    it.each(FAILURES)(
      'a challenge on one failure of seven: here on every one (%s)',
      async (_what, authorization, status) => {
        const answer = await app.get('/protected', authorization);
        expect([answer.status, answer.body.statusCode]).toEqual([status, status]);
        expect(answer.challenge).toMatch(
          /^JWT realm="Login Required"(, error="invalid_(token|request)", error_description="[^"]+")?$/,
        );
        expect(answer.body.errorCode).toMatch(/^ERR_/);
      },
    );

    it.each(['', ' ', '   '])('a blank Authorization header was a 500: %j', async (blank) => {
      expect(await app.get('/protected', blank)).toMatchObject({
        status: 401,
        challenge: 'JWT realm="Login Required"',
      });
    });

    it.each([
      '',
      'not json',
      '[]',
      'null',
      '"text"',
      '42',
      '{',
      '{"username":1,"password":{}}',
      '{"username":"alice"}',
    ])('a login body that is not what it should be was a 500: %j', async (body) => {
      const { status }: HttpAnswer = await app.send('/auth', { ...login, body });
      expect(status).toBe(400);
    });

    it('no iss, aud, sub, jti: here they are stamped, and verified', async () => {
      const stamped = await app.tokens.verify(await app.tokens.issue({ sub: '1' }));
      expect(stamped).toEqual({
        iss: ISSUER,
        aud: AUDIENCE,
        sub: '1',
        jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
        iat: NOW,
        nbf: NOW,
        exp: NOW + 300,
      });
      const wrong = { iss: 'https://other', aud: 'other', sub: 1, jti: 1 };
      for (const [name, value] of Object.entries(wrong)) {
        const answer = await app.get('/protected', `JWT ${byAlice({ [name]: value })}`);
        expect(answer.body).toMatchObject({
          errorCode: 'ERR_TOKEN_CLAIM',
          message: expect.stringContaining(`claim ${name} `),
        });
      }
    });
  });
});
