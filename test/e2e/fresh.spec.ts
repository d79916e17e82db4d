import 'reflect-metadata';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  Body,
  Controller,
  Get,
  HttpCode,
  Inject,
  Injectable,
  Post,
  UseGuards,
  type ExecutionContext,
} from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import {
  Auth,
  CurrentUser,
  JwtRs256Guard,
  SessionService,
  TokenNotFreshError,
  type AuthOptions,
  type RouteAccess,
} from '../../src/index.js';
import { Freshness } from '../../src/tokens/freshness.js';
import { closeApps, startApp, type AppParts, type TestApp } from '../support/app.js';
import type { HttpAnswer } from '../support/http-client.js';
import { claims, header, mint, NOW } from '../support/mint.js';
import { PLATFORMS, type Platform } from '../support/platforms.js';

/** Stands before the route as a global guard might, and asks for nothing but a good token. */
@Injectable()
class UndemandingGuard extends JwtRs256Guard {
  protected override getAccess(_context: ExecutionContext): RouteAccess {
    return { kind: 'auth' };
  }
}

@Injectable()
class PassportGuard extends AuthGuard('jwt-rs256') {
  override getAuthenticateOptions(): AuthOptions {
    return { fresh: true };
  }
}

@Controller()
class BankController {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  @Post('login') @HttpCode(200) login(@Body('username') sub: string) {
    return this.sessions.start({ sub });
  }

  @Post('refresh') @HttpCode(200) refresh(@Body('refresh_token') refreshToken: unknown) {
    return this.sessions.refresh(refreshToken);
  }

  @Auth() @Get('balance') balance(@CurrentUser('sub') sub: string) {
    return { sub };
  }

  @Auth({ fresh: true }) @Get('password') password(@CurrentUser('sub') sub: string) {
    return { sub };
  }

  @Auth({ fresh: '2m' }) @Get('transfer') transfer(@CurrentUser('sub') sub: string) {
    return { sub };
  }

  @Auth({ fresh: 90.5 }) @Get('limit') limit() {
    return {};
  }

  @Auth({ fresh: false }) @Get('history') history() {
    return {};
  }

  @Auth({ fresh: true, optional: true, realm: 'vault' }) @Get('offer') offer(
    @CurrentUser('sub') sub?: string,
  ) {
    return { sub: sub ?? null };
  }

  // The lower of the two comes first.
  @Auth({ fresh: true }) @UseGuards(UndemandingGuard) @Get('twice') twice() {
    return {};
  }

  @UseGuards(PassportGuard) @Get('passport') passport() {
    return {};
  }
}

@Auth({ fresh: true })
@Controller('vault')
class VaultController {
  @Get() open() {
    return {};
  }

  @Auth() @Get('door') door() {
    return {};
  }
}

afterEach(closeApps);

