import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  All,
  type CallHandler,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  type INestApplication,
  Options,
  Post,
  VersioningType,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { createVerifier } from 'fast-jwt';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { JwtRs256Module, TokenService } from '../../src/index.js';
import type { JwtRs256ModuleExtras, JwtRs256ModuleOptions } from '../../src/index.js';
import { describeWithBrowser, startBrowser } from '../support/browser.js';
import { closeApps, listen, optionsOf, startApp, type AppParts, type TestApp } from '../support/app.js';
import { send, type HttpAnswer } from '../support/http-client.js';
import { leakInText } from '../support/key-leak.js';
import { keyPairOf } from '../support/keys.js';
import { AUDIENCE, ISSUER, ownKid, ownPublicKey } from '../support/mint.js';
import { PLATFORMS, type Platform } from '../support/platforms.js';
import { freePort } from '../support/redis-server.js';

const JWKS = '/.well-known/jwks.json';
const METADATA = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'];
const RESOURCE = '/.well-known/oauth-protected-resource';
const RESOURCE_URL = 'https://api.example.com';

const EVERYTHING = {
  jwks: true,
  metadata: true,
  protectedResource: { resource: RESOURCE_URL },
} satisfies JwtRs256ModuleExtras;

const KEYS = {
  keys: [
    {
      kty: 'RSA',
      ...(({ n, e }) => ({ n, e }))(ownPublicKey.export({ format: 'jwk' })),
      kid: ownKid,
      alg: 'RS256',
      use: 'sig',
    },
  ],
};

afterEach(closeApps);

const json = ({ body }: HttpAnswer): unknown => (typeof body === 'string' ? JSON.parse(body) : body);

const conditional = (app: TestApp, path: string, ifNoneMatch: string): Promise<HttpAnswer> =>
  app.send(path, { headers: [['If-None-Match', ifNoneMatch]] });

/** Every route that a wildcard can take, and what it takes. */
@Controller()
class WildcardController {
  @All() root() {
    return 'wild';
  }
  @All('*') rest() {
    return 'wild';
  }
}

@Controller('orders')
class OrdersController {
  @Get() mine() {
    return [];
  }
}

