import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  HttpException,
  Injectable,
  Post,
  Req,
  UseGuards,
  VersioningType,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/internal';
import {
  type ClientProxy,
  ClientProxyFactory,
  EventPattern,
  MessagePattern,
  Transport,
} from '@nestjs/microservices';
import { AuthGuard } from '@nestjs/passport';
import { Test } from '@nestjs/testing';
import { createHmac } from 'node:crypto';
import type { AddressInfo, Server } from 'node:net';
import { lastValueFrom } from 'rxjs';
import {
  AccessTokenClaims,
  Auth,
  CurrentUser,
  JwtRs256Exception,
  JwtRs256Guard,
  JwtRs256Module,
  JwtRs256Strategy,
  KeysUnavailableError,
  OptionError,
  Public,
  TokenExpiredError,
  TokenKeyUnknownError,
  TokenMissingError,
  TokenVerifier,
  type JwtRs256ModuleOptions,
  type RouteAccess,
} from '../../src/index.js';
import { closeApps, listen, optionsOf, startApp, type TestApp } from '../support/app.js';
import { CapturedLog } from '../support/captured-log.js';
import { keyPairOf } from '../support/keys.js';
import {
  AUDIENCE,
  claims,
  header,
  ISSUER,
  mint,
  NOW,
  ownKid,
  signingInput,
  strangerKey,
} from '../support/mint.js';
import { PLATFORMS } from '../support/platforms.js';

/** As much of a request as the routes below look at. */
interface SeenRequest {
  user?: unknown;
}

/** What a route sees of the principal, in both ways in which it can look. JSON leaves out what is undefined. */
function seen(principal: unknown, request: SeenRequest) {
  return { principal, user: request.user };
}

const bearer = (token: string) => `Bearer ${token}`;
const good = bearer(mint());
const tampered = bearer(`${mint().slice(0, -8)}AAAAAAAA`);

