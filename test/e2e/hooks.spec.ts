import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Controller,
  ForbiddenException,
  Get,
  HttpException,
  Post,
  Query,
  Req,
  UnauthorizedException,
} from '@nestjs/common';
import { ExtractJwt, type JwtFromRequestFunction } from 'passport-jwt';
import {
  type AccessTokenClaims,
  Auth,
  CurrentUser,
  type JwtFromRequest,
  KeysUnavailableError,
  OptionError,
  PrincipalUnknownError,
  type TokenClaimsInput,
  TokenExpiredError,
  TokenMissingError,
  type TokenVerifier,
  type ValidatePrincipal,
  VerifyOnlyError,
} from '../../src/index.js';
import { closeApps, startApp, type TestApp } from '../support/app.js';
import { claims, header, mint, NOW, strangerKey } from '../support/mint.js';
import { PLATFORMS } from '../support/platforms.js';

const token = mint();
const good = `Bearer ${token}`;
const MESSAGE = 'the s3cret of the hook';

/** An outcome that is answered 401 by our own error. */
const UNKNOWN = { status: 401, errorCode: 'ERR_PRINCIPAL_UNKNOWN' };
/** An outcome that nobody but the log hears of. */
const FAILED = { status: 500, errorCode: undefined };

function raise(error: unknown): never {
  throw error;
}

/** What a hook may throw, and what becomes of it. */
const THROWN: [what: string, error: unknown, outcome: { status: number; errorCode: string | undefined }][] = [
  ['an Error', new Error(MESSAGE), FAILED],
  ['a TypeError', new TypeError(MESSAGE), FAILED],
  [
    'an Error with statusCode 401',
    Object.assign(new Error(MESSAGE), { statusCode: 401, status: 401 }),
    FAILED,
  ],
  [
    'an Error as of http-errors',
    Object.assign(new Error(MESSAGE), { statusCode: 401, status: 401, expose: true }),
    FAILED,
  ],
  [
    'an Error named UnauthorizedError',
    Object.assign(new Error(MESSAGE), { name: 'UnauthorizedError', code: 401 }),
    FAILED,
  ],
  ['an object with statusCode 401', { statusCode: 401, message: MESSAGE }, FAILED],
  [
    'an object that only looks like one of ours',
    { code: 'ERR_TOKEN_EXPIRED', fault: 'caller', message: MESSAGE },
    FAILED,
  ],
  ['a text', MESSAGE, FAILED],
  ['a number', 401, FAILED],
  ['a symbol', Symbol(MESSAGE), FAILED],
  ['undefined', undefined, FAILED],
  ['null', null, FAILED],
  ['an Error that quotes the token', new Error(`${MESSAGE}: ${token}`), FAILED],
  [
    'an error of ours whose fault is the caller',
    new TokenExpiredError({ claim: 'exp', message: 'The access token expired' }),
    { status: 401, errorCode: 'ERR_TOKEN_EXPIRED' },
  ],
  [
    'an error of ours whose fault is the server',
    new KeysUnavailableError(),
    { status: 503, errorCode: 'ERR_KEYS_UNAVAILABLE' },
  ],
  [
    'an error of ours whose fault is the developer',
    new VerifyOnlyError(),
    { status: 500, errorCode: 'ERR_VERIFY_ONLY' },
  ],
  [
    'an OptionError that quotes',
    new OptionError('ERR_OPTION_INVALID', MESSAGE),
    { status: 500, errorCode: 'ERR_OPTION_INVALID' },
  ],
  ['PrincipalUnknownError', new PrincipalUnknownError(), UNKNOWN],
];