describe.each(PLATFORMS)('@Auth({ fresh }) on $name', (platform) => {
  const boot = (options: AppParts['options'] = {}): Promise<TestApp> =>
    startApp(platform as Platform, {
      controllers: [BankController, VaultController],
      providers: [UndemandingGuard, PassportGuard],
      options: { sessions: {}, ...options },
    });

  const post = async (app: TestApp, path: string, body: unknown): Promise<any> =>
    (
      await app.send(path, {
        method: 'POST',
        headers: [['Content-Type', 'application/json']],
        body: JSON.stringify(body),
      })
    ).body;

  const login = (app: TestApp) => post(app, '/login', { username: 'alice' });
  const refresh = (app: TestApp, { refresh_token }: { refresh_token: string }) =>
    post(app, '/refresh', { refresh_token });
  const ask = (app: TestApp, path: string, { access_token }: { access_token: string }): Promise<HttpAnswer> =>
    app.get(path, `Bearer ${access_token}`);
  const codeOf = ({ status, body }: HttpAnswer): unknown => (status === 200 ? 200 : body.errorCode);

  it('lets a token through that comes from credentials, as long as it lives', async () => {
    const app = await boot();
    const answer = await login(app);
    for (const path of ['/password', '/transfer', '/limit', '/twice', '/passport', '/offer', '/vault'])
      expect([path, codeOf(await ask(app, path, answer))]).toEqual([path, 200]);
    app.clock.advance(299);
    expect(codeOf(await ask(app, '/password', answer))).toBe(200);
  });

  it('refuses one that comes from a refresh, in the same second even, with a step-up challenge (RFC 9470)', async () => {
    const app = await boot();
    const refreshed = await refresh(app, await login(app));
    const refused = await ask(app, '/password', refreshed);
    expect(refused.status).toBe(401);
    expect(refused.challenge).toBe(
      'Bearer realm="orders", error="insufficient_user_authentication", ' +
        'error_description="Credentials must be given again", max_age="0"',
    );
    expect(refused.body).toEqual({
      statusCode: 401,
      error: 'insufficient_user_authentication',
      message: 'Credentials must be given again',
      errorCode: 'ERR_TOKEN_NOT_FRESH',
    });
    for (const path of ['/twice', '/passport', '/offer', '/vault'])
      expect([path, codeOf(await ask(app, path, refreshed))]).toEqual([path, 'ERR_TOKEN_NOT_FRESH']);
    for (const path of ['/balance', '/history', '/vault/door'])
      expect([path, codeOf(await ask(app, path, refreshed))]).toEqual([path, 200]);
  });

  it('a login more makes the client welcome again', async () => {
    const app = await boot();
    await refresh(app, await login(app));
    expect(codeOf(await ask(app, '/password', await login(app)))).toBe(200);
  });

  it('with a duration counts from the credentials, whether refreshed or not, and to the moment', async () => {
    const app = await boot();
    const first = await login(app);
    app.clock.advance(120);
    const second = await refresh(app, first);
    expect(codeOf(await ask(app, '/transfer', first))).toBe(200);
    expect(codeOf(await ask(app, '/transfer', second))).toBe(200);
    app.clock.advance(0.1);
    for (const answer of [first, second]) {
      const refused = await ask(app, '/transfer', answer);
      expect(codeOf(refused)).toBe('ERR_TOKEN_NOT_FRESH');
      expect(refused.challenge).toMatch(/, max_age="120"$/);
    }
    expect((await ask(app, '/limit', first)).challenge).toMatch(/, max_age="90"$/);
  });

  it('is looked at on every request, also when the token is known already', async () => {
    const app = await boot();
    const refreshed = await refresh(app, await login(app));
    for (let count = 0; count < 3; count++) {
      expect(codeOf(await ask(app, '/balance', refreshed))).toBe(200);
      expect(codeOf(await ask(app, '/password', refreshed))).toBe('ERR_TOKEN_NOT_FRESH');
    }
  });

  it('keeps to the realm of the route, lets strangers onto an optional one, and stale tokens not', async () => {
    const app = await boot();
    expect((await app.get('/offer')).body).toEqual({ sub: null });
    const refused = await ask(app, '/offer', await refresh(app, await login(app)));
    expect(refused.challenge).toMatch(/^Bearer realm="vault", error="insufficient_user_authentication"/);
  });

  it('says first what else is wrong: a session that has ended is revoked', async () => {
    const app = await boot();
    const answer = await login(app);
    await app.nest.get(SessionService).endAll('alice');
    expect(codeOf(await ask(app, '/password', answer))).toBe('ERR_TOKEN_REVOKED');
  });

  it('does not ask validate for somebody who is not fresh', async () => {
    const asked: unknown[] = [];
    const app = await boot({
      validate: ({ sub }) => {
        asked.push(sub);
        return { sub };
      },
    });
    const refreshed = await refresh(app, await login(app));
    expect(codeOf(await ask(app, '/password', refreshed))).toBe('ERR_TOKEN_NOT_FRESH');
    expect(asked).toEqual([]);
    expect(codeOf(await ask(app, '/balance', refreshed))).toBe(200);
  });

  it('knows no session: without one a token is fresh that was issued so', async () => {
    const app = await boot();
    const [plain, fresh] = [
      await app.tokens.issue({ sub: 'alice' }),
      await app.tokens.issue({ sub: 'alice', fresh: true }),
    ].map((access_token) => ({ access_token }));
    expect(codeOf(await ask(app, '/password', plain!))).toBe('ERR_TOKEN_NOT_FRESH');
    expect(codeOf(await ask(app, '/password', fresh!))).toBe(200);
    expect(codeOf(await ask(app, '/transfer', fresh!))).toBe('ERR_TOKEN_NOT_FRESH');
  });

  it.each([
    ['/password', { fresh: 'true' }],
    ['/password', { fresh: 1 }],
    ['/password', { fresh: [true] }],
    ['/password', { fresh: null, auth_time: NOW }],
    ['/transfer', { fresh: true }],
    ['/transfer', { auth_time: NOW + 10.1 }],
    ['/transfer', { auth_time: NOW * 1000 }],
    ['/transfer', { auth_time: 0 }],
  ])('%s refuses the claims %j', async (path, members) => {
    const app = await boot();
    const access_token = mint(header(), claims(members));
    expect(codeOf(await ask(app, '/balance', { access_token }))).toBe(200);
    expect(codeOf(await ask(app, path, { access_token }))).toBe('ERR_TOKEN_NOT_FRESH');
  });

  it('takes an auth_time that is ahead by the tolerance for one of now', async () => {
    const app = await boot();
    const access_token = mint(header(), claims({ auth_time: NOW + 10 }));
    expect(codeOf(await ask(app, '/transfer', { access_token }))).toBe(200);
  });
});

describe('fresh', () => {
  it.each([['soon'], ['300'], [-1], [Number.NaN], [Number.POSITIVE_INFINITY], [null], [{}], [[true]]])(
    '%p stops the boot',
    (fresh) => {
      expect(() => Auth({ fresh: fresh as never })).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION_DURATION', message: expect.stringContaining('fresh') }),
      );
    },
  );

  it('cannot be given to a session, whose refreshed tokens would have it too', async () => {
    const app = await startApp(PLATFORMS[0]!, { options: { sessions: {} } });
    const sessions = app.nest.get(SessionService);
    for (const fresh of [true, false, undefined]) {
      await expect(sessions.start({ sub: 'alice', fresh })).rejects.toMatchObject({
        code: 'ERR_OPTION_CLAIM',
      });
    }
    expect(await sessions.list('alice')).toEqual([]);
  });

  it.each([[String(NOW)], [[NOW]], [null], [undefined], [Number.NaN], [{}]])(
    'is not what an auth_time of %p is, whoever verified the token',
    (authTime) => {
      const freshness = new Freshness({ now: () => NOW }, 10);
      expect(() => freshness.assertFresh({ auth_time: authTime as never }, 60)).toThrow(TokenNotFreshError);
      expect(() => freshness.assertFresh({ auth_time: NOW }, 60)).not.toThrow();
    },
  );

  it('is nothing where the clock does not know what time it is', () => {
    const freshness = new Freshness({ now: () => Number.NaN }, 10);
    expect(() => freshness.assertFresh({ auth_time: NOW }, 60)).toThrow(TokenNotFreshError);
  });

  it('is an error with the age that is allowed, for whoever asks the strategy by hand', () => {
    expect(new TokenNotFreshError(300)).toMatchObject({
      code: 'ERR_TOKEN_NOT_FRESH',
      fault: 'caller',
      maxAge: 300,
    });
  });
});