describe.each(PLATFORMS)('On $name', (platform) => {
  describe('the decorators', () => {
    afterAll(closeApps);

    const BY_KIND = {
      required: { without: 401, bad: 401, good: 200, principal: true },
      optional: { without: 200, bad: 401, good: 200, principal: true },
      public: { without: 200, bad: 200, good: 200, principal: false },
    };
    type Kind = keyof typeof BY_KIND;

    /** What each method is, below a class that is decorated so. */
    const KINDS: [onClass: string, decorator: ClassDecorator | undefined, kinds: Record<string, Kind>][] = [
      ['auth', Auth(), { none: 'required', public: 'public', auth: 'required', optional: 'optional' }],
      ['public', Public(), { none: 'public', public: 'public', auth: 'required', optional: 'optional' }],
      [
        'optional',
        Auth({ optional: true }),
        { none: 'optional', public: 'public', auth: 'required', optional: 'optional' },
      ],
      [
        'guarded',
        UseGuards(JwtRs256Guard),
        { none: 'required', public: 'public', auth: 'required', optional: 'optional' },
      ],
      ['plain', undefined, { none: 'public', public: 'public', auth: 'required', optional: 'optional' }],
    ];

    function controllerAt(path: string, decorator: ClassDecorator | undefined) {
      @Controller(path)
      class Routes {
        @Get('none') none(@CurrentUser() principal: unknown) {
          return { principal };
        }
        @Public() @Get('public') public(@CurrentUser() principal: unknown) {
          return { principal };
        }
        @Auth() @Get('auth') auth(@CurrentUser() principal: unknown) {
          return { principal };
        }
        @Auth({ optional: true }) @Get('optional') optional(@CurrentUser() principal: unknown) {
          return { principal };
        }
      }
      decorator?.(Routes);
      return Routes;
    }

    async function expectKind(app: TestApp, path: string, kind: Kind) {
      const expected = BY_KIND[kind];
      const [without, bad, answer] = [
        await app.get(path),
        await app.get(path, tampered),
        await app.get(path, good),
      ];
      expect([without.status, bad.status, answer.status]).toEqual([
        expected.without,
        expected.bad,
        expected.good,
      ]);
      expect(answer.body.principal?.sub).toBe(expected.principal ? 'alice-of-wonderland' : undefined);
      if (without.status === 200) expect(without.body).toEqual({});
      if (bad.status === 200) expect(bad.body).toEqual({});
    }

    let app: TestApp;
    let guardedApp: TestApp;
    beforeAll(async () => {
      const controllers = KINDS.map(([path, decorator]) => controllerAt(path, decorator));
      app = await startApp(platform, { controllers });
      guardedApp = await startApp(platform, { controllers, options: { globalGuard: true } });
    });

    const CASES = KINDS.flatMap(([onClass, , kinds]) =>
      Object.entries(kinds).map(([onMethod, kind]) => ({ onClass, onMethod, kind })),
    );

    it.each(CASES)(
      'nearest first: "$onMethod" on a method of a class with "$onClass" is $kind',
      async (row) => {
        await expectKind(app, `/${row.onClass}/${row.onMethod}`, row.kind);
      },
    );

    it.each(CASES)('beside a global guard: "$onMethod" below "$onClass" means the same', async (row) => {
      const isBare = row.onClass === 'plain' && row.onMethod === 'none';
      await expectKind(guardedApp, `/${row.onClass}/${row.onMethod}`, isBare ? 'required' : row.kind);
    });

    it('of a class hold for its subclasses, until one has its own', async () => {
      abstract class Base {
        @Get('inherited') inherited() {
          return {};
        }
        @Public() @Get('open') open() {
          return {};
        }
      }
      Auth()(Base);
      @Controller('heir')
      class Heir extends Base {}
      @Controller('opened')
      @Public()
      class Opened extends Base {}
      const { get } = await startApp(platform, { controllers: [Heir, Opened] });
      expect((await get('/heir/inherited')).status).toBe(401);
      expect((await get('/heir/open')).status).toBe(200);
      expect((await get('/opened/inherited')).status).toBe(200);
    });

    it('of a route say realm and place of the token; the nearest alone counts, nothing is merged', async () => {
      @Controller('special')
      @Auth({ realm: 'vault', jwtFromRequest: (request) => request.headers['x-vault'] })
      class Special {
        @Get('class') class(@CurrentUser('sub') sub: string) {
          return { sub };
        }
        @Auth() @Get('method') method(@CurrentUser('sub') sub: string) {
          return { sub };
        }
        @Auth({ realm: 'say "please"' }) @Get('realm') realm() {
          return {};
        }
      }
      const { get } = await startApp(platform, { controllers: [Special] });
      expect((await get('/special/class', good)).challenge).toBe('Bearer realm="vault"');
      expect((await get('/special/class', undefined, ['X-Vault', mint()])).body).toEqual({
        sub: 'alice-of-wonderland',
      });
      expect((await get('/special/class', undefined, ['X-Vault', 'garbage'])).challenge).toMatch(
        /^Bearer realm="vault", error="invalid_token", /,
      );
      expect((await get('/special/method', undefined, ['X-Vault', mint()])).challenge).toBe(
        'Bearer realm="orders"',
      );
      expect((await get('/special/method', good)).body).toEqual({ sub: 'alice-of-wonderland' });
      expect((await get('/special/realm')).challenge).toBe('Bearer realm="say \\"please\\""');
    });
  });

  describe('a public route', () => {
    afterAll(closeApps);

    const reads: string[] = [];
    let app: TestApp;
    beforeAll(async () => {
      @Controller()
      @Auth()
      class Routes {
        @Public() @Get('open') open(@CurrentUser() principal: unknown, @Req() request: SeenRequest) {
          return seen(principal, request);
        }
      }
      app = await startApp(platform, {
        controllers: [Routes],
        options: {
          globalGuard: true,
          jwtFromRequest: () => {
            reads.push('jwtFromRequest');
            throw new Error('read');
          },
          validate: () => reads.push('validate'),
        },
      });
    });

    it.each([
      ['none', []],
      ['garbage', ['Bearer garbage']],
      ['the scheme alone', ['Bearer']],
      ['a tampered one', [tampered]],
      ['a good one', [good]],
      ['junk after it', [`${good} junk`]],
      ['two Authorization lines', [good, good]],
      ['a hostile one of 15 kB', [`Bearer ${'a'.repeat(15_000)}!`]],
      ['15 kB of spaces', [`Bearer${' '.repeat(15_000)}x`]],
    ])('does not read the token: %s', async (_case, lines) => {
      const answer = await app.send('/open', { headers: lines.map((line) => ['Authorization', line]) });
      expect(answer).toMatchObject({ status: 200, body: {}, challenge: undefined });
      expect(reads).toEqual([]);
    });
  });

  describe('an optional route', () => {
    afterAll(closeApps);

    const state = { keysDown: false };
    let app: TestApp;
    beforeAll(async () => {
      @Controller()
      class Routes {
        @Auth({ optional: true }) @Get('hello') hello(
          @CurrentUser() principal: unknown,
          @Req() request: SeenRequest,
        ) {
          return seen(principal, request);
        }
      }
      app = await startApp(platform, {
        controllers: [Routes],
        options: {
          validate: ({ sub }) => {
            if (state.keysDown) throw new KeysUnavailableError();
            return sub === 'ghost' ? null : { id: sub };
          },
        },
      });
    });

    it.each([
      ['no header', []],
      ['a blank header', ['']],
      ['a header of spaces', ['   ']],
      ['another scheme', ['Basic YWxpY2U6c2VjcmV0']],
      ['another scheme with our token', [`Token ${mint()}`]],
    ])('is reached without a principal: %s', async (_case, lines) => {
      const answer = await app.send('/hello', { headers: lines.map((line) => ['Authorization', line]) });
      expect(answer).toMatchObject({ status: 200, body: {}, challenge: undefined });
    });

    it('is reached with a principal', async () => {
      expect((await app.get('/hello', good)).body.principal).toEqual({ id: 'alice-of-wonderland' });
    });

    it.each([
      [
        'an expired token',
        [bearer(mint(header(), claims({ iat: NOW - 400, nbf: NOW - 400, exp: NOW - 100 })))],
        401,
        'ERR_TOKEN_EXPIRED',
      ],
      ['a tampered token', [tampered], 401, 'ERR_TOKEN_SIGNATURE'],
      ['garbage', ['Bearer garbage'], 401, 'ERR_TOKEN_MALFORMED'],
      [
        'the token of an unknown principal',
        [bearer(mint(header(), claims({ sub: 'ghost' })))],
        401,
        'ERR_PRINCIPAL_UNKNOWN',
      ],
      ['the scheme alone', ['Bearer'], 400, 'ERR_CREDENTIALS_MALFORMED'],
      ['junk after the token', [`${good} junk`], 400, 'ERR_CREDENTIALS_MALFORMED'],
      ['two Authorization lines', [good, 'Basic YQ=='], 400, 'ERR_CREDENTIALS_MALFORMED'],
      [
        'two Authorization lines of another scheme',
        ['Basic YQ==', 'Basic Yg=='],
        400,
        'ERR_CREDENTIALS_MALFORMED',
      ],
    ])('refuses credentials that are present and bad: %s', async (_case, lines, status, errorCode) => {
      const answer = await app.send('/hello', { headers: lines.map((line) => ['Authorization', line]) });
      expect(answer).toMatchObject({ status, body: { statusCode: status, errorCode } });
      expect(answer.challenge).toMatch(/^Bearer realm="orders", error="/);
    });

    it('does not let anybody through because the server is down', async () => {
      state.keysDown = true;
      expect((await app.get('/hello', good)).status).toBe(503);
      expect((await app.get('/hello')).status).toBe(200);
      state.keysDown = false;
    });
  });

  describe('the principal', () => {
    afterAll(closeApps);

    it('is the claims where there is no validate, whole or one of them, and frozen', async () => {
      @Controller()
      @Auth()
      class Routes {
        @Get('whole') whole(@CurrentUser() principal: AccessTokenClaims, @Req() request: SeenRequest) {
          return {
            same: principal === request.user,
            frozen: Object.isFrozen(principal) && Object.isFrozen(principal['roles']),
            principal,
          };
        }
        @Get('parts') parts(
          @CurrentUser('sub') sub: string,
          @CurrentUser('roles') roles: string[],
          @CurrentUser('nothing') nothing: unknown,
        ) {
          return { sub, roles, nothing };
        }
      }
      const { get, tokens } = await startApp(platform, { controllers: [Routes] });
      const token = await tokens.issue({ sub: 'bob', roles: ['clerk'] }, { jwtid: 'token-1' });
      expect((await get('/whole', bearer(token))).body).toEqual({
        same: true,
        frozen: true,
        principal: {
          iss: ISSUER,
          aud: AUDIENCE,
          sub: 'bob',
          roles: ['clerk'],
          iat: NOW,
          nbf: NOW,
          exp: NOW + 300,
          jti: 'token-1',
        },
      });
      expect((await get('/parts', bearer(token))).body).toEqual({ sub: 'bob', roles: ['clerk'] });
    });

    it('is what validate makes of the claims and the request', async () => {
      class User {
        constructor(
          readonly id: string,
          readonly tenant: string,
        ) {}
        get label() {
          return `${this.id}@${this.tenant}`;
        }
      }
      @Controller()
      @Auth()
      class Routes {
        @Get() whole(
          @CurrentUser() user: User,
          @CurrentUser('label') label: string,
          @Req() request: SeenRequest,
        ) {
          return { isUser: user instanceof User, same: user === request.user, label };
        }
      }
      const validate = async ({ sub }: AccessTokenClaims, request: { headers: Record<string, string> }) =>
        new User(sub!, request.headers['x-tenant']!);
      const { get } = await startApp(platform, { controllers: [Routes], options: { validate } });
      const answer = await get('/', good, ['X-Tenant', 'wonderland']);
      expect(answer.body).toEqual({ isUser: true, same: true, label: 'alice-of-wonderland@wonderland' });
    });

    describe('is never what somebody else put into request.user', () => {
      const forged = { sub: 'forged', admin: true };
      let app: TestApp;
      beforeAll(async () => {
        @Controller()
        class Routes {
          @Auth() @Get('required') required(@CurrentUser() principal: unknown, @Req() request: SeenRequest) {
            return seen(principal, request);
          }
          @Auth({ optional: true }) @Get('optional') optional(
            @CurrentUser() principal: unknown,
            @Req() request: SeenRequest,
          ) {
            return seen(principal, request);
          }
          @Public() @Get('public') public(
            @CurrentUser() principal: unknown,
            @CurrentUser('admin') admin: unknown,
          ) {
            return { principal, admin };
          }
          @Get('plain') plain(@CurrentUser() principal: unknown) {
            return { principal };
          }
        }
        const middleware = (request: SeenRequest, _response: unknown, next: () => void) => {
          request.user = forged;
          next();
        };
        @Injectable()
        class ForgingGuard implements CanActivate {
          canActivate(context: ExecutionContext) {
            context.switchToHttp().getRequest<SeenRequest>().user = forged;
            return true;
          }
        }
        app = await startApp(platform, {
          controllers: [Routes],
          configure: (nest) => {
            nest.use(middleware);
            nest.useGlobalGuards(new ForgingGuard());
          },
        });
      });

      it('on a required route', async () => {
        expect((await app.get('/required')).status).toBe(401);
        const { body } = await app.get('/required', good);
        expect([body.principal.sub, body.user.sub]).toEqual(['alice-of-wonderland', 'alice-of-wonderland']);
      });

      it('on an optional route', async () => {
        expect(await app.get('/optional')).toMatchObject({ status: 200, body: {} });
        expect((await app.get('/optional')).body).toEqual({});
        expect((await app.get('/optional', 'Basic YQ==')).body).toEqual({});
        expect((await app.get('/optional', tampered)).status).toBe(401);
        expect((await app.get('/optional', good)).body.user.sub).toBe('alice-of-wonderland');
      });

      it('on a public route, and on one that nobody guards', async () => {
        expect((await app.get('/public')).body).toEqual({});
        expect((await app.get('/public', good)).body).toEqual({});
        expect((await app.get('/plain', good)).body).toEqual({});
      });

      it('not even for an exception filter after a refusal: request.user is empty again', async () => {
        const users: unknown[] = [];
        @Controller()
        class Refused {
          @Auth() @Get('refused') refused() {
            return {};
          }
        }
        const { get } = await startApp(platform, {
          controllers: [Refused],
          configure: (nest) =>
            nest.use(
              (
                request: SeenRequest,
                response: { on(event: string, listener: () => void): void },
                next: () => void,
              ) => {
                request.user = forged;
                response.on('finish', () => users.push(request.user));
                next();
              },
            ),
        });
        expect((await get('/refused', tampered)).status).toBe(401);
        // Fastify's middleware gets the platform's request, which our guard never sees; Express's is the same object.
        expect(users).toEqual([platform.name === 'Express' ? undefined : forged]);
      });
    });
  });

  describe('a failure', () => {
    afterAll(closeApps);

    const state = { keysDown: false };
    let app: TestApp;
    let bareApp: TestApp;
    beforeAll(async () => {
      @Controller()
      @Auth()
      class Routes {
        @Get() mine() {
          return {};
        }
      }
      app = await startApp(platform, {
        controllers: [Routes],
        options: {
          validate: (principal) => (principal.sub === 'ghost' ? null : principal),
          wrapVerifier: (verifier) => ({
            verify: (token, options) => {
              if (state.keysDown) throw new KeysUnavailableError(undefined, { retryAfter: 7 });
              return verifier.verify(token, options);
            },
          }),
        },
      });
      const { realm: _realm, ...withoutRealm } = optionsOf();
      bareApp = await startApp(platform, {
        module: JwtRs256Module.forRoot(withoutRealm),
        controllers: [Routes],
      });
    });
    beforeEach(() => app.log.clear());

    const hs256 = (() => {
      const input = signingInput(header({ alg: 'HS256' }), claims());
      return `${input}.${createHmac('sha256', keyPairOf('alice').publicKey).update(input).digest('base64url')}`;
    })();

    it.each([
      ['ERR_TOKEN_MALFORMED', 'The access token does not have three segments', 'garbage'],
      ['ERR_TOKEN_MALFORMED', 'The access token is too long', 'a'.repeat(8193)],
      ['ERR_TOKEN_ALGORITHM', 'The access token is not signed with RS256', hs256],
      ['ERR_TOKEN_TYPE', 'The token is not of type at+jwt', mint(header({ typ: 'JWT' }))],
      [
        'ERR_TOKEN_SIGNATURE',
        'The signature of the access token is invalid',
        mint(header(), claims(), strangerKey),
      ],
      [
        'ERR_TOKEN_KEY_UNKNOWN',
        'The access token was signed with an unknown key',
        mint(header({ kid: 'other' })),
      ],
      [
        'ERR_TOKEN_EXPIRED',
        'The access token expired',
        mint(header(), claims({ iat: NOW - 310, nbf: NOW - 310, exp: NOW - 10 })),
      ],
      [
        'ERR_TOKEN_NOT_YET_VALID',
        'The access token is not valid yet',
        mint(header(), claims({ nbf: NOW + 11 })),
      ],
      [
        'ERR_TOKEN_CLAIM',
        'The claim iss of the access token is not the expected issuer',
        mint(header(), claims({ iss: 'https://other' })),
      ],
      [
        'ERR_TOKEN_CLAIM',
        'The claim aud of the access token is missing',
        mint(header(), claims({ aud: undefined })),
      ],
      [
        'ERR_TOKEN_CLAIM',
        'The claim exp of the access token is missing',
        mint(header(), claims({ exp: undefined })),
      ],
      [
        'ERR_PRINCIPAL_UNKNOWN',
        'The principal of the access token is unknown',
        mint(header(), claims({ sub: 'ghost' })),
      ],
    ])('%s is 401 invalid_token: %s', async (errorCode, message, token) => {
      const answer = await app.get('/', bearer(token));
      expect(answer.status).toBe(401);
      expect(answer.body).toEqual({ statusCode: 401, error: 'invalid_token', message, errorCode });
      expect(answer.challenge).toBe(
        `Bearer realm="orders", error="invalid_token", error_description="${message}"`,
      );
      expect(answer.headers['retry-after']).toBeUndefined();
      expect(app.log.own()).toEqual([expect.objectContaining({ level: 'debug', message })]);
      expect(app.log.own()[0]?.details[0]).toMatchObject({ code: errorCode });
    });

    it.each([
      ['no header', []],
      ['a blank header', ['']],
      ['another scheme', ['Basic YWxpY2U6c2VjcmV0']],
    ])('without credentials is 401 with a bare challenge: %s', async (_case, lines) => {
      const answer = await app.send('/', { headers: lines.map((line) => ['Authorization', line]) });
      const body = {
        statusCode: 401,
        error: 'Unauthorized',
        message: 'No access token was sent',
        errorCode: 'ERR_TOKEN_MISSING',
      };
      expect(answer).toMatchObject({ status: 401, challenge: 'Bearer realm="orders"' });
      expect(answer.body).toEqual(body);
    });

    it.each([
      ['the scheme alone', ['Bearer']],
      ['a TAB', [`Bearer\t${mint()}`]],
      ['a space and a TAB', [`Bearer \t${mint()}`]],
      ['junk after the token', [`${good} junk`]],
      ['two tokens', [`${good} ${mint()}`]],
      ['a list', [`${good}, ${good}`]],
      ['a quoted token', [`Bearer "${mint()}"`]],
      ['a Latin-1 letter', ['Bearer tökén']],
    ])('of a malformed header is 400 invalid_request: %s', async (_case, lines) => {
      const message = 'The Authorization header must be Bearer, a space and one token';
      const answer = await app.send('/', { headers: lines.map((line) => ['Authorization', line]) });
      const body = {
        statusCode: 400,
        error: 'invalid_request',
        message,
        errorCode: 'ERR_CREDENTIALS_MALFORMED',
      };
      expect(answer.status).toBe(400);
      expect(answer.body).toEqual(body);
      expect(answer.challenge).toBe(
        `Bearer realm="orders", error="invalid_request", error_description="${message}"`,
      );
    });

    it.each([
      ['two good ones', [good, good]],
      ['a good one and another scheme', [good, 'Basic YQ==']],
      ['another scheme and a good one', ['Basic YQ==', good]],
      ['a good one and a blank one', [good, '']],
      ['a blank one and a good one', ['', good]],
    ])('of two Authorization lines is 400, though Node shows only one of them: %s', async (_case, lines) => {
      const answer = await app.send('/', { headers: lines.map((line) => ['authorization', line]) });
      expect(answer).toMatchObject({
        status: 400,
        body: { error: 'invalid_request', errorCode: 'ERR_CREDENTIALS_MALFORMED' },
      });
    });

    it.each([
      ['lower case', `bearer ${mint()}`],
      ['upper case', `BEARER ${mint()}`],
      ['two spaces', `Bearer  ${mint()}`],
      ['nine spaces', `Bearer         ${mint()}`],
      ['white space around the value, which Node takes off', `  Bearer ${mint()}  `],
    ])('is not what a legal spelling leads to: %s', async (_case, line) => {
      expect((await app.get('/', line)).status).toBe(200);
    });

    it('of the key source is 503 with Retry-After, and no challenge: nobody is told to log in again', async () => {
      state.keysDown = true;
      const answer = await app.get('/', good);
      state.keysDown = false;
      const message = 'The verification keys are unavailable';
      expect(answer.status).toBe(503);
      expect(answer.body).toEqual({
        statusCode: 503,
        error: 'temporarily_unavailable',
        message,
        errorCode: 'ERR_KEYS_UNAVAILABLE',
      });
      expect(answer.headers['retry-after']).toBe('7');
      expect(answer.challenge).toBeUndefined();
      expect(app.log.own()).toEqual([expect.objectContaining({ level: 'error', message })]);
      expect((await app.get('/', good)).status).toBe(200);
    });

    it('where no realm is configured has a challenge without one', async () => {
      expect((await bareApp.get('/')).challenge).toBe('Bearer');
      expect((await bareApp.get('/', 'Bearer x')).challenge).toMatch(
        /^Bearer error="invalid_token", error_description="/,
      );
    });

    it('lists for the log all that is wrong with the claims, and tells the client the first', async () => {
      const token = mint(
        header(),
        claims({ sub: '', exp: NOW - 100, iat: NOW - 400, nbf: NOW - 400, aud: 'invoices' }),
      );
      const answer = await app.get('/', bearer(token));
      const [line] = app.log.own('debug');
      const { violations } = line!.details[0] as {
        violations: { code: string; claim: string; message: string }[];
      };
      expect(violations.map(({ claim }) => claim).sort()).toEqual(['aud', 'exp', 'sub']);
      expect(answer.body).toMatchObject({ errorCode: violations[0]?.code, message: violations[0]?.message });
    });

    it('never puts a token, or anything that it says, into a log line', async () => {
      const secretive = mint(
        header({ kid: ownKid }),
        claims({ sub: 'sub-of-mine', iss: 'https://iss-of-mine' }),
      );
      for (const authorization of [
        good,
        tampered,
        bearer(secretive),
        `Bearer ${secretive} junk`,
        'Bearer s3cret-t0ken',
        'Basic s3cret',
      ]) {
        await app.get('/', authorization);
      }
      const text = app.log.text();
      for (const part of [mint(), secretive].flatMap((token) => token.split('.')))
        expect(text).not.toContain(part);
      expect(text).not.toMatch(/s3cret|sub-of-mine|iss-of-mine|alice-of-wonderland/);
    });
  });

  describe('overlapping requests', () => {
    afterEach(closeApps);

    const SUBJECTS = Array.from({ length: 20 }, (_, index) => `user-${index}`);

    /** Lets nobody go on before all have come; then in the reverse order of their coming. */
    function barrier(size: number) {
      const waiting: (() => void)[] = [];
      return () =>
        new Promise<void>((resolve) => {
          waiting.push(resolve);
          if (waiting.length < size) return;
          for (const release of waiting.splice(0).reverse()) release();
        });
    }

    it.each(['guard', 'passport', 'both'])('each get their own principal, by the way of: %s', async (way) => {
      const meet = barrier(SUBJECTS.length);
      const meetAgain = barrier(SUBJECTS.length);
      @Controller()
      class Routes {
        @Auth() @Get('guard') async guard(
          @CurrentUser() principal: { id: string },
          @Req() request: SeenRequest,
        ) {
          await meetAgain();
          return seen(principal, request);
        }
        @UseGuards(AuthGuard('jwt-rs256'))
        @Get('passport')
        async passport(@CurrentUser() principal: { id: string }, @Req() request: SeenRequest) {
          await meetAgain();
          return seen(principal, request);
        }
        @UseGuards(AuthGuard('jwt-rs256'), JwtRs256Guard)
        @Get('both')
        async both(@CurrentUser() principal: { id: string }, @Req() request: SeenRequest) {
          await meetAgain();
          return seen(principal, request);
        }
      }
      const validate = async ({ sub }: AccessTokenClaims) => {
        await meet();
        return { id: sub };
      };
      const app = await startApp(platform, { controllers: [Routes], options: { validate } });
      const requests = SUBJECTS.map((sub) => app.get(`/${way}`, bearer(mint(header(), claims({ sub })))));
      const bodies = (await Promise.all(requests)).map(({ body }) => body);
      expect(bodies).toEqual(SUBJECTS.map((id) => ({ principal: { id }, user: { id } })));
    });
  });

  describe('beside a global guard', () => {
    afterAll(closeApps);

    it('a route with @Auth() has validate called once, though the guard runs twice', async () => {
      let calls = 0;
      @Controller()
      @Auth()
      class Routes {
        @Get('once') once(@CurrentUser() principal: unknown) {
          return { principal };
        }
        @Auth() @UseGuards(JwtRs256Guard) @Get('often') often(@CurrentUser() principal: unknown) {
          return { principal };
        }
      }
      const { get } = await startApp(platform, {
        controllers: [Routes],
        options: { globalGuard: true, validate: ({ sub }) => ({ sub, call: ++calls }) },
        configure: (nest) => nest.useGlobalGuards(nest.get(JwtRs256Guard)),
      });
      expect((await get('/once', good)).body.principal.call).toBe(1);
      expect((await get('/often', good)).body.principal.call).toBe(2);
      expect(calls).toBe(2);
      expect((await get('/once')).status).toBe(401);
    });

    it('the second run remembers the principal, never the permission', async () => {
      const runs: unknown[] = [];
      @Injectable()
      class AdminGuard extends JwtRs256Guard {
        protected override permits(principal: AccessTokenClaims | undefined): boolean {
          runs.push(principal?.sub);
          return principal?.['admin'] === true;
        }
      }
      @Injectable()
      class FickleGuard extends JwtRs256Guard {
        private runs = 0;
        protected override async permits(): Promise<boolean> {
          this.runs++;
          return this.runs % 2 === 1;
        }
      }
      @Controller()
      @Auth()
      class Routes {
        @UseGuards(AdminGuard) @Get('admin') admin() {
          return {};
        }
        @UseGuards(FickleGuard, FickleGuard) @Get('fickle') fickle() {
          return {};
        }
      }
      let validated = 0;
      const validate = ({ sub, admin }: AccessTokenClaims) => ({ sub, admin, validated: ++validated });
      const { get } = await startApp(platform, {
        controllers: [Routes],
        options: { globalGuard: true, validate },
      });
      expect(await get('/admin', good)).toMatchObject({
        status: 403,
        body: { statusCode: 403 },
        challenge: undefined,
      });
      expect((await get('/admin', bearer(mint(header(), claims({ sub: 'root', admin: true }))))).status).toBe(
        200,
      );
      expect(runs).toEqual(['alice-of-wonderland', 'root']);
      expect(validated).toBe(2);
      expect((await get('/fickle', good)).status).toBe(403);
    });

    it('the second run trusts nothing but the same token', async () => {
      const alice = mint();
      const bob = mint(header(), claims({ sub: 'bob' }));
      const queue: (string | undefined)[] = [];
      @Controller()
      @Auth()
      class Routes {
        @Get() whole(@CurrentUser('sub') sub: unknown, @Req() request: SeenRequest) {
          return { sub, user: (request.user as AccessTokenClaims).sub };
        }
        @Auth({ optional: true }) @Get('optional') optional(
          @CurrentUser('sub') sub: unknown,
          @Req() request: SeenRequest,
        ) {
          return { sub, user: request.user };
        }
      }
      const { get } = await startApp(platform, {
        controllers: [Routes],
        options: { globalGuard: true, jwtFromRequest: () => queue.shift() },
      });
      queue.push(alice, bob);
      expect((await get('/')).body).toEqual({ sub: 'bob', user: 'bob' });
      queue.push(alice, 'garbage');
      expect((await get('/')).status).toBe(401);
      queue.push(alice);
      expect((await get('/')).status).toBe(401);
      queue.push(alice, undefined, undefined);
      const answer = await get('/optional');
      expect([answer.status, answer.body]).toEqual([200, {}]);
    });

    it('two global guards let through what both let through', async () => {
      @Injectable()
      class NobodyGuard implements CanActivate {
        canActivate(context: ExecutionContext) {
          return context.getHandler().name !== 'closed';
        }
      }
      @Controller()
      class Routes {
        @Get('mine') mine(@CurrentUser('sub') sub: unknown) {
          return { sub };
        }
        @Public() @Get('open') open() {
          return {};
        }
        @Public() @Get('closed') closed() {
          return {};
        }
      }
      const { get } = await startApp(platform, {
        controllers: [Routes],
        options: { globalGuard: true },
        configure: (nest) => nest.useGlobalGuards(nest.get(JwtRs256Guard), new NobodyGuard()),
      });
      expect((await get('/mine')).status).toBe(401);
      expect((await get('/mine', good)).body).toEqual({ sub: 'alice-of-wonderland' });
      expect((await get('/open')).status).toBe(200);
      expect((await get('/closed')).status).toBe(403);
    });

    it('a path that no route has is 404, with or without a token', async () => {
      const { get } = await startApp(platform, { options: { globalGuard: true } });
      expect((await get('/nowhere')).status).toBe(404);
      expect((await get('/nowhere', good)).status).toBe(404);
    });
  });

  describe('a subclass of the guard', () => {
    afterAll(closeApps);

    it('decides in permits whether the principal may use the route', async () => {
      const asked: unknown[] = [];
      @Injectable()
      class WeekdayGuard extends JwtRs256Guard {
        protected override permits(
          principal: AccessTokenClaims | undefined,
          context: ExecutionContext,
        ): boolean {
          asked.push([principal?.sub, context.getHandler().name]);
          return principal?.sub === 'bob';
        }
      }
      @Controller()
      @UseGuards(WeekdayGuard)
      class Routes {
        @Get('mine') mine() {
          return {};
        }
        @Public() @Get('open') open() {
          return {};
        }
      }
      @Controller('maybe')
      @UseGuards(WeekdayGuard)
      class Maybe {
        @Get() maybe() {
          return {};
        }
      }
      Reflect.defineMetadata(
        Symbol.for('nestjs-jwt-rs256:route-access'),
        { kind: 'auth', optional: true },
        Maybe,
      );
      const { get } = await startApp(platform, { controllers: [Routes, Maybe] });
      expect((await get('/mine', good)).status).toBe(403);
      expect((await get('/mine', bearer(mint(header(), claims({ sub: 'bob' }))))).status).toBe(200);
      expect((await get('/mine')).status).toBe(401);
      expect((await get('/open')).status).toBe(200);
      expect((await get('/maybe')).status).toBe(403);
      expect(asked).toEqual([
        ['alice-of-wonderland', 'mine'],
        ['bob', 'mine'],
        [undefined, 'maybe'],
      ]);
    });

    it('says in getRequest and getAccess which request it is, and what the route asks for', async () => {
      const stored = { headers: { authorization: good } };
      @Injectable()
      class StoredRequestGuard extends JwtRs256Guard {
        protected override getRequest(): object & { user?: unknown } {
          return stored;
        }
      }
      @Injectable()
      class PathGuard extends JwtRs256Guard {
        protected override getAccess(context: ExecutionContext): RouteAccess {
          const { url } = context.switchToHttp().getRequest<{ url: string }>();
          return url === '/by-path/open'
            ? { kind: 'public' }
            : { ...super.getAccess(context), kind: 'auth', realm: 'by path' };
        }
      }
      @Controller()
      class Routes {
        @UseGuards(StoredRequestGuard) @Get('stored') stored() {
          return { user: (stored as SeenRequest).user };
        }
        @UseGuards(PathGuard) @Get('by-path/open') open() {
          return {};
        }
        @UseGuards(PathGuard) @Get('by-path/closed') closed() {
          return {};
        }
      }
      const { get } = await startApp(platform, { controllers: [Routes] });
      expect((await get('/stored')).body.user.sub).toBe('alice-of-wonderland');
      expect((await get('/by-path/open', tampered)).status).toBe(200);
      expect(await get('/by-path/closed')).toMatchObject({
        status: 401,
        challenge: 'Bearer realm="by path"',
      });
    });

    it('answers refusals in handleFailure as it likes', async () => {
      const failures: unknown[] = [];
      @Injectable()
      class TeapotGuard extends JwtRs256Guard {
        protected override handleFailure(failure: HttpException, context: ExecutionContext): never {
          failures.push(failure);
          return super.handleFailure(failure, context);
        }
      }
      @Controller()
      class Routes {
        @UseGuards(TeapotGuard) @Get() teapot() {
          return {};
        }
      }
      const { get } = await startApp(platform, { controllers: [Routes] });
      expect(await get('/', tampered)).toMatchObject({
        status: 401,
        challenge: expect.stringContaining('invalid_token'),
      });
      const [failure] = failures as [JwtRs256Exception];
      expect(failure).toBeInstanceOf(JwtRs256Exception);
      expect(failure.cause).toMatchObject({ code: 'ERR_TOKEN_SIGNATURE', fault: 'caller' });
      expect(failure.headers).toEqual({ 'WWW-Authenticate': expect.stringContaining('invalid_token') });
    });

    it('that does not throw in handleFailure still lets nobody through', async () => {
      let reached = 0;
      @Injectable()
      class ForgetfulGuard extends JwtRs256Guard {
        protected override handleFailure(): never {
          return undefined as never;
        }
      }
      @Injectable()
      class AsyncGuard extends JwtRs256Guard {
        protected override handleFailure(): never {
          return Promise.resolve() as never;
        }
      }
      @Injectable()
      class AsyncThrowingGuard extends JwtRs256Guard {
        protected override handleFailure(): never {
          return Promise.reject(new HttpException('I am a teapot', 418)) as never;
        }
      }
      @Controller()
      class Routes {
        @UseGuards(AsyncThrowingGuard) @Get('async-throwing') asyncThrowing() {
          reached++;
          return {};
        }
        @UseGuards(ForgetfulGuard) @Get('forgetful') forgetful() {
          reached++;
          return {};
        }
        @UseGuards(AsyncGuard) @Get('async') async() {
          reached++;
          return {};
        }
      }
      const { get } = await startApp(platform, { controllers: [Routes] });
      for (const path of ['/forgetful', '/async']) {
        expect((await get(path)).status).toBe(401);
        expect((await get(path, tampered)).status).toBe(401);
        expect((await get(path, good)).status).toBe(200);
      }
      expect(reached).toBe(2);
      expect(await get('/async-throwing', tampered)).toMatchObject({
        status: 418,
        body: { message: 'I am a teapot' },
      });
      expect((await get('/async-throwing', good)).status).toBe(200);
    });

    it("may replace the strategy's validate instead of the option", async () => {
      @Controller()
      @Auth()
      class Routes {
        @Get() mine(@CurrentUser() principal: unknown) {
          return { principal };
        }
      }
      const { get } = await startApp(platform, {
        controllers: [Routes],
        configure: (nest) => {
          nest.get(JwtRs256Strategy).validate = ({ sub }) => (sub === 'ghost' ? undefined : { loaded: sub });
        },
      });
      expect((await get('/', good)).body.principal).toEqual({ loaded: 'alice-of-wonderland' });
      expect((await get('/', bearer(mint(header(), claims({ sub: 'ghost' }))))).body.errorCode).toBe(
        'ERR_PRINCIPAL_UNKNOWN',
      );
    });
  });

  describe('in a context that is not HTTP', () => {
    afterAll(closeApps);

    let app: TestApp;
    let client: ClientProxy;
    const handled: string[] = [];
    beforeAll(async () => {
      @Controller()
      class Handlers {
        @MessagePattern('echo') echo(data: unknown) {
          return data;
        }
        @Auth() @MessagePattern('guarded') guarded() {
          handled.push('guarded');
          return 'secret';
        }
        @Auth({ optional: true }) @MessagePattern('optional') optional() {
          handled.push('optional');
          return 'secret';
        }
        @Public() @UseGuards(JwtRs256Guard) @MessagePattern('public') public() {
          handled.push('public');
          return 'secret';
        }
        @MessagePattern('throws') throws() {
          throw new TokenExpiredError({ claim: 'exp', message: 's3cret detail' });
        }
        @MessagePattern('who') who(@CurrentUser() principal: unknown) {
          return { principal: principal ?? null };
        }
      }
      let port = 0;
      app = await startApp(platform, {
        controllers: [Handlers],
        configure: async (nest) => {
          const options = { transport: Transport.TCP as const, options: { host: '127.0.0.1', port: 0 } };
          const microservice = nest.connectMicroservice(options, { inheritAppConfig: true });
          await nest.startAllMicroservices();
          ({ port } = microservice.unwrap<Server>().address() as AddressInfo);
        },
      });
      client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
    });
    afterAll(() => client.close());
    beforeEach(() => app.log.clear());

    const call = (pattern: string, data: unknown) =>
      lastValueFrom(client.send<unknown, unknown>(pattern, data));

    it('the microservice of these tests answers', async () => {
      expect(await call('echo', { a: 1 })).toEqual({ a: 1 });
    });

    it.each(['guarded', 'optional', 'public'])(
      'a TCP handler behind the guard is denied, and the log says why: %s',
      async (pattern) => {
        await expect(
          call(pattern, { headers: { authorization: good }, user: { sub: 'forged' } }),
        ).rejects.toEqual({
          status: 'error',
          message: 'Internal server error',
        });
        expect(handled).toEqual([]);
        expect(app.log.own('error').map(({ message }) => message)).toEqual([
          'JwtRs256Guard guards HTTP routes only, and this is a "rpc" context: denied',
        ]);
      },
    );

    it('an error of ours thrown in a TCP handler is an answer, keeps the process alive and tells nothing', async () => {
      await expect(call('throws', {})).rejects.toEqual({ status: 'error', message: 'Internal server error' });
      expect(app.log.own('error').map(({ details }) => details[0])).toEqual([{ code: 'ERR_TOKEN_EXPIRED' }]);
      expect(await call('echo', 'still there')).toBe('still there');
    });

    it.each([{ user: { sub: 'forged' } }, 'text', 42])(
      '@CurrentUser() is undefined there: %j',
      async (data) => {
        expect(await call('who', data)).toEqual({ principal: null });
      },
    );

    it.each(['ws', 'rpc', 'graphql', 'carrier-pigeon', ''])(
      'the guard denies a context of type %j',
      async (type) => {
        const request = { headers: { authorization: good } };
        const context = new ExecutionContextHost(
          [request, {}, () => undefined],
          class Anything {},
          () => undefined,
        );
        context.setType(type);
        if (context.getType() !== type) return; // An empty type is not set.
        await expect(app.nest.get(JwtRs256Guard).canActivate(context)).rejects.toMatchObject({
          status: 403,
          message: `JwtRs256Guard guards HTTP routes only, and this is a "${type}" context: denied`,
        });
        expect(app.log.own('error')).toHaveLength(1);
        expect(request).toEqual({ headers: { authorization: good } });
      },
    );

    it('the guard denies even a public handler of such a context, for it cannot know what public means there', async () => {
      const handler = () => undefined;
      Public()(handler, 'handler', { value: handler });
      const context = new ExecutionContextHost([{}], class Anything {}, handler);
      context.setType('ws');
      await expect(app.nest.get(JwtRs256Guard).canActivate(context)).rejects.toMatchObject({ status: 403 });
    });
  });

  describe('in an app that is set up differently', () => {
    afterEach(closeApps);

    @Controller('orders')
    @Auth()
    class Orders {
      @Get() mine(@CurrentUser('sub') sub: unknown) {
        return { sub };
      }
      @Post() add(@CurrentUser('sub') sub: unknown) {
        return { sub };
      }
      @Public() @Get('prices') prices() {
        return {};
      }
    }

    it('with a global prefix and versions, the routes are guarded where they are', async () => {
      const path = '/api/v2/orders';
      const { get } = await startApp(platform, {
        controllers: [Orders],
        options: { globalGuard: true },
        configure: (nest) => {
          nest.setGlobalPrefix('api');
          nest.enableVersioning({ type: VersioningType.URI, defaultVersion: '2' });
        },
      });
      expect(await get(path)).toMatchObject({ status: 401, challenge: 'Bearer realm="orders"' });
      expect((await get(path, good)).body).toEqual({ sub: 'alice-of-wonderland' });
      expect((await get(`${path}/prices`)).status).toBe(200);
      expect((await get('/orders', good)).status).toBe(404);
    });

    it('every method of a path is guarded', async () => {
      const { send } = await startApp(platform, { controllers: [Orders] });
      const json = ['Content-Type', 'application/json'] as const;
      const post = { method: 'POST', body: '{}' };
      expect((await send('/orders')).status).toBe(401);
      expect((await send('/orders', { method: 'HEAD' })).status).toBe(401);
      expect((await send('/orders', { ...post, headers: [json] })).status).toBe(401);
      const answer = await send('/orders', { ...post, headers: [json, ['Authorization', good]] });
      expect(answer).toMatchObject({ status: 201, body: { sub: 'alice-of-wonderland' } });
    });

    it('where every provider is behind a proxy (instrument.instanceDecorator), it works the same', async () => {
      const instanceDecorator = (instance: unknown) =>
        typeof instance === 'object' &&
        instance !== null &&
        /^(JwtRs256|Token)/.test(instance.constructor.name)
          ? new Proxy(instance, {})
          : instance;
      @Controller('named')
      @UseGuards(AuthGuard('jwt-rs256'))
      class Named {
        @Get() mine(@CurrentUser('sub') sub: unknown) {
          return { sub };
        }
      }
      const { get, tokens } = await startApp(platform, {
        controllers: [Orders, Named],
        options: { globalGuard: true },
        nest: { instrument: { instanceDecorator } },
      });
      const authorization = bearer(await tokens.issue({ sub: 'bob' }));
      for (const path of ['/orders', '/named']) {
        expect((await get(path, authorization)).body).toEqual({ sub: 'bob' });
        expect((await get(path, tampered)).status).toBe(401);
      }
    });
  });

  describe("in a user's tests", () => {
    afterAll(closeApps);

    @Controller()
    class Routes {
      @Auth() @Get('mine') mine(@CurrentUser('sub') sub: unknown, @Req() request: SeenRequest) {
        return { sub, user: request.user };
      }
      @Get('plain') plain() {
        return {};
      }
    }
    const testingModule = (globalGuard: boolean) =>
      Test.createTestingModule({
        imports: [JwtRs256Module.forRoot({ ...optionsOf(), globalGuard })],
        controllers: [Routes],
      });

    async function run(builder: ReturnType<typeof testingModule>): Promise<TestApp> {
      const module = await builder.setLogger(new CapturedLog()).compile();
      return listen(module.createNestApplication(platform.makeAdapter()));
    }

    const open: CanActivate = {
      canActivate(context) {
        context.switchToHttp().getRequest<SeenRequest>().user = { sub: 'test' };
        return true;
      },
    };

    it('overrideGuard replaces the guard of @Auth()', async () => {
      const { get } = await run(testingModule(false).overrideGuard(JwtRs256Guard).useValue(open));
      expect(await get('/mine')).toMatchObject({ status: 200, body: { user: { sub: 'test' } } });
    });

    it('overrideProvider replaces the global guard too', async () => {
      const app = await run(testingModule(true));
      expect([(await app.get('/plain')).status, (await app.get('/mine')).status]).toEqual([401, 401]);
      const { get } = await run(testingModule(true).overrideProvider(JwtRs256Guard).useValue(open));
      expect((await get('/plain')).status).toBe(200);
    });

    it('overrideProvider replaces the verifier', async () => {
      const verify = async (token: string) => ({ sub: `owner of ${token}` });
      const { get } = await run(testingModule(false).overrideProvider(TokenVerifier).useValue({ verify }));
      expect((await get('/mine', 'Bearer anything')).body.sub).toBe('owner of anything');
      expect((await get('/mine')).status).toBe(401);
    });
  });
});

describe('The strategy, called where there is no guard', () => {
  afterEach(closeApps);

  it('takes no word of another strategy for whose the request is', async () => {
    const [trusting, other] = await Promise.all(
      [{}, keyPairOf('mallory')].map((options) => startApp(PLATFORMS[0]!, { options })),
    );
    const request = { headers: { authorization: good } };
    const principal = await trusting!.nest.get(JwtRs256Strategy).resolvePrincipal(request);
    expect(principal).toMatchObject({ sub: 'alice-of-wonderland' });
    const asked = other!.nest.get(JwtRs256Strategy).resolvePrincipal(request);
    await expect(asked).rejects.toThrow(TokenKeyUnknownError);
  });

  it.each<[string, Partial<JwtRs256ModuleOptions>]>([
    ['one issuer', {}],
    [
      'several issuers',
      { trustedIssuers: [{ issuer: 'https://other.example', publicKey: keyPairOf('bob').publicKey }] },
    ],
    ['sessions', { sessions: {} }],
  ])('asks a verify that was put in the place of ours, with %s', async (_, options) => {
    const { nest } = await startApp(PLATFORMS[0]!, { options });
    const request = () => ({ headers: { authorization: good } });
    const strategy = nest.get(JwtRs256Strategy);
    const refusal = new Error('the stub refuses');
    expect(await strategy.resolvePrincipal(request())).toBeDefined();
    const stub = jest.spyOn(nest.get(TokenVerifier), 'verify').mockRejectedValue(refusal);
    await expect(strategy.resolvePrincipal(request())).rejects.toBe(refusal);
    stub.mockRestore();
    const traced = jest.spyOn(TokenVerifier.prototype, 'verify').mockRejectedValue(refusal);
    await expect(strategy.resolvePrincipal(request())).rejects.toBe(refusal);
    traced.mockRestore();
    expect(await strategy.resolvePrincipal(request())).toBeDefined();
  });

  it('resolves the principal, or rejects: no credentials are an error too', async () => {
    const { nest } = await startApp(PLATFORMS[0]!, { options: { validate: ({ sub }) => ({ id: sub }) } });
    const strategy = nest.get(JwtRs256Strategy);
    const upgrade = { headers: { authorization: good } };
    await expect(strategy.resolvePrincipal(upgrade)).resolves.toEqual({ id: 'alice-of-wonderland' });
    await expect(strategy.resolvePrincipal({ headers: {} })).rejects.toThrow(TokenMissingError);
    await expect(strategy.resolvePrincipal({})).rejects.toThrow(TokenMissingError);
    await expect(strategy.resolvePrincipal({ headers: { authorization: tampered } })).rejects.toMatchObject({
      code: 'ERR_TOKEN_SIGNATURE',
    });
    const options = { realm: 'sockets', jwtFromRequest: () => 'garbage' };
    const error: unknown = await strategy
      .resolvePrincipal(upgrade, options)
      .catch((caught: unknown) => caught);
    expect(strategy.refusalOf(error, options)).toMatchObject({
      status: 401,
      headers: {
        'WWW-Authenticate': expect.stringMatching(/^Bearer realm="sockets", error="invalid_token"/),
      },
    });
  });
});

describe('In a microservice without HTTP', () => {
  const running: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const part of running.splice(0)) await part.close();
  });

  it('the guard denies, global or not, and an error of ours in a handler of messages or events is survived', async () => {
    const reached: string[] = [];
    @Controller()
    class Handlers {
      @Public() @MessagePattern('echo') echo(data: unknown) {
        return data;
      }
      @Auth() @MessagePattern('guarded') guarded() {
        reached.push('guarded');
      }
      @MessagePattern('throws') throws() {
        throw new TokenExpiredError({ claim: 'exp', message: 's3cret detail' });
      }
      @EventPattern('event') event(_data: unknown) {
        reached.push('event');
        throw new TokenExpiredError({ claim: 'exp', message: 's3cret detail' });
      }
    }
    async function start(globalGuard: boolean) {
      class RootModule {}
      const imports = [JwtRs256Module.forRoot({ ...optionsOf(), globalGuard })];
      const microservice = await NestFactory.createMicroservice(
        { module: RootModule, imports, controllers: [Handlers] },
        {
          transport: Transport.TCP,
          options: { host: '127.0.0.1', port: 0 },
          logger: false,
          abortOnError: false,
        },
      );
      await microservice.listen();
      const { port } = microservice.unwrap<Server>().address() as AddressInfo;
      const client = ClientProxyFactory.create({
        transport: Transport.TCP,
        options: { host: '127.0.0.1', port },
      });
      running.push(client, microservice);
      return {
        client,
        call: (pattern: string) => lastValueFrom(client.send<unknown, unknown>(pattern, { a: 1 })),
      };
    }
    const internal = { status: 'error', message: 'Internal server error' };

    const open = await start(false);
    await expect(open.call('guarded')).rejects.toEqual(internal);
    await expect(open.call('throws')).rejects.toEqual(internal);
    await lastValueFrom(open.client.emit('event', {}), { defaultValue: undefined });
    expect(await open.call('echo')).toEqual({ a: 1 });
    expect(reached).toEqual(['event']);

    const closed = await start(true);
    await expect(closed.call('echo')).rejects.toEqual(internal);
  });
});

