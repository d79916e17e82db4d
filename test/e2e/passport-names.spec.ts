import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Controller,
  type ExecutionContext,
  ForbiddenException,
  Get,
  Injectable,
  Req,
  UseGuards,
} from '@nestjs/common';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { Test } from '@nestjs/testing';
import passport from 'passport';
import { ExtractJwt, Strategy as PassportJwtStrategy } from 'passport-jwt';
import {
  type AccessTokenClaims,
  Auth,
  CurrentUser,
  JwtRs256Module,
  KeysUnavailableError,
  Public,
} from '../../src/index.js';
import { closeApps, optionsOf, startApp, type TestApp } from '../support/app.js';
import { keyPairOf } from '../support/keys.js';
import { claims, header, mint, strangerKey } from '../support/mint.js';
import { PLATFORMS } from '../support/platforms.js';

const good = `Bearer ${mint()}`;
const ALICE = 'alice-of-wonderland';

/** What is in passport's registry under a name. */
function registered(name: string): unknown {
  return (passport as unknown as { _strategy(name: string): unknown })._strategy(name);
}

/** A strategy that is not ours: it knows whoever sends X-Api-Key. */
class ApiKeyStrategy {
  readonly name = 'api-key';
  declare success: (user: object) => void;
  declare fail: (challenge: string, status: number) => void;

  authenticate(request: { headers: Record<string, string | undefined> }): void {
    const key = request.headers['x-api-key'];
    if (key) this.success({ apiKey: key });
    else this.fail('ApiKey', 401);
  }
}

beforeAll(() => void passport.use(new ApiKeyStrategy() as unknown as passport.Strategy));
afterAll(() => void passport.unuse('api-key'));

