import 'reflect-metadata';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type ArgumentsHost,
  Body,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  HttpException,
  Inject,
  NotFoundException,
  Post,
  Query,
  Res,
  UseFilters,
} from '@nestjs/common';
import { APP_FILTER, HttpAdapterHost } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/internal';
import type { ServerResponse } from 'node:http';
import {
  Auth,
  CurrentUser,
  JwtRs256Error,
  JwtRs256Exception,
  JwtRs256ExceptionFilter,
  JwtRs256Module,
  KeysUnavailableError,
  TokenExpiredError,
  TokenService,
} from '../../src/index.js';
import { closeApps, optionsOf, startApp, type TestApp } from '../support/app.js';
import { claims, header, mint, NOW } from '../support/mint.js';
import { PLATFORMS } from '../support/platforms.js';

const expired = mint(header(), claims({ iat: NOW - 400, nbf: NOW - 400, exp: NOW - 100 }));

/** A handler that writes to the platform's response. */
type PlatformResponse = ServerResponse | { raw: ServerResponse; hijack(): void };

describe.each(PLATFORMS)('On $name, an error of the library that a handler lets out', (platform) => {
  @Controller()
  class Routes {
    constructor(@Inject(TokenService) private readonly tokens: TokenService) {}

    @Get('verify') verify(@Query('token') token: string) {
      return this.tokens.verify(token);
    }
    @Get('peek') peek(@Query('token') token: string) {
      return this.tokens.decodeUnverified(token);
    }
    @Post('issue') async issue(@Body() body: Record<string, unknown>) {
      return { token: await this.tokens.issue({ ...body }) };
    }
    @Get('keys') keys() {
      throw new KeysUnavailableError(undefined, { retryAfter: 2.1 });
    }
    @Get('plain') plain() {
      throw new Error('the s3cret');
    }
    @Get('http') http() {
      throw new NotFoundException('no such order');
    }
    @Get('started') started(@Res() response: PlatformResponse) {
      const raw = 'raw' in response ? response.raw : response;
      raw.writeHead(200, { 'Content-Type': 'text/plain' });
      raw.write('begun');
      throw new TokenExpiredError({ claim: 'exp', message: 'The access token expired' });
    }
  }
  const json = { method: 'POST', headers: [['Content-Type', 'application/json']] } as const;

  describe('is answered as the guard would', () => {
    let app: TestApp;
    beforeAll(async () => {
      app = await startApp(platform, { controllers: [Routes] });
    });
    beforeEach(() => app.log.clear());
    afterAll(closeApps);

    it.each([
      ['an expired token', expired, 'ERR_TOKEN_EXPIRED', 'The access token expired'],
      ['garbage', 'garbage', 'ERR_TOKEN_MALFORMED', 'The access token does not have three segments'],
      ['nothing', '', 'ERR_TOKEN_MALFORMED', 'The access token does not have three segments'],
      ['another type', mint(header({ typ: 'JWT' })), 'ERR_TOKEN_TYPE', 'The token is not of type at+jwt'],
    ])('TokenService.verify of %s is 401 with a challenge', async (_what, token, errorCode, message) => {
      const answer = await app.get(`/verify?token=${token}`);
      expect(answer.status).toBe(401);
      expect(answer.body).toEqual({ statusCode: 401, error: 'invalid_token', message, errorCode });
      expect(answer.challenge).toBe(
        `Bearer realm="orders", error="invalid_token", error_description="${message}"`,
      );
      expect(app.log.own()).toEqual([expect.objectContaining({ level: 'debug', message })]);
      expect(app.log.lines).toHaveLength(1);
    });

    it('decodeUnverified of garbage is 401', async () => {
      expect((await app.get('/peek?token=a.b.c')).body.errorCode).toBe('ERR_TOKEN_MALFORMED');
      expect((await app.get('/verify')).body.errorCode).toBe('ERR_TOKEN_MALFORMED');
    });

    it('a key source that is down is 503 with Retry-After in whole seconds', async () => {
      const answer = await app.get('/keys');
      expect(answer).toMatchObject({
        status: 503,
        body: { error: 'temporarily_unavailable', errorCode: 'ERR_KEYS_UNAVAILABLE' },
      });
      expect([answer.headers['retry-after'], answer.challenge]).toEqual(['3', undefined]);
      expect(app.log.own('error')).toHaveLength(1);
    });

    it("a developer's mistake is 500: the client gets the code, the log the sentence", async () => {
      const answer = await app.send('/issue', { ...json, body: '{"sub":"bob","iss":"https://evil"}' });
      expect(answer.status).toBe(500);
      expect(answer.body).toEqual({
        statusCode: 500,
        error: 'Internal Server Error',
        message: 'Internal server error',
        errorCode: 'ERR_OPTION_CLAIM',
      });
      expect(answer.challenge).toBeUndefined();
      expect(app.log.own('error').map(({ message }) => message)).toEqual([
        'The claim iss cannot be given: use the option issuer of the module.',
      ]);
      expect(app.log.text()).not.toContain('evil');
    });

    it('after the answer has begun ends the answer, and nothing else happens', async () => {
      const answer = await app.get('/started');
      expect([answer.status, answer.body]).toEqual([200, 'begun']);
      expect(app.log.lines.map(({ message }) => message)).toEqual(['The access token expired']);
      expect((await app.get('/keys')).status).toBe(503);
    });

    it("leaves everybody else's errors to Nest", async () => {
      expect(await app.get('/http')).toMatchObject({ status: 404, body: { message: 'no such order' } });
      expect(await app.get('/plain')).toMatchObject({
        status: 500,
        body: { message: 'Internal server error' },
      });
      expect(app.log.own()).toEqual([]);
    });

    it('issue in a service that only verifies is 500 ERR_VERIFY_ONLY', async () => {
      const { privateKey: _privateKey, ...verifyOnly } = optionsOf();
      const { send, log } = await startApp(platform, {
        module: JwtRs256Module.forRoot(verifyOnly),
        controllers: [Routes],
      });
      log.clear();
      const answer = await send('/issue', { ...json, body: '{"sub":"bob"}' });
      expect(answer).toMatchObject({
        status: 500,
        body: { errorCode: 'ERR_VERIFY_ONLY', message: 'Internal server error' },
      });
      expect(JSON.stringify(answer.body)).not.toContain('privateKey');
      expect(log.own('error')[0]?.message).toContain('configured without a privateKey');
    });

    it('in another context is only logged: an error that a filter throws there ends the process', () => {
      const answer = app.nest.get(JwtRs256ExceptionFilter, { strict: false });
      const error = new TokenExpiredError({ claim: 'exp', message: 'The access token expired' });
      for (const type of ['ws', 'rpc', 'graphql']) {
        const host = new ExecutionContextHost([]);
        host.setType(type);
        const { catch: handle } = answer;
        expect(handle.call(answer, error, host)).toBeUndefined();
      }
      expect(app.log.own('error')).toHaveLength(3);
    });
  });

  describe("is the application's to answer", () => {
    const caught: unknown[] = [];
    beforeEach(() => void caught.splice(0));
    afterAll(closeApps);

    @Catch(JwtRs256Error)
    class TypedFilter implements ExceptionFilter<JwtRs256Error> {
      constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

      catch(error: JwtRs256Error, host: ArgumentsHost) {
        caught.push(error);
        this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { typed: error.code }, 419);
      }
    }

    @Catch()
    class CatchAll implements ExceptionFilter {
      constructor(@Inject(HttpAdapterHost) private readonly host: HttpAdapterHost) {}

      catch(error: unknown, host: ArgumentsHost) {
        caught.push(error);
        const status = error instanceof HttpException ? error.getStatus() : 520;
        this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { caught: true }, status);
      }
    }

    @Controller()
    class Filtered {
      constructor(@Inject(TokenService) private readonly tokens: TokenService) {}

      @Get('unfiltered') unfiltered() {
        return this.tokens.verify(expired);
      }
      @UseFilters(TypedFilter) @Get('typed') typed() {
        return this.tokens.verify(expired);
      }
      @UseFilters(CatchAll) @Get('all') all() {
        return this.tokens.verify(expired);
      }
      @Auth() @Get('guarded') guarded(@CurrentUser('sub') sub: string) {
        return { sub };
      }
      @UseFilters(CatchAll) @Auth() @Get('guarded-all') guardedAll() {
        return {};
      }
    }

    it.each(['/typed', '/all'])(
      'with a filter on the route, which sees the typed error: %s',
      async (path) => {
        const { get } = await startApp(platform, { controllers: [Filtered] });
        const answer = await get(path);
        expect([answer.status, answer.body]).toEqual(
          path === '/typed' ? [419, { typed: 'ERR_TOKEN_EXPIRED' }] : [520, { caught: true }],
        );
        expect(caught).toEqual([expect.any(TokenExpiredError)]);
        expect(caught[0]).toMatchObject({ code: 'ERR_TOKEN_EXPIRED', fault: 'caller', claim: 'exp' });
      },
    );

    it('with a filter on the controller', async () => {
      class OnController extends Filtered {}
      UseFilters(TypedFilter)(OnController);
      Controller()(OnController);
      const { get } = await startApp(platform, { controllers: [OnController] });
      expect((await get('/unfiltered')).body).toEqual({ typed: 'ERR_TOKEN_EXPIRED' });
    });

    it.each([TypedFilter, CatchAll])('with app.useGlobalFilters: %p', async (Filter) => {
      const { get } = await startApp(platform, {
        controllers: [Filtered],
        configure: (nest) => nest.useGlobalFilters(new Filter(nest.get(HttpAdapterHost))),
      });
      await get('/unfiltered');
      expect(caught).toEqual([expect.any(TokenExpiredError)]);
    });

    it('while an APP_FILTER of the application goes on catching all the rest', async () => {
      const { get } = await startApp(platform, {
        controllers: [Filtered, Routes],
        providers: [{ provide: APP_FILTER, useClass: CatchAll }],
      });
      expect((await get('/plain')).body).toEqual({ caught: true });
      expect((await get('/http')).body).toEqual({ caught: true });
      expect((await get('/unfiltered')).body.errorCode).toBe('ERR_TOKEN_EXPIRED');
    });

    it("with a filter that sees the guard's refusal too: an HttpException with the typed error as cause", async () => {
      const { get } = await startApp(platform, { controllers: [Filtered] });
      const answer = await get('/guarded-all', `Bearer ${expired}`);
      expect([answer.status, answer.body]).toEqual([401, { caught: true }]);
      expect(answer.challenge).toContain('error="invalid_token"');
      const [exception] = caught as [JwtRs256Exception];
      expect(exception).toBeInstanceOf(JwtRs256Exception);
      expect(exception).toBeInstanceOf(HttpException);
      expect(exception.cause).toBeInstanceOf(TokenExpiredError);
    });
  });
});