describe('What @Auth() is told', () => {
  it.each([
    [{ realm: 'a\r\nSet-Cookie: a=b' }, '@Auth(): realm must be printable ASCII.'],
    [{ realm: 'a\nb' }, '@Auth(): realm must be printable ASCII.'],
    [{ realm: 'caf\u00e9' }, '@Auth(): realm must be printable ASCII.'],
    [{ realm: '\0' }, '@Auth(): realm must be printable ASCII.'],
    [{ realm: 42 }, '@Auth(): realm must be printable ASCII.'],
    [{ optional: 'yes' }, '@Auth(): optional must be true or false.'],
    [{ optional: 1 }, '@Auth(): optional must be true or false.'],
    [{ jwtFromRequest: 'header' }, '@Auth(): jwtFromRequest must be a function.'],
    [{ jwtFromRequest: null }, '@Auth(): jwtFromRequest must be a function.'],
    [
      { role: 'admin' },
      '@Auth() knows no option role. Is it misspelled? The options are optional, realm, fresh, jwtFromRequest.',
    ],
    [
      { optionl: true },
      '@Auth() knows no option optionl. Is it misspelled? The options are optional, realm, fresh, jwtFromRequest.',
    ],
    [null, '@Auth(): the options must be an object, or left out.'],
    ['admin', '@Auth(): the options must be an object, or left out.'],
  ])('is checked while the class is being defined: %j', (options, message) => {
    let error: unknown;
    try {
      Auth(options as object);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(OptionError);
    expect(error).toMatchObject({
      code: expect.stringMatching(/^ERR_OPTION_(INVALID|UNKNOWN)$/),
      fault: 'developer',
      message,
    });
  });
});