describe.each(PLATFORMS)('On $name', (platform) => {
  /** AuthGuard has no way to set a header on Fastify; our own guard has. */
  const onExpress = <T>(challenge: T): T | undefined => (platform.name === 'Express' ? challenge : undefined);

  describe("AuthGuard('jwt-rs256')", () => {
    const hook: { validate: (principal: AccessTokenClaims) => unknown } = {
      validate: (principal) => principal,
    };
    const heard: unknown[][] = [];
    let app: TestApp;

    beforeAll(async () => {
      @Injectable()
      class HearingGuard extends AuthGuard('jwt-rs256') {
        override handleRequest<T>(
          ...args: [err: unknown, user: T, info: unknown, context: ExecutionContext, status?: unknown]
        ): T {
          const [err, user, info, , status] = args;
          heard.push([err, user, info, status]);
          return super.handleRequest(...args);
        }
      }
      @Injectable()
      class VaultGuard extends AuthGuard('jwt-rs256') {
        override getAuthenticateOptions() {
          return {
            realm: 'the "vault"\r\nSet-Cookie: a=b',
            jwtFromRequest: ExtractJwt.fromHeader('x-vault'),
          } as object;
        }
      }
      @Controller()
      class Routes {
        @UseGuards(AuthGuard('jwt-rs256')) @Get('mine') mine(
          @CurrentUser() principal: AccessTokenClaims,
          @Req() request: { user?: unknown },
        ) {
          return { sub: principal.sub, same: principal === request.user };
        }
        @UseGuards(HearingGuard) @Get('heard') heard() {
          return {};
        }
        @UseGuards(VaultGuard) @Get('vault') vault(@CurrentUser('sub') sub: string) {
          return { sub };
        }
        @Public() @UseGuards(AuthGuard('jwt-rs256')) @Get('public') public() {
          return {};
        }
      }
      app = await startApp(platform, {
        controllers: [Routes],
        options: { validate: (principal) => hook.validate(principal) },
      });
    });
    afterAll(closeApps);

    it('lets a good token through, with the principal in request.user and in @CurrentUser()', async () => {
      expect(await app.get('/mine', good)).toMatchObject({ status: 200, body: { sub: ALICE, same: true } });
    });

    it('without credentials is 401, with the bare challenge on Express', async () => {
      for (const authorization of [undefined, '', 'Basic YQ==']) {
        const answer = await app.get('/mine', authorization);
        expect([answer.status, answer.body]).toEqual([401, { statusCode: 401, message: 'Unauthorized' }]);
        expect(answer.challenge).toBe(onExpress('Bearer realm="orders"'));
      }
    });

    it('gives the challenge to whoever overrides handleRequest', async () => {
      await app.get('/heard');
      expect(heard.splice(0)).toEqual([[null, false, 'Bearer realm="orders"', 401]]);
      await app.get('/heard', 'Bearer garbage');
      expect(heard.splice(0)[0]?.[0]).toMatchObject({ status: 401, cause: { code: 'ERR_TOKEN_MALFORMED' } });
    });

    it.each([
      ['a foreign token', `Bearer ${mint(header(), claims(), strangerKey)}`, 401, 'ERR_TOKEN_SIGNATURE'],
      ['garbage', 'Bearer garbage', 401, 'ERR_TOKEN_MALFORMED'],
      ['the scheme alone', 'Bearer', 400, 'ERR_CREDENTIALS_MALFORMED'],
      ['junk after the token', `${good} junk`, 400, 'ERR_CREDENTIALS_MALFORMED'],
    ])(
      'answers %s with our body, and our challenge on Express',
      async (_what, authorization, status, errorCode) => {
        const answer = await app.get('/mine', authorization);
        expect(answer).toMatchObject({ status, body: { statusCode: status, errorCode } });
        expect(answer.challenge).toEqual(onExpress(expect.stringContaining(`error="${answer.body.error}"`)));
      },
    );

    it('refuses two Authorization lines', async () => {
      expect((await app.get('/mine', good, ['Authorization', good])).status).toBe(400);
    });

    it.each<[string, () => unknown, number, string | undefined]>([
      ['an unknown principal is 401', () => null, 401, 'ERR_PRINCIPAL_UNKNOWN'],
      [
        'keys that are gone are 503',
        () => Promise.reject(new KeysUnavailableError()),
        503,
        'ERR_KEYS_UNAVAILABLE',
      ],
      ['a hook that fails is 500', () => Promise.reject(new Error('s3cret')), 500, undefined],
      ['a hook that fails at once is 500', () => JSON.parse('s3cret'), 500, undefined],
      ['an HttpException passes through', () => Promise.reject(new ForbiddenException()), 403, undefined],
    ])('has the same idea of failures: %s', async (_what, validate, status, errorCode) => {
      hook.validate = validate;
      const answer = await app.get('/mine', good);
      hook.validate = (principal) => principal;
      expect(answer.status).toBe(status);
      expect(answer.body.errorCode).toBe(errorCode);
      expect(JSON.stringify(answer.body)).not.toContain('s3cret');
      expect(answer.headers['retry-after']).toBe(status === 503 ? onExpress('1') : undefined);
    });

    it('takes realm and place of the token from its options, and only header-safe characters', async () => {
      expect((await app.get('/vault', undefined, ['X-Vault', mint()])).body).toEqual({ sub: ALICE });
      const answer = await app.get('/vault', good);
      expect(answer.status).toBe(401);
      expect(answer.challenge).toBe(onExpress('Bearer realm="the \\"vault\\"??Set-Cookie: a=b"'));
      expect(answer.headers['set-cookie']).toBeUndefined();
    });

    it('knows nothing of @Public(), and so refuses', async () => {
      expect((await app.get('/public')).status).toBe(401);
    });
  });

  describe('a list of strategies', () => {
    let app: TestApp;
    beforeAll(async () => {
      function routes(path: string, names: string[]) {
        @Controller(path)
        @UseGuards(AuthGuard(names))
        class Routes {
          @Get() who(@Req() request: { user?: unknown }, @CurrentUser('sub') sub: unknown) {
            return { user: request.user, sub };
          }
        }
        return Routes;
      }
      app = await startApp(platform, {
        controllers: [routes('first', ['jwt-rs256', 'api-key']), routes('last', ['api-key', 'jwt-rs256'])],
        options: { validate: ({ sub }) => ({ sub }) },
      });
    });
    afterAll(closeApps);

    const KEY = ['X-Api-Key', 'k1'] as const;

    it.each(['/first', '/last'])('goes on after ours when there is no token: %s', async (path) => {
      expect(await app.get(path, undefined, KEY)).toMatchObject({
        status: 200,
        body: { user: { apiKey: 'k1' } },
      });
      expect(await app.get(path, 'Basic YQ==', KEY)).toMatchObject({
        status: 200,
        body: { user: { apiKey: 'k1' } },
      });
      expect((await app.get(path, undefined, KEY)).body.sub).toBeUndefined();
    });

    it.each(['/first', '/last'])('ends with ours when there is a good token: %s', async (path) => {
      expect((await app.get(path, good)).body).toEqual({ user: { sub: ALICE }, sub: ALICE });
    });

    it('stops at ours when there is a bad token, though the next one would let the request through', async () => {
      expect(await app.get('/first', 'Bearer garbage', KEY)).toMatchObject({
        status: 401,
        body: { errorCode: 'ERR_TOKEN_MALFORMED' },
      });
      expect((await app.get('/first', 'Bearer', KEY)).status).toBe(400);
      expect((await app.get('/last', 'Bearer garbage')).status).toBe(401);
    });

    it.each(['/first', '/last'])('refuses when nobody knows the request: %s', async (path) => {
      expect((await app.get(path)).status).toBe(401);
    });
  });

  describe('one name in one process', () => {
    afterEach(closeApps);

    @Controller()
    class Routes {
      @UseGuards(AuthGuard('jwt-rs256')) @Get('named') named(@CurrentUser('sub') sub: unknown) {
        return { sub };
      }
      @Auth() @Get('injected') injected(@CurrentUser('sub') sub: unknown) {
        return { sub };
      }
    }
    const start = (owner: string) =>
      startApp(platform, { controllers: [Routes], options: { ...keyPairOf(owner), realm: owner } });
    const login = async (app: TestApp, sub: string) => `Bearer ${await app.tokens.issue({ sub })}`;

    async function expectToServe(app: TestApp) {
      const authorization = await login(app, 'bob');
      expect(await app.get('/named', authorization)).toMatchObject({ status: 200, body: { sub: 'bob' } });
      expect((await app.get('/named')).status).toBe(401);
    }

    async function expectToRefuse(app: TestApp) {
      const authorization = await login(app, 'bob');
      for (const sent of [undefined, authorization, 'Bearer garbage']) {
        const answer = await app.get('/named', sent);
        expect(answer.status).toBe(500);
        expect(answer.body).toEqual({
          statusCode: 500,
          error: 'Internal Server Error',
          message: 'Internal server error',
          errorCode: 'ERR_STRATEGY_NAME_TAKEN',
        });
        expect(answer.challenge).toBeUndefined();
      }
      expect((await app.get('/injected', authorization)).body).toEqual({ sub: 'bob' });
      expect((await app.get('/injected')).status).toBe(401);
    }

    it.each([
      ['the first', 0],
      ['the second', 1],
    ])('claimed by two live apps serves neither, and comes back when %s closes', async (_which, closing) => {
      const apps = [await start('alice'), await start('mallory')] as const;
      apps[0].log.clear();
      await expectToRefuse(apps[0]);
      await expectToRefuse(apps[1]);
      const [line] = apps[0].log.own('error');
      expect(line?.message).toMatch(
        /^The passport strategy name "jwt-rs256" is claimed more than once in this process.*strategyName\.$/,
      );

      const staying = apps[1 - closing]!;
      const foreign = await login(apps[closing]!, 'eve');
      await apps[closing]!.nest.close();
      await expectToServe(staying);
      expect((await staying.get('/named', foreign)).body.errorCode).toBe('ERR_TOKEN_KEY_UNKNOWN');
    });

    it('claimed by three comes back when two of them have closed', async () => {
      const [first, second, third] = [await start('alice'), await start('mallory'), await start('alice')];
      await second!.nest.close();
      await expectToRefuse(first!);
      await expectToRefuse(third!);
      await first!.nest.close();
      await expectToServe(third!);
    });

    it('is free again when its app has closed', async () => {
      expect(registered('jwt-rs256')).toBeUndefined();
      const app = await start('alice');
      expect(registered('jwt-rs256')).toBeDefined();
      // The name that passport-jwt gives itself while it is being made.
      expect(registered('jwt')).toBeUndefined();
      await app.nest.close();
      await app.nest.close();
      expect(registered('jwt-rs256')).toBeUndefined();
      await expectToServe(await start('mallory'));
    });

    it('is not taken by an app that is made and never started', async () => {
      const module = await Test.createTestingModule({
        imports: [JwtRs256Module.forRoot(optionsOf())],
      }).compile();
      expect(registered('jwt-rs256')).toBeUndefined();
      await expectToServe(await start('mallory'));
      await module.close();
      expect(registered('jwt-rs256')).toBeDefined();
    });

    it('claimed by two modules of one app serves neither; @Auth() goes on', async () => {
      const feature = (owner: string) => {
        class Feature {}
        @Controller(owner)
        class FeatureRoutes extends Routes {}
        const options = { ...optionsOf(), ...keyPairOf(owner), isGlobal: false };
        return { module: Feature, imports: [JwtRs256Module.forRoot(options)], controllers: [FeatureRoutes] };
      };
      const { get } = await startApp(platform, {
        module: null,
        imports: [feature('alice'), feature('mallory')],
      });
      expect((await get('/alice/named', good)).body.errorCode).toBe('ERR_STRATEGY_NAME_TAKEN');
      expect((await get('/alice/injected', good)).body).toEqual({ sub: ALICE });
      expect((await get('/mallory/injected', good)).status).toBe(401);
    });

    it('may be another one: two apps with a strategyName each do not meet', async () => {
      @Controller()
      class Other {
        @UseGuards(AuthGuard('jwt-other')) @Get('named') named(@CurrentUser('sub') sub: unknown) {
          return { sub };
        }
      }
      const first = await start('alice');
      const options = { ...keyPairOf('mallory'), strategyName: 'jwt-other' };
      const second = await startApp(platform, { controllers: [Other], options });
      await expectToServe(first);
      await expectToServe(second);
      expect((await first.get('/named', await login(second, 'eve'))).status).toBe(401);
      expect((await second.get('/named', good)).status).toBe(401);
    });

    it('that a strategy of somebody else has stops the boot, and stays theirs', async () => {
      class Foreign extends PassportStrategy(PassportJwtStrategy, 'jwt-rs256') {
        constructor() {
          super({
            jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
            secretOrKey: keyPairOf('alice').publicKey,
          });
        }
        validate() {
          return {};
        }
      }
      const foreign = new Foreign();
      await expect(start('alice')).rejects.toMatchObject({
        code: 'ERR_STRATEGY_NAME_TAKEN',
        fault: 'developer',
      });
      expect(registered('jwt-rs256')).toBe(foreign);
      passport.unuse('jwt-rs256');

      // As a provider of the same app it gets there first, for it registers while it is being made.
      Injectable()(Foreign);
      await expect(startApp(platform, { providers: [Foreign] })).rejects.toMatchObject({
        code: 'ERR_STRATEGY_NAME_TAKEN',
      });
      passport.unuse('jwt-rs256');
      await expectToServe(await start('alice'));
    });
  });
});

describe("passport's own middleware, on Express", () => {
  afterAll(closeApps);

  it('answers with our challenge', async () => {
    const [express] = PLATFORMS;
    @Controller()
    class Routes {
      @Get() who(@Req() request: { user?: AccessTokenClaims }) {
        return { sub: request.user?.sub };
      }
    }
    const { get } = await startApp(express!, {
      controllers: [Routes],
      configure: (nest) => nest.use(passport.authenticate('jwt-rs256', { session: false })),
    });
    expect(await get('/')).toMatchObject({
      status: 401,
      body: 'Unauthorized',
      challenge: 'Bearer realm="orders"',
    });
    expect((await get('/', good)).body).toEqual({ sub: ALICE });
  });
});