describe.each(PLATFORMS)('On $name', (platform) => {
  @Controller()
  class Routes {
    @Auth() @Get('required') required(@CurrentUser() principal: unknown, @Req() request: { user?: unknown }) {
      return { principal, same: principal === request.user };
    }
    @Auth({ optional: true }) @Get('optional') optional(@CurrentUser() principal: unknown) {
      return { principal };
    }
  }

  describe('validate', () => {
    const hook: { validate: ValidatePrincipal } = { validate: (principal) => principal };
    let app: TestApp;
    beforeAll(async () => {
      app = await startApp(platform, {
        controllers: [Routes],
        options: { validate: (verified, request) => hook.validate(verified, request) },
      });
    });
    beforeEach(() => app.log.clear());
    afterAll(closeApps);

    it('gets the frozen claims and the request, once', async () => {
      const calls: unknown[][] = [];
      hook.validate = (...args) => {
        calls.push(args);
        return { id: 1 };
      };
      expect((await app.get('/required', good, ['X-Mine', 'yes'])).body).toEqual({
        principal: { id: 1 },
        same: true,
      });
      expect(calls).toHaveLength(1);
      const [verified, request] = calls[0] as [AccessTokenClaims, { headers: Record<string, string> }];
      expect(Object.isFrozen(verified) && verified.sub).toBe('alice-of-wonderland');
      expect(request.headers['x-mine']).toBe('yes');
    });

    it.each([
      '',
      'Basic YQ==',
      'Bearer',
      'Bearer garbage',
      `Bearer ${mint(header(), claims(), strangerKey)}`,
    ])('is never asked about a token that was not verified: %j', async (authorization) => {
      let calls = 0;
      hook.validate = () => ++calls;
      await app.get('/required', authorization);
      await app.get('/optional', authorization);
      expect(calls).toBe(0);
    });

    it.each<[string, ValidatePrincipal, unknown]>([
      ['an object', () => ({ id: 1 }), { id: 1 }],
      ['a promise of one', async () => ({ id: 1 }), { id: 1 }],
      ['a thenable', () => ({ then: (resolve: (user: unknown) => void) => resolve({ id: 1 }) }), { id: 1 }],
      // As clients of remote procedures make them: it has whatever it is asked for, and says of nothing that it has it.
      [
        'a proxy that is a thenable',
        () => new Proxy({}, { get: () => (resolve: (user: unknown) => void) => resolve({ id: 1 }) }),
        { id: 1 },
      ],
      ['a text', () => 'alice', 'alice'],
      ['a list', () => [1, 2], [1, 2]],
    ])('makes the principal: %s', async (_what, validate, principal) => {
      hook.validate = validate;
      expect((await app.get('/required', good)).body).toEqual({ principal, same: true });
      expect((await app.get('/optional', good)).body).toEqual({ principal });
      expect(app.log.own()).toEqual([]);
    });

    it.each<[string, ValidatePrincipal]>([
      ['null', () => null],
      ['undefined', () => undefined],
      ['false', () => false],
      ['a promise of null', async () => null],
      ['a promise of undefined', async () => undefined],
      ['a promise of false', async () => false],
    ])('knows no such principal when it returns %s: 401', async (_what, validate) => {
      hook.validate = validate;
      for (const path of ['/required', '/optional']) {
        const answer = await app.get(path, good);
        expect(answer).toMatchObject({
          status: 401,
          body: { error: 'invalid_token', errorCode: 'ERR_PRINCIPAL_UNKNOWN' },
        });
        expect(answer.challenge).toContain(
          'error_description="The principal of the access token is unknown"',
        );
      }
    });

    it.each([
      [
        'ForbiddenException',
        new ForbiddenException('banned'),
        403,
        { statusCode: 403, error: 'Forbidden', message: 'banned' },
      ],
      [
        'UnauthorizedException',
        new UnauthorizedException(),
        401,
        { statusCode: 401, message: 'Unauthorized' },
      ],
      ['an HttpException with a body', new HttpException({ why: 'tea' }, 418), 418, { why: 'tea' }],
    ])(
      'may refuse with an HttpException, which passes through: %s',
      async (_what, exception, status, body) => {
        for (const validate of [() => raise(exception), async () => raise(exception)]) {
          hook.validate = validate;
          for (const path of ['/required', '/optional']) {
            const answer = await app.get(path, good);
            expect(answer).toMatchObject({ status, challenge: undefined });
            expect(answer.body).toEqual(body);
          }
        }
      },
    );

    describe.each(THROWN)('that throws %s', (what, error, { status, errorCode }) => {
      it.each<[string, ValidatePrincipal]>([
        ['at once', () => raise(error)],
        ['in a promise', async () => raise(error)],
      ])(`is ${status}: %s`, async (_how, validate) => {
        hook.validate = validate;
        for (const path of ['/required', '/optional']) {
          app.log.clear();
          const answer = await app.get(path, good);
          expect(answer).toMatchObject({ status, body: { statusCode: status } });
          expect(answer.body.errorCode).toBe(errorCode);
          expect(JSON.stringify([answer.body, answer.headers])).not.toMatch(/s3cret|eyJ/);
          if (status === 401) expect(answer.challenge).toMatch(/^Bearer realm="orders"/);
          else expect(answer.challenge).toBeUndefined();
          expect(answer.headers['retry-after']).toBe(status === 503 ? '1' : undefined);

          expect(app.log.own()).toHaveLength(1);
          expect(app.log.own(status === 401 ? 'debug' : 'error')).toHaveLength(1);
          expect(app.log.text()).not.toMatch(/eyJ/);
          if (what.startsWith('an Error')) expect(app.log.text()).toMatch(/hooks\.spec/);
        }
      });
    });

    it('that throws TokenMissingError does not make a token missing that is there', async () => {
      hook.validate = () => raise(new TokenMissingError());
      for (const path of ['/required', '/optional']) {
        const answer = await app.get(path, good);
        expect(answer).toMatchObject({ status: 401, body: { errorCode: 'ERR_PRINCIPAL_UNKNOWN' } });
      }
    });

    it('that failed once is asked again: nothing of the failure stays', async () => {
      hook.validate = () => raise(new Error(MESSAGE));
      expect((await app.get('/required', good)).status).toBe(500);
      hook.validate = (principal) => principal;
      expect((await app.get('/required', good)).status).toBe(200);
    });
  });

  describe('jwtFromRequest', () => {
    const hook: { jwtFromRequest: (request: any) => unknown } = { jwtFromRequest: () => null };
    let app: TestApp;
    beforeAll(async () => {
      app = await startApp(platform, {
        controllers: [Routes],
        options: { jwtFromRequest: ((request) => hook.jwtFromRequest(request)) as JwtFromRequest },
      });
    });
    beforeEach(() => app.log.clear());
    afterAll(closeApps);

    it.each<[string, (request: any) => unknown]>([
      ['at once', (request) => request.headers['x-token']],
      ['in a promise', async (request) => request.headers['x-token']],
    ])('says where the token is: %s', async (_how, jwtFromRequest) => {
      hook.jwtFromRequest = jwtFromRequest;
      expect((await app.get('/required', undefined, ['X-Token', token])).body.principal.sub).toBe(
        'alice-of-wonderland',
      );
      expect((await app.get('/required', good)).body.errorCode).toBe('ERR_TOKEN_MISSING');
      expect((await app.get('/required', undefined, ['X-Token', 'garbage'])).body.errorCode).toBe(
        'ERR_TOKEN_MALFORMED',
      );
    });

    it.each<[string, unknown]>([
      ['null', null],
      ['undefined', undefined],
      ['an empty text', ''],
      ['false', false],
    ])('that returns %s found no credentials', async (_what, value) => {
      for (const jwtFromRequest of [() => value, async () => value]) {
        hook.jwtFromRequest = jwtFromRequest;
        const answer = await app.get('/required', good);
        expect(answer).toMatchObject({
          status: 401,
          body: { errorCode: 'ERR_TOKEN_MISSING' },
          challenge: 'Bearer realm="orders"',
        });
        expect(await app.get('/optional', good)).toMatchObject({ status: 200, body: {} });
      }
    });

    it('that throws TokenMissingError found no credentials', async () => {
      hook.jwtFromRequest = () => raise(new TokenMissingError());
      expect(await app.get('/required', good)).toMatchObject({
        status: 401,
        challenge: 'Bearer realm="orders"',
      });
      expect(await app.get('/optional', good)).toMatchObject({ status: 200, body: {} });
    });

    it.each<[string, unknown]>([
      ['a number', 42],
      ['a list', [token]],
      ['an empty list', []],
      ['an object', { token }],
      ['a text object', Object(token)],
      ['a Buffer', Buffer.from(token)],
      ['true', true],
      ['a bigint', 1n],
      ['a symbol', Symbol('token')],
      ['a function', () => token],
      [
        'an object that turns itself into the token',
        { toString: () => token, length: token.length, split: () => token.split('.') },
      ],
    ])('that returns %s found bad credentials: 401, never 500', async (_what, value) => {
      hook.jwtFromRequest = async () => value;
      for (const path of ['/required', '/optional']) {
        const answer = await app.get(path);
        expect(answer).toMatchObject({
          status: 401,
          body: { error: 'invalid_token', errorCode: 'ERR_TOKEN_MALFORMED' },
        });
      }
    });

    it.each([
      ['ForbiddenException', new ForbiddenException('not from here'), 403],
      ['an HttpException', new HttpException('later', 425), 425],
    ])('may refuse with an HttpException, which passes through: %s', async (_what, exception, status) => {
      hook.jwtFromRequest = () => raise(exception);
      expect(await app.get('/required')).toMatchObject({ status, challenge: undefined });
      expect((await app.get('/optional')).status).toBe(status);
    });

    it.each(THROWN)('that throws %s is never 200', async (_what, error, { status, errorCode }) => {
      for (const jwtFromRequest of [() => raise(error), async () => raise(error)]) {
        hook.jwtFromRequest = jwtFromRequest;
        for (const path of ['/required', '/optional']) {
          app.log.clear();
          const answer = await app.get(path, good);
          expect(answer).toMatchObject({ status, body: { statusCode: status } });
          expect(answer.body.errorCode).toBe(errorCode);
          expect(JSON.stringify(answer.body)).not.toContain('s3cret');
          expect(app.log.own(status === 401 ? 'debug' : 'error')).toHaveLength(1);
          expect(app.log.text()).not.toMatch(/eyJ/);
        }
      }
    });
  });

  describe("passport-jwt's extractors", () => {
    const {
      fromAuthHeaderAsBearerToken,
      fromAuthHeaderWithScheme,
      fromBodyField,
      fromExtractors,
      fromHeader,
      fromUrlQueryParameter,
    } = ExtractJwt;
    const fromCookie: JwtFromRequestFunction = ({ headers }) =>
      /(?:^|; )token=([^;]*)/.exec(headers.cookie ?? '')?.[1] ?? null;
    const inBody = {
      method: 'POST',
      body: JSON.stringify({ token }),
      headers: [['Content-Type', 'application/json']],
    } as const;

    const PLACES: [
      place: string,
      extractor: JwtFromRequestFunction,
      path: string,
      request: Parameters<TestApp['send']>[1],
    ][] = [
      ['a header', fromHeader('x-token'), '/', { headers: [['X-Token', token]] }],
      ['a cookie', fromCookie, '/', { headers: [['Cookie', `a=b; token=${token}`]] }],
      ['the query', fromUrlQueryParameter('token'), `/?token=${token}`, {}],
      ['the body', fromBodyField('token'), '/', inBody],
      [
        'the Authorization header',
        fromAuthHeaderAsBearerToken(),
        '/',
        { headers: [['Authorization', good]] },
      ],
      [
        'another scheme',
        fromAuthHeaderWithScheme('JWT'),
        '/',
        { headers: [['Authorization', `JWT ${token}`]] },
      ],
      [
        'the second of several',
        fromExtractors([fromHeader('x-token'), fromCookie]),
        '/',
        { headers: [['Cookie', `token=${token}`]] },
      ],
    ];
    afterEach(closeApps);

    it.each(PLACES)(
      'fit, for the application and for a route: %s',
      async (_place, extractor, path, request) => {
        @Controller()
        class Everywhere {
          @Auth() @Get() get(@CurrentUser('sub') sub: string) {
            return { sub };
          }
          @Auth() @Post() post(@CurrentUser('sub') sub: string) {
            return { sub };
          }
        }
        @Controller()
        class OneRoute {
          @Auth({ jwtFromRequest: extractor }) @Get() get(@CurrentUser('sub') sub: string) {
            return { sub };
          }
          @Auth({ jwtFromRequest: extractor }) @Post() post(@CurrentUser('sub') sub: string) {
            return { sub };
          }
        }
        for (const parts of [
          { controllers: [Everywhere], options: { jwtFromRequest: extractor } },
          { controllers: [OneRoute] },
        ]) {
          const app = await startApp(platform, parts);
          expect((await app.send(path, request)).body).toEqual({ sub: 'alice-of-wonderland' });
          expect((await app.get('/')).body.errorCode).toBe('ERR_TOKEN_MISSING');
        }
      },
    );

    it('are the only way in for query, body and cookies: without one they are never read', async () => {
      @Controller()
      @Auth()
      class Default {
        @Get() get() {
          return {};
        }
        @Post() post() {
          return {};
        }
      }
      const app = await startApp(platform, { controllers: [Default] });
      for (const name of ['token', 'access_token', 'jwt', 'auth_token']) {
        expect((await app.get(`/?${name}=${token}`)).body.errorCode).toBe('ERR_TOKEN_MISSING');
        expect((await app.get('/', undefined, ['Cookie', `${name}=${token}`])).body.errorCode).toBe(
          'ERR_TOKEN_MISSING',
        );
        const body = JSON.stringify({ [name]: token });
        expect((await app.send('/', { ...inBody, body })).body.errorCode).toBe('ERR_TOKEN_MISSING');
      }
    });

    it('that find two query parameters of the name are 401, not 500', async () => {
      @Controller()
      class Routes {
        @Auth({ jwtFromRequest: fromUrlQueryParameter('token') }) @Get() get() {
          return {};
        }
      }
      const { get } = await startApp(platform, { controllers: [Routes] });
      expect((await get(`/?token=${token}&token=${token}`)).body.errorCode).toBe('ERR_TOKEN_MALFORMED');
    });
  });

  describe('wrapVerifier', () => {
    type Verifier = Pick<TokenVerifier, 'verify'>;
    const other = mint(header(), claims({ sub: 'bob' }));
    afterEach(closeApps);

    @Controller()
    class Wrapped {
      @Auth() @Get('mine') mine(@CurrentUser('sub') sub: string) {
        return { sub };
      }
    }

    it('may refuse what ours accepts, here and in TokenService', async () => {
      const seen: unknown[] = [];
      const wrapVerifier = (own: Verifier): Verifier => ({
        async verify(text, options) {
          seen.push(text);
          const verified = await own.verify(text, options);
          if (verified.sub === 'bob') throw new PrincipalUnknownError();
          return verified as never;
        },
      });
      const { get, tokens } = await startApp(platform, { controllers: [Wrapped], options: { wrapVerifier } });
      expect((await get('/mine', good)).body).toEqual({ sub: 'alice-of-wonderland' });
      expect((await get('/mine', `Bearer ${other}`)).body.errorCode).toBe('ERR_PRINCIPAL_UNKNOWN');
      await expect(tokens.verify(other)).rejects.toThrow(PrincipalUnknownError);
      await expect(tokens.verify(token)).resolves.toMatchObject({ sub: 'alice-of-wonderland' });
      expect(seen).toEqual([token, other, other, token]);
    });

    const forgedClaims = { sub: 'admin', exp: NOW + 300 };
    it.each<[string, (own: Verifier) => Verifier['verify']]>([
      ['claims of its own', () => async () => forgedClaims as never],
      [
        'claims that it decoded itself',
        () => async (text) => JSON.parse(Buffer.from(text.split('.')[1]!, 'base64url').toString()),
      ],
      ['a copy of the claims', (own) => async (text) => Object.assign({}, await own.verify(text)) as never],
      [
        'a copy with a claim changed',
        (own) => async (text) => Object.assign({}, await own.verify(text), { sub: 'admin' }) as never,
      ],
      [
        'an heir of the claims',
        (own) => async (text) => Object.create(await own.verify(text), { sub: { value: 'admin' } }),
      ],
      [
        'a proxy around the claims',
        (own) => async (text) => new Proxy(await own.verify(text), { get: () => 'admin' }) as never,
      ],
      ['the claims of another token', (own) => async () => own.verify(other) as never],
      ['nothing', () => async () => undefined as never],
      ['null', () => async () => null as never],
      ['true', () => async () => true as never],
    ])('cannot accept what ours did not verify: %s', async (_what, verifyWith) => {
      const wrapVerifier = (own: Verifier) => ({ verify: verifyWith(own) }) as Verifier;
      const { get, log } = await startApp(platform, { controllers: [Wrapped], options: { wrapVerifier } });
      log.clear();
      const answer = await get('/mine', good);
      expect(answer).toMatchObject({
        status: 500,
        body: { errorCode: 'ERR_OPTION_INVALID', message: 'Internal server error' },
      });
      expect(log.own('error')[0]?.message).toMatch(
        /^The verifier of wrapVerifier returned claims that ours did not verify/,
      );
      expect((await get('/mine', 'Bearer garbage')).status).not.toBe(200);
    });

    it('cannot keep the claims of a token, neither for another one nor until after its end', async () => {
      let kept: AccessTokenClaims | undefined;
      const wrapVerifier = (own: Verifier): Verifier => ({
        verify: async (text, options) => (kept ??= await own.verify(text, options)) as never,
      });
      const { get, clock } = await startApp(platform, { controllers: [Wrapped], options: { wrapVerifier } });
      expect((await get('/mine', good)).body).toEqual({ sub: 'alice-of-wonderland' });
      clock.advance(310);
      expect((await get('/mine', good)).status).toBe(500);
      expect((await get('/mine', `Bearer ${other}`)).status).toBe(500);
      expect((await get('/mine', 'Bearer garbage')).status).toBe(500);
    });

    it('may be asked about one token many times at once', async () => {
      const wrapVerifier = (own: Verifier): Verifier => ({
        verify: (text, options) => own.verify(text, options),
      });
      const { get } = await startApp(platform, { controllers: [Wrapped], options: { wrapVerifier } });
      const answers = await Promise.all(Array.from({ length: 20 }, () => get('/mine', good)));
      expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    });

    it('that fails is a 500, and one whose keys are gone a 503', async () => {
      let error: unknown = new Error(MESSAGE);
      const wrapVerifier = (): Verifier => ({ verify: async () => raise(error) });
      const { get } = await startApp(platform, { controllers: [Wrapped], options: { wrapVerifier } });
      const answer = await get('/mine', good);
      expect([answer.status, JSON.stringify(answer.body).includes('s3cret')]).toEqual([500, false]);
      error = new KeysUnavailableError();
      expect(await get('/mine', good)).toMatchObject({
        status: 503,
        body: { error: 'temporarily_unavailable' },
      });
    });

    it.each([undefined, null, {}, { verify: 'yes' }, () => undefined])(
      'that makes no verifier stops the boot: %p',
      async (made) => {
        const wrapVerifier = () => made as never;
        await expect(startApp(platform, { options: { wrapVerifier } })).rejects.toThrow(
          'wrapVerifier must return an object with a method verify().',
        );
      },
    );
  });

  describe('wrapIssuer', () => {
    afterEach(closeApps);

    it('may add claims and header members to what the application says', async () => {
      const { tokens } = await startApp(platform, {
        options: {
          wrapIssuer: (own) => ({
            issue: (said, options) =>
              own.issue(
                { tenant: 't1', ...said },
                { ...options, header: { ...options?.header, zone: 'eu' } },
              ),
          }),
        },
      });
      const issued = await tokens.issue({ sub: 'bob' });
      expect(await tokens.verify(issued)).toMatchObject({ sub: 'bob', tenant: 't1' });
      expect(tokens.decodeUnverified(issued).header).toMatchObject({
        alg: 'RS256',
        typ: 'at+jwt',
        zone: 'eu',
      });
    });

    it.each([{ exp: NOW + 1e9 }, { iss: 'https://other' }, { jti: 'x' }])(
      'cannot set what only the issuer sets: %j',
      async (more) => {
        const { tokens } = await startApp(platform, {
          options: {
            wrapIssuer: (own) => ({ issue: (said: TokenClaimsInput) => own.issue({ ...said, ...more }) }),
          },
        });
        await expect(tokens.issue({ sub: 'bob' })).rejects.toMatchObject({ code: 'ERR_OPTION_CLAIM' });
      },
    );

    it('that makes tokens in its own way makes none that are accepted', async () => {
      @Controller()
      class Login {
        @Auth() @Get('mine') mine() {
          return {};
        }
        @Get('who') who(@Query('token') text: string) {
          return text;
        }
      }
      const { tokens, get } = await startApp(platform, {
        controllers: [Login],
        options: { wrapIssuer: () => ({ issue: async () => mint(header(), claims(), strangerKey) }) },
      });
      expect((await get('/mine', `Bearer ${await tokens.issue({ sub: 'bob' })}`)).body.errorCode).toBe(
        'ERR_TOKEN_SIGNATURE',
      );
    });

    it.each([undefined, null, {}, { issue: 'yes' }])(
      'that makes no issuer stops the boot: %p',
      async (made) => {
        const wrapIssuer = () => made as never;
        await expect(startApp(platform, { options: { wrapIssuer } })).rejects.toThrow(
          'wrapIssuer must return an object with a method issue().',
        );
      },
    );
  });
});