/** An issuer on the loopback interface, under its real URL. */
async function startIssuer(platform: Platform, extras: JwtRs256ModuleExtras, path = '') {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}${path}`;
  const { clock: _, ...options } = optionsOf();
  const root = { module: class {}, imports: [JwtRs256Module.forRoot({ ...options, issuer, ...extras })] };
  const nest = await NestFactory.create(root, platform.makeAdapter(), { logger: false });
  await nest.listen(port, '127.0.0.1');
  const statuses: number[] = [];
  nest.getHttpServer().on('request', (_request: unknown, response: ServerResponse) => {
    response.on('finish', () => statuses.push(response.statusCode));
  });
  const token = await nest.get(TokenService, { strict: false }).issue({ sub: 'alice' });
  return { issuer, token, statuses, [Symbol.asyncDispose]: () => nest.close() };
}

const tamper = (token: string): string => token.replace(/.{8}$/, 'AAAAAAAA');

describe.each(PLATFORMS)('On $name', (platform) => {
  const boot = (options: AppParts['options'] = EVERYTHING, parts: Partial<AppParts> = {}): Promise<TestApp> =>
    startApp(platform, { controllers: [OrdersController], options, ...parts });

  async function refusal(options: AppParts['options'], parts: Partial<AppParts> = {}): Promise<Error> {
    return boot(options, parts).then(
      () => Promise.reject(new Error('the app booted')),
      (error: Error) => error,
    );
  }

  it('nothing is published that was not asked for', async () => {
    const app = await boot({});
    for (const path of [JWKS, ...METADATA, RESOURCE]) expect((await app.get(path)).status).toBe(404);
    const keysOnly = await boot({ jwks: true });
    for (const path of [...METADATA, RESOURCE]) expect((await keysOnly.get(path)).status).toBe(404);
  });

  describe('the JWK Set', () => {
    it('is the public key, for everybody, and for as long as jwksCache says', async () => {
      const app = await boot();
      const answer = await app.get(JWKS);
      expect(answer.status).toBe(200);
      expect(json(answer)).toEqual(KEYS);
      expect(answer.headers).toMatchObject({
        'content-type': 'application/jwk-set+json',
        'cache-control': 'public, max-age=300, stale-while-revalidate=600',
        'access-control-allow-origin': '*',
        etag: expect.stringMatching(/^"[^"]+"$/),
        'content-length': String(answer.body.length),
      });
      expect(leakInText(answer.body, keyPairOf('alice').privateKey)).toBeUndefined();
      const other = await boot({ jwks: true, jwksCache: { maxAge: '1h', staleWhileRevalidate: 0 } });
      expect((await other.get(JWKS)).headers['cache-control']).toBe(
        'public, max-age=3600, stale-while-revalidate=0',
      );
    });

    it('is answered to HEAD, without a body', async () => {
      const app = await boot();
      const { headers, status } = await app.get(JWKS);
      const head = await app.send(JWKS, { method: 'HEAD' });
      expect([head.status, head.body]).toEqual([status, '']);
      const { date: _, ...same } = headers;
      expect(head.headers).toMatchObject(same);
    });

    it('is not sent again to whoever has it', async () => {
      const app = await boot();
      const { headers } = await app.get(JWKS);
      const etag = headers.etag!;
      for (const has of [etag, `W/${etag}`, `"x", W/"y" ,${etag}`, '*', `${etag},`]) {
        const answer = await conditional(app, JWKS, has);
        expect([has, answer.status, answer.body]).toEqual([has, 304, '']);
        expect(answer.headers).toMatchObject({
          etag,
          'cache-control': headers['cache-control'],
          'access-control-allow-origin': '*',
        });
        expect(answer.headers['content-type']).toBeUndefined();
        expect(answer.headers['content-length'] ?? headers['content-length']).toBe(headers['content-length']);
      }
      const twice = await app.send(JWKS, { headers: [['If-None-Match', '"x"'], ['If-None-Match', etag]] }); // prettier-ignore
      expect(twice.status).toBe(304);
      const head = await app.send(JWKS, { method: 'HEAD', headers: [['If-None-Match', etag]] });
      expect(head.status).toBe(304);
    });

    it('is sent to whoever has another, or says something that cannot be read', async () => {
      const app = await boot();
      const etag = (await app.get(JWKS)).headers.etag!;
      const unquoted = etag.slice(1, -1);
      for (const has of [
        '"x"',
        '',
        unquoted,
        `"${unquoted}`,
        ',,,',
        'W/',
        '"'.repeat(9001),
        '\u00ff',
        '**',
      ]) {
        const answer = await conditional(app, JWKS, has);
        expect([has, answer.status]).toEqual([has, 200]);
        expect(json(answer)).toEqual(KEYS);
      }
    });

    it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'])('takes no %s', async (method) => {
      const app = await boot();
      expect((await app.send(JWKS, { method })).status).toBe(404);
    });

    it('answers no request with 500', async () => {
      const app = await boot();
      const requests: Parameters<typeof send>[1][] = [
        { headers: [['Authorization', 'Bearer x'], ['Authorization', 'x']] }, // prettier-ignore
        { headers: [['Content-Type', 'application/json']], body: '{"a' },
        { headers: [['Content-Type', '\u00ff']], body: '\0' },
        { headers: [['Range', 'bytes=0-1']] },
        { headers: [['Accept', 'text/nothing; q=0']] },
        { headers: [['If-Match', '"x"'], ['If-Modified-Since', 'never']] }, // prettier-ignore
        { headers: [['Expect', 'nothing']] },
        { method: 'HEAD', headers: [['Range', 'bytes=9-1']] },
      ];
      for (const request of requests) expect((await app.send(JWKS, request)).status).toBeLessThan(500);
      for (const end of ['?a=b', '?%', '?__proto__=x', '/', '//', '%00', '%ff', '%', '/..', ';a', '*', 'x'])
        expect((await app.send(JWKS + end)).status).toBeLessThan(500);
    });

    it('is published by a service that only verifies, too', async () => {
      const { publicKey } = keyPairOf('alice');
      const options = { publicKey, issuer: ISSUER, audience: AUDIENCE };
      const app = await boot(undefined, { module: JwtRs256Module.forRoot({ ...options, ...EVERYTHING }) });
      expect(json(await app.get(JWKS))).toEqual(KEYS);
    });

    it('is published beside options that come from a factory', async () => {
      const useFactory = async (): Promise<JwtRs256ModuleOptions> => optionsOf();
      const app = await boot(undefined, {
        module: JwtRs256Module.forRootAsync({ useFactory, ...EVERYTHING }),
      });
      for (const path of [JWKS, ...METADATA, RESOURCE]) expect((await app.get(path)).status).toBe(200);
    });

    it('is at the path that it was given, and only there', async () => {
      const app = await boot({ metadata: true, jwks: { path: '/auth/keys' } });
      expect(json(await app.get('/auth/keys'))).toEqual(KEYS);
      expect((await app.get(JWKS)).status).toBe(404);
      expect((await app.get(METADATA[0]!)).body.jwks_uri).toBe(`${ISSUER}/auth/keys`);
    });
  });

  describe('everything published is reached', () => {
    /** Each document is served, and the application is still there. */
    async function expectPublished(app: TestApp, ...headers: [string, string][]): Promise<void> {
      for (const path of [JWKS, ...METADATA, RESOURCE]) {
        const answer = await app.get(path, undefined, ...headers);
        expect([path, answer.status, typeof json(answer)]).toEqual([path, 200, 'object']);
        expect(answer.headers['access-control-allow-origin']).toBe('*');
        expect((await conditional(app, path, answer.headers.etag!)).status).toBe(304);
      }
    }

    it('under a global guard', async () => {
      const app = await boot({ ...EVERYTHING, globalGuard: true });
      await expectPublished(app);
      expect((await app.get('/orders')).status).toBe(401);
    });

    it('under a global guard that refuses whatever it sees', async () => {
      const configure = (nest: INestApplication) => nest.useGlobalGuards({ canActivate: () => false });
      const app = await boot(EVERYTHING, { configure });
      await expectPublished(app);
      expect((await app.get('/orders')).status).toBe(403);
    });

    it('with a global prefix', async () => {
      const configure = (nest: INestApplication) => nest.setGlobalPrefix('api/v1');
      const app = await boot(EVERYTHING, { configure });
      await expectPublished(app);
      expect((await app.get('/api/v1/orders')).status).toBe(200);
      expect((await app.get(`/api/v1${JWKS}`)).status).toBe(404);
    });

    it.each([
      ['the path', { type: VersioningType.URI, defaultVersion: '1' } as const],
      ['a header', { type: VersioningType.HEADER, header: 'X-Version', defaultVersion: '1' } as const],
      ['the media type', { type: VersioningType.MEDIA_TYPE, key: 'v=', defaultVersion: '1' } as const],
      ['what it likes', { type: VersioningType.CUSTOM, extractor: () => '7', defaultVersion: '1' } as const],
    ])('where the version is in %s', async (_, versioning) => {
      const configure = (nest: INestApplication) => nest.enableVersioning(versioning);
      const app = await boot(EVERYTHING, { configure });
      await expectPublished(app);
      await expectPublished(app, ['X-Version', '2'], ['Accept', 'application/json;v=2']);
    });

    it('before a wildcard of the application', async () => {
      const app = await boot(EVERYTHING, { controllers: [WildcardController] });
      await expectPublished(app);
      expect((await app.get('/anything')).body).toBe('wild');
    });

    it('with CORS for one origin, with security headers, and without a body parser', async () => {
      const app = await boot(EVERYTHING, {
        nest: { bodyParser: false, cors: { origin: 'https://app.example.com', credentials: true } },
        configure: (nest) => nest.useSecurityHeaders(),
      });
      await expectPublished(app, ['Origin', 'https://elsewhere.example.com']);
      expect((await app.get(JWKS)).headers['x-content-type-options']).toBe('nosniff');
    });

    it('past interceptors and filters of the application', async () => {
      @Catch()
      class TeapotFilter implements ExceptionFilter {
        catch(): never {
          throw new Error('this filter answers nothing');
        }
      }
      const intercept = (_context: ExecutionContext, next: CallHandler) => (
        next.handle(),
        'replaced' as never
      );
      const app = await boot(EVERYTHING, {
        configure: (nest) => nest.useGlobalInterceptors({ intercept }).useGlobalFilters(new TeapotFilter()),
      });
      await expectPublished(app);
    });

    it('in an application that a testing module makes', async () => {
      const imports = [JwtRs256Module.forRoot({ ...optionsOf(), ...EVERYTHING })];
      const module = await Test.createTestingModule({ imports }).compile();
      await expectPublished(await listen(module.createNestApplication(platform.makeAdapter())));
    });
  });

  describe('a path that is taken', () => {
    @Controller('.well-known')
    class TakenController {
      @Get('jwks.json') keys() {
        return { keys: [] };
      }
    }
    @Controller('.well-known')
    class OtherMethodsController {
      @Post('jwks.json') post() {
        return 'posted';
      }
      @Options('jwks.json') options() {
        return 'optional';
      }
      @Get(':document') other() {
        return 'another';
      }
    }

    @Controller('.well-known/jwks.json')
    class AllMethodsController {
      @All() keys() {
        return { keys: [] };
      }
    }

    it.each([TakenController, AllMethodsController])('by $name stops the boot', async (controller) => {
      const error = await refusal({ jwks: true }, { controllers: [controller] });
      expect(error.message).toContain(JWKS);
      const own = { code: 'ERR_OPTION_INVALID' };
      expect(error).toMatchObject(platform.name === 'Express' ? own : { code: 'FST_ERR_DUPLICATED_ROUTE' });
    });

    it('by another module of ours stops the boot', async () => {
      const forRoot = (strategyName: string) =>
        JwtRs256Module.forRoot({ ...optionsOf(), strategyName, isGlobal: false, jwks: true });
      const error = await refusal(undefined, { module: forRoot('one'), imports: [forRoot('two')] });
      expect(error).toMatchObject({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining(JWKS) });
    });

    it('for another method, or by a parameter, is not taken', async () => {
      const app = await boot({ jwks: true }, { controllers: [OtherMethodsController] });
      expect(json(await app.get(JWKS))).toEqual(KEYS);
      const form = { method: 'POST', headers: [['Content-Type', 'application/json']], body: '{}' } as const;
      expect((await app.send(JWKS, form)).body).toBe('posted');
      expect((await app.send(JWKS, { method: 'OPTIONS' })).body).toBe('optional');
      expect((await app.get('/.well-known/security.txt')).body).toBe('another');
    });
  });

  describe('the metadata of the issuer', () => {
    it('is one document at every place where it is looked for', async () => {
      const app = await boot({ metadata: true });
      for (const path of METADATA) {
        const { headers, body, status } = await app.get(path);
        expect([path, status, headers['content-type']]).toEqual([path, 200, 'application/json']);
        expect(headers['cache-control']).toBe('public, max-age=300, stale-while-revalidate=600');
        expect(body).toEqual({
          issuer: ISSUER,
          jwks_uri: ISSUER + JWKS,
          response_types_supported: ['none'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
        });
      }
      expect(json(await app.get(JWKS))).toEqual(KEYS);
    });

    it('is at both forms for an issuer with a path, whose text stays as it is', async () => {
      const app = await boot({ issuer: `${ISSUER}/tenants/1/`, metadata: true });
      for (const path of METADATA) {
        for (const place of [`${path}/tenants/1`, `/tenants/1${path}`]) {
          const { body } = await app.get(place);
          expect([place, body.issuer, body.jwks_uri]).toEqual([place, `${ISSUER}/tenants/1/`, ISSUER + JWKS]);
        }
        expect((await app.get(path)).status).toBe(404);
      }
    });

    it('has the members that the application adds', async () => {
      const metadata = { token_endpoint: `${ISSUER}/token`, jwks_uri: 'https://cdn.example.com/keys' };
      const app = await boot({ metadata });
      expect((await app.get(METADATA[0]!)).body).toMatchObject({
        ...metadata,
        issuer: ISSUER,
        grant_types_supported: ['refresh_token'],
      });
    });

    it.each([
      [{ metadata: true, issuer: 'orders' }, /^issuer \(for metadata\) must be a URL/],
      [{ metadata: { issuer: 'https://a' } }, /^metadata takes no member issuer/],
      [{ jwks: { path: '/*' } }, /^jwks\.path/],
      [{ jwksCache: { maxAge: 'long' } }, /^jwksCache\.maxAge/],
    ])('%j stops the boot', async (options, message) => {
      expect(await refusal(options as object)).toMatchObject({ message: expect.stringMatching(message) });
    });

    it('without the option issuer stops the boot', async () => {
      const { issuer: _, ...options } = optionsOf();
      const module = JwtRs256Module.forRoot({ ...options, metadata: true });
      expect((await refusal(undefined, { module })).message).toMatch(/^metadata needs the option issuer/);
    });
  });

  describe('the metadata of a protected resource', () => {
    it('is published under the path of the resource, and every challenge names it', async () => {
      const resource = `${RESOURCE_URL}/v1`;
      const app = await boot({ protectedResource: { resource }, globalGuard: true });
      expect((await app.get(`${RESOURCE}/v1`)).body).toEqual({
        resource,
        authorization_servers: [ISSUER],
        bearer_methods_supported: ['header'],
      });
      const named = `resource_metadata="${RESOURCE_URL}${RESOURCE}/v1"`;
      expect((await app.get('/orders')).challenge).toBe(`Bearer realm="orders", ${named}`);
      expect((await app.get('/orders', 'Bearer a.b.c')).challenge).toMatch(
        new RegExp(`^Bearer realm="orders", error="invalid_token", error_description="[^"]+", ${named}$`),
      );
      expect(await app.get('/orders', 'Bearer a b')).toMatchObject({
        status: 400,
        challenge: expect.stringContaining(named),
      });
    });

    it('is not named where it is not published', async () => {
      const app = await boot({ metadata: true, globalGuard: true });
      expect((await app.get('/orders')).challenge).toBe('Bearer realm="orders"');
      expect((await app.get('/orders', 'Bearer a.b.c')).challenge).not.toContain('resource_metadata');
    });
  });

  describe('tokens are verified with nothing but the URL of the issuer', () => {
    const metadataOf = async (url: string) => {
      const metadata = (await (await fetch(url)).json()) as { issuer: string; jwks_uri: string };
      return metadata;
    };

    it.each([
      ['', METADATA[0]!, ''],
      ['/tenants/1', METADATA[0]!, '/tenants/1'],
      ['/tenants/1', `/tenants/1${METADATA[1]}`, ''],
    ])('by jose, for an issuer with the path "%s"', async (path, before, after) => {
      await using app = await startIssuer(platform, { metadata: true }, path);
      const { issuer, jwks_uri } = await metadataOf(new URL(before + after, app.issuer).href);
      expect(issuer).toBe(app.issuer);
      const keys = createRemoteJWKSet(new URL(jwks_uri));
      const options = { issuer, audience: AUDIENCE, typ: 'at+jwt', algorithms: ['RS256'] };
      expect((await jwtVerify(app.token, keys, options)).payload.sub).toBe('alice');
      await expect(jwtVerify(tamper(app.token), keys, options)).rejects.toMatchObject({
        code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
      });
    });

    it('by jsonwebtoken and by fast-jwt', async () => {
      await using app = await startIssuer(platform, { metadata: true });
      const { issuer, jwks_uri } = await metadataOf(app.issuer + METADATA[1]);
      const { keys } = (await (await fetch(jwks_uri)).json()) as { keys: (JsonWebKey & { kid: string })[] };
      const pemOf = (kid: string | undefined): string => {
        const key = keys.find((candidate) => candidate.kid === kid)!;
        return createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' }) as string;
      };
      const { header } = jsonwebtoken.decode(app.token, { complete: true })!;
      const expected = { issuer, audience: AUDIENCE, algorithms: ['RS256' as const] };
      const verifyOther = (token: string) => jsonwebtoken.verify(token, pemOf(header.kid), expected);
      expect(verifyOther(app.token)).toMatchObject({ sub: 'alice' });
      expect(() => verifyOther(tamper(app.token))).toThrow('invalid signature');
      const verifyFast = createVerifier({
        key: async (decoded: { header: { kid?: string } }) => pemOf(decoded.header.kid),
        allowedIss: issuer,
        allowedAud: AUDIENCE,
        algorithms: ['RS256'],
      });
      expect(await verifyFast(app.token)).toMatchObject({ sub: 'alice' });
      await expect(verifyFast(tamper(app.token))).rejects.toMatchObject({
        code: 'FAST_JWT_INVALID_SIGNATURE',
      });
    });
  });
});

describe('A publisher', () => {
  it('does nothing where there is no HTTP', async () => {
    const module = JwtRs256Module.forRoot({ ...optionsOf(), ...EVERYTHING });
    const context = await NestFactory.createApplicationContext(module, { logger: false });
    await context.close();
  });
});

/** Runs in the page, and has nothing but what browsers have: verifies a token from the URL of its issuer. */
async function verifyInPage({ metadataUrl, token }: { metadataUrl: string; token: string }) {
  const { jwks_uri } = (await (await fetch(metadataUrl)).json()) as { jwks_uri: string };
  const { keys } = (await (await fetch(jwks_uri)).json()) as { keys: (JsonWebKey & { kid: string })[] };
  const decode = (text: string): Uint8Array<ArrayBuffer> =>
    Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
  const [header = '', claims = '', signature = ''] = token.split('.');
  const { kid } = JSON.parse(new TextDecoder().decode(decode(header)));
  const jwk = keys.find((candidate) => candidate.kid === kid)!;
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['verify']);
  const input = new TextEncoder().encode(`${header}.${claims}`);
  return crypto.subtle.verify(algorithm, key, decode(signature), input);
}

describeWithBrowser('A browser', () => {
  let browser: Awaited<ReturnType<typeof startBrowser>>;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 30_000);
  afterAll(() => browser.close());

  /** An empty page of another origin than the issuer's. */
  async function openPage() {
    const server = createServer((_request, response) => {
      response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>another origin</title>');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const close = async (): Promise<void> => {
      await page.close();
      server.closeAllConnections();
      server.close();
    };
    return { page, [Symbol.asyncDispose]: close };
  }

  it.each(PLATFORMS)('verifies a token of an issuer of another origin, on $name', async (platform) => {
    await using app = await startIssuer(platform, { metadata: true });
    await using tab = await openPage();
    const metadataUrl = app.issuer + METADATA[0];
    const verify = (token: string) => tab.page.evaluate(verifyInPage, { metadataUrl, token });
    expect(await verify(app.token)).toBe(true);
    expect(await verify(tamper(app.token))).toBe(false);
  });

  it.each(PLATFORMS)('keeps the set, and asks whether it changed, on $name', async (platform) => {
    await using app = await startIssuer(platform, { jwks: true });
    await using tab = await openPage();
    const read = (cache: string): Promise<string> =>
      tab.page.evaluate(
        async ({ url, init }) => (await fetch(url, init as RequestInit)).text(),
        { url: app.issuer + JWKS, init: { cache } }, // prettier-ignore
      );
    const texts = [await read('default'), await read('default'), await read('no-cache')];
    expect(texts.map((text) => JSON.parse(text))).toEqual([KEYS, KEYS, KEYS]);
    expect(app.statuses).toEqual([200, 304]);
  });
});
