import 'reflect-metadata';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Req, UseGuards } from '@nestjs/common';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import jsonwebtoken, { type Algorithm } from 'jsonwebtoken';
import {
  constants,
  createHmac,
  createPrivateKey,
  generateKeyPairSync,
  type KeyLike,
  publicEncrypt,
  sign,
} from 'node:crypto';
import passport from 'passport';
import { ExtractJwt, Strategy, type StrategyOptionsWithoutRequest } from 'passport-jwt';
import {
  Auth,
  CurrentUser,
  JwtRs256Module,
  type JwtRs256ModuleOptions,
  JwtRs256Strategy,
  KeysUnavailableError,
} from '../../src/index.js';
import { TestClock } from '../../src/testing/index.js';
import { closeApps, optionsOf, startApp, type TestApp } from '../support/app.js';
import { keyPairOf } from '../support/keys.js';
import { AUDIENCE, claims, header, ISSUER, mint, mintWith, NOW, ownKey, textWith } from '../support/mint.js';
import { PLATFORMS } from '../support/platforms.js';

/*
 * What breaks @nestjs/jwt + @nestjs/passport + passport-jwt, one test a row, on both sides: first the fault, shown on
 * jsonwebtoken and passport-jwt themselves, then ours. Where theirs is fixed one day, the first half will say so.
 */

const { privateKey, publicKey } = keyPairOf('alice');
const good = `Bearer ${mint()}`;
const expired = mint(header(), claims({ iat: NOW - 400, nbf: NOW - 400, exp: NOW - 100 }));
const tampered = `${mint().slice(0, -8)}AAAAAAAA`;

/** What everybody accepts, so that the faults below are about one thing each. */
const stockOptions = { algorithms: ['RS256' as const], clockTimestamp: NOW };

@Controller()
class OurRoutes {
  @Auth() @Get() mine(@CurrentUser() principal: unknown) {
    return { principal };
  }
}

describe('Keys', () => {
  afterEach(closeApps);
  const [platform] = PLATFORMS;

  /** Boots ours with these keys: the error that stops it, or undefined. */
  async function refusal(options: object): Promise<{ code: string; message: string } | undefined> {
    const { privateKey: _privateKey, publicKey: _publicKey, ...others } = optionsOf();
    try {
      await startApp(platform!, { module: JwtRs256Module.forRoot({ ...others, ...options }) });
      return undefined;
    } catch (error) {
      return error as { code: string; message: string };
    }
  }

  it('a private key in the slot of the public one verifies silently; here it stops the boot', async () => {
    expect(jsonwebtoken.verify(mint(), privateKey, stockOptions)).toMatchObject({
      sub: 'alice-of-wonderland',
    });
    expect(await refusal({ publicKey: privateKey })).toMatchObject({
      code: 'ERR_KEY_PRIVATE_IN_PUBLIC_SLOT',
      message: expect.stringMatching(/^publicKey .*is a private key.*Put the private key into privateKey/s),
    });
  });

  it('a pair that is none signs silently; here it stops the boot', async () => {
    const other = keyPairOf('mallory').publicKey;
    const token = jsonwebtoken.sign({ sub: 'bob' }, privateKey, { algorithm: 'RS256' });
    expect(() => jsonwebtoken.verify(token, other)).toThrow('invalid signature');
    expect(await refusal({ privateKey, publicKey: other })).toMatchObject({
      code: 'ERR_KEY_PAIR',
      message: expect.stringMatching(/^privateKey .*and publicKey are not a pair.*Make the public key from/s),
    });
  });

  describe('six causes that have one message there', () => {
    const encrypted = createPrivateKey(privateKey).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'correct horse',
    }) as string;
    const literal = privateKey.trim().replaceAll('\n', '\\n');
    const base64 = Buffer.from(privateKey).toString('base64');

    const CAUSES: [cause: string, key: string, ours: object, code: string | undefined][] = [
      ['literal \\n', literal, { privateKey: literal }, undefined],
      ['wrapped in base64', base64, { privateKey: base64 }, undefined],
      ['the public key', publicKey, { privateKey: publicKey }, 'ERR_KEY_PUBLIC_IN_PRIVATE_SLOT'],
      ['a path', './keys/rs256.pem', { privateKey: './keys/rs256.pem' }, 'ERR_KEY_IS_PATH'],
      ['encrypted, without the passphrase', encrypted, { privateKey: encrypted }, 'ERR_KEY_ENCRYPTED'],
      ['a secret beside the keys', 'secret', { privateKey, secret: 'secret' }, 'ERR_OPTION_UNKNOWN'],
    ];

    it.each(CAUSES)('have that message: %s', (_cause, key) => {
      const message = /^secretOrPrivateKey must be an asymmetric key when using RS256$/;
      expect(() => jsonwebtoken.sign({ sub: 'bob' }, key, { algorithm: 'RS256' })).toThrow(message);
    });

    it.each(CAUSES)(
      'are repaired here, or have a sentence of their own: %s',
      async (_cause, _key, options, code) => {
        expect((await refusal(options))?.code).toBe(code);
      },
    );

    it('are told apart', async () => {
      const messages = [];
      for (const [, , options] of CAUSES) messages.push((await refusal(options))?.message);
      expect(new Set(messages.slice(2)).size).toBe(4);
    });
  });

  it('of 512 bits verify there; here they stop the boot', async () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 512 });
    const token = mintWith((input) => sign('RSA-SHA256', input, weak.privateKey));
    expect(jsonwebtoken.verify(token, weak.publicKey, stockOptions)).toMatchObject({
      sub: 'alice-of-wonderland',
    });
    expect(await refusal({ publicKey: weak.publicKey })).toMatchObject({ code: 'ERR_KEY_TOO_SHORT' });
    expect(await refusal({ privateKey: weak.privateKey })).toMatchObject({ code: 'ERR_KEY_TOO_SHORT' });
  });

  it("expiresIn: '3600' lives 3 seconds there; here a text without a unit stops the boot, and a number is seconds", async () => {
    const token = jsonwebtoken.sign({ sub: 'bob' }, privateKey, {
      algorithm: 'RS256',
      expiresIn: '3600' as never,
    });
    const { iat, exp } = jsonwebtoken.decode(token) as { iat: number; exp: number };
    expect(exp - iat).toBe(3);
    expect(await refusal({ privateKey, accessTokenTtl: '3600' })).toMatchObject({
      code: 'ERR_OPTION_DURATION',
    });
    const { tokens } = await startApp(platform!, { options: { accessTokenTtl: 3600 } });
    expect(await tokens.verify(await tokens.issue({ sub: 'bob' }))).toMatchObject({ exp: NOW + 3600 });
  });

  it('signing blocks the event loop there, even in signAsync; here it happens on the thread pool', async () => {
    const order: string[] = [];
    const { tokens } = await startApp(platform!, {});
    const signing = Promise.all(
      Array.from({ length: 50 }, () => tokens.issue({ sub: 'bob' }).then(() => order.push('signed'))),
    );
    // As many turns of the microtask queue as a synchronous signature behind a promise could ever need.
    for (let turn = 0; turn < 1000; turn++) await Promise.resolve();
    order.push('the event loop was free');
    await signing;
    expect(order[0]).toBe('the event loop was free');
    expect(order).toHaveLength(51);
  });
});

describe.each(PLATFORMS)('On $name', (platform) => {
  /** The stock guard and strategy, as the tutorials show them. */
  function stockRoutes(name: string, options: Partial<StrategyOptionsWithoutRequest> = {}) {
    class StockStrategy extends PassportStrategy(Strategy, name) {
      constructor() {
        super({
          jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
          secretOrKey: publicKey,
          algorithms: ['RS256'],
          jsonWebTokenOptions: { clockTimestamp: NOW },
          ...options,
        } as StrategyOptionsWithoutRequest);
      }
      validate(payload: unknown) {
        return payload;
      }
    }
    @Controller('stock')
    @UseGuards(AuthGuard(name))
    class StockRoutes {
      @Get() mine(@Req() request: { user?: unknown }) {
        return { principal: request.user };
      }
    }
    return { providers: [StockStrategy], controllers: [StockRoutes, OurRoutes] };
  }

  let app: TestApp;
  const state = { keysDown: false };
  beforeAll(async () => {
    app = await startApp(platform, {
      ...stockRoutes('stock'),
      options: {
        wrapVerifier: (own) => ({
          // Asynchronous, as a key provider would be.
          verify: async (token, options) => {
            await Promise.resolve();
            if (state.keysDown) throw new KeysUnavailableError();
            return own.verify(token, options);
          },
        }),
      },
    });
  });
  afterAll(async () => {
    await closeApps();
    passport.unuse('stock');
  });

  it('both sides accept a good token', async () => {
    for (const path of ['/stock', '/']) {
      expect((await app.get(path, good)).body.principal.sub).toBe('alice-of-wonderland');
    }
  });

  describe('failures', () => {
    const SENT = [undefined, `Bearer ${expired}`, `Bearer ${tampered}`];

    it('are all the same there, without a challenge', async () => {
      for (const authorization of SENT) {
        const { status, body, challenge } = await app.get('/stock', authorization);
        expect([status, body, challenge]).toEqual([
          401,
          { statusCode: 401, message: 'Unauthorized' },
          undefined,
        ]);
      }
    });

    it('have a challenge and a code of their own here', async () => {
      const answers = [];
      for (const authorization of SENT) answers.push(await app.get('/', authorization));
      expect(answers.map(({ body }) => body.errorCode)).toEqual([
        'ERR_TOKEN_MISSING',
        'ERR_TOKEN_EXPIRED',
        'ERR_TOKEN_SIGNATURE',
      ]);
      expect(answers.map(({ challenge }) => challenge)).toEqual([
        'Bearer realm="orders"',
        'Bearer realm="orders", error="invalid_token", error_description="The access token expired"',
        'Bearer realm="orders", error="invalid_token", error_description="The signature of the access token is invalid"',
      ]);
    });
  });

  it('`Bearer <good> junk` is 200 there, 400 here', async () => {
    expect((await app.get('/stock', `${good} junk`)).status).toBe(200);
    expect((await app.get('/', `${good} junk`)).status).toBe(400);
  });

  it('a strategy that passes is 200 without a user there; here nobody is let through that way', async () => {
    const passing = { name: 'passing', authenticate: (): void => undefined } as unknown as passport.Strategy;
    passing.authenticate = function (this: { pass(): void }) {
      this.pass();
    } as never;
    passport.use(passing);
    @Controller('passing')
    class Passing {
      @UseGuards(AuthGuard('passing')) @Get() mine(@Req() request: { user?: unknown }) {
        return { principal: request.user };
      }
    }
    const { get, nest } = await startApp(platform, {
      controllers: [Passing, OurRoutes],
      options: { strategyName: 'jwt-passing' },
      configure: (created) => {
        created.get(JwtRs256Strategy).authenticate = function () {
          this.pass?.();
        };
      },
    });
    expect(await get('/passing')).toMatchObject({ status: 200, body: {} });
    expect((await get('/')).status).toBe(401);
    expect((await get('/', good)).status).toBe(200);
    await nest.close();
    passport.unuse('passing');
  });

  it('a key source that is down is 401 there; here 503 with Retry-After, and promises are fine', async () => {
    const down = stockRoutes('stock-down', {
      secretOrKey: undefined as never,
      secretOrKeyProvider: (_request, _token, done) => done(new Error('ECONNREFUSED')),
    });
    const stock = await startApp(platform, { ...down, options: { strategyName: 'jwt-down' } });
    expect((await stock.get('/stock', good)).status).toBe(401);
    await stock.nest.close();
    passport.unuse('stock-down');

    state.keysDown = true;
    const answer = await app.get('/', good);
    state.keysDown = false;
    expect(answer).toMatchObject({
      status: 503,
      body: { error: 'temporarily_unavailable' },
      challenge: undefined,
    });
    expect(answer.headers['retry-after']).toBe('1');
    expect((await app.get('/', good)).status).toBe(200);
  });

  describe('an HS256 token keyed with the text of the public key', () => {
    const literal = publicKey.replaceAll('\n', '\\n');
    const SECRETS: [secret: string, KeyLike][] = [
      ['the PEM', publicKey],
      ['the PEM, trimmed', publicKey.trim()],
      ['with literal \\n', literal],
      ['with CRLF', publicKey.replaceAll('\n', '\r\n')],
      ['base64 of the PEM', Buffer.from(publicKey).toString('base64')],
      ['the DER', Buffer.from(publicKey.replace(/-----.*-----|\s/g, ''), 'base64')],
    ];
    const forge = (secret: KeyLike) =>
      mintWith(
        (input) =>
          createHmac('sha256', secret as string)
            .update(input)
            .digest(),
        header({ alg: 'HS256' }),
      );

    it('verifies there when the key has literal \\n and nobody said algorithms', () => {
      expect(jsonwebtoken.verify(forge(literal), literal, { clockTimestamp: NOW })).toMatchObject({
        sub: 'alice-of-wonderland',
      });
    });

    it.each(SECRETS)(
      'is refused here, however the text is spelled and the key was configured: %s',
      async (_spelling, secret) => {
        const configured: JwtRs256ModuleOptions[] = [publicKey, literal].map((key) => {
          const { privateKey: _privateKey, ...options } = optionsOf(new TestClock());
          return { ...options, publicKey: key, strategyName: 'jwt-literal' };
        });
        for (const options of configured) {
          const { get, nest } = await startApp(platform, {
            module: JwtRs256Module.forRoot(options),
            controllers: [OurRoutes],
          });
          expect((await get('/', `Bearer ${forge(secret)}`)).body.errorCode).toBe('ERR_TOKEN_ALGORITHM');
          expect((await get('/', good)).status).toBe(200);
          await nest.close();
        }
      },
    );
  });

  describe('a token that is accepted there', () => {
    const signed = (alg: string, hash: string, padding = constants.RSA_PKCS1_PADDING) =>
      mintWith(
        (input) => sign(hash, input, { key: ownKey, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }),
        header({ alg }),
      );
    const without = (name: string) => mint(header(), claims({ [name]: undefined }));
    const ANY = { clockTimestamp: NOW };

    it.each<[what: string, token: string, options: object, errorCode: string]>([
      ['RS384, when algorithms is forgotten', signed('RS384', 'RSA-SHA384'), ANY, 'ERR_TOKEN_ALGORITHM'],
      ['RS512, when algorithms is forgotten', signed('RS512', 'RSA-SHA512'), ANY, 'ERR_TOKEN_ALGORITHM'],
      [
        'PS256, when it is allowed',
        signed('PS256', 'RSA-SHA256', constants.RSA_PKCS1_PSS_PADDING),
        { ...ANY, algorithms: ['PS256'] satisfies Algorithm[] },
        'ERR_TOKEN_ALGORITHM',
      ],
      [
        'crit with an extension that nobody knows',
        mint(header({ crit: ['exp-at'], 'exp-at': 1 })),
        stockOptions,
        'ERR_TOKEN_MALFORMED',
      ],
      ['no exp', without('exp'), stockOptions, 'ERR_TOKEN_CLAIM'],
      ['no iat', without('iat'), stockOptions, 'ERR_TOKEN_CLAIM'],
      [
        'exp of 1e400',
        mint(header(), textWith(claims({ exp: undefined }), ',"exp":1e400')),
        stockOptions,
        'ERR_TOKEN_CLAIM',
      ],
      [
        'exp in the next century',
        mint(header(), claims({ exp: NOW + 3e9 })),
        stockOptions,
        'ERR_TOKEN_CLAIM',
      ],
      [
        'iat in the future',
        mint(header(), claims({ iat: NOW + 100, exp: NOW + 200 })),
        stockOptions,
        'ERR_TOKEN_CLAIM',
      ],
      ['sub a number', mint(header(), claims({ sub: 1 })), stockOptions, 'ERR_TOKEN_CLAIM'],
      ['sub an object', mint(header(), claims({ sub: { $ne: null } })), stockOptions, 'ERR_TOKEN_CLAIM'],
      ['sub a list', mint(header(), claims({ sub: ['alice'] })), stockOptions, 'ERR_TOKEN_CLAIM'],
      ['sub empty', mint(header(), claims({ sub: '' })), stockOptions, 'ERR_TOKEN_CLAIM'],
      ['an ID token, of another type', mint(header({ typ: 'JWT' })), stockOptions, 'ERR_TOKEN_TYPE'],
      ['no typ', mint(header({ typ: undefined })), stockOptions, 'ERR_TOKEN_TYPE'],
      ['a kid that nobody has', mint(header({ kid: 'nobody' })), stockOptions, 'ERR_TOKEN_KEY_UNKNOWN'],
      [
        'two subjects',
        mint(header(), textWith(claims({ sub: 'bob' }), ',"sub":"admin"')),
        stockOptions,
        'ERR_TOKEN_MALFORMED',
      ],
      [
        'a sender-constrained one',
        mint(header(), claims({ cnf: { jkt: 'x' } })),
        stockOptions,
        'ERR_TOKEN_CLAIM',
      ],
    ])('is refused here: %s', async (_what, token, options, errorCode) => {
      expect(jsonwebtoken.verify(token, publicKey, options)).toBeInstanceOf(Object);
      expect(await app.get('/', `Bearer ${token}`)).toMatchObject({ status: 401, body: { errorCode } });
    });

    it('is the same token in another spelling, one of sixteen; here a token has one', async () => {
      const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      const token = mint();
      const last = ALPHABET.indexOf(token.at(-1)!);
      const spellings = Array.from(
        { length: 16 },
        (_, bits) => token.slice(0, -1) + ALPHABET[(last & ~15) | bits],
      );
      for (const spelling of spellings) {
        expect(jsonwebtoken.verify(spelling, publicKey, stockOptions)).toMatchObject({
          iss: ISSUER,
          aud: AUDIENCE,
        });
        expect((await app.get('/', `Bearer ${spelling}`)).status).toBe(spelling === token ? 200 : 401);
      }
    });
  });

  it('a token that was seen before is quick here, and no less looked at', async () => {
    const { get, clock, tokens, nest } = await startApp(platform, {
      controllers: [OurRoutes],
      options: { strategyName: 'jwt-seen' },
    });
    const token = await tokens.issue({ sub: 'bob' });
    for (let time = 0; time < 3; time++) expect((await get('/', `Bearer ${token}`)).status).toBe(200);
    expect((await get('/', `Bearer ${token.slice(0, -8)}AAAAAAAA`)).body.errorCode).toBe(
      'ERR_TOKEN_SIGNATURE',
    );
    clock.advance(309);
    expect((await get('/', `Bearer ${token}`)).status).toBe(200);
    clock.advance(1);
    expect((await get('/', `Bearer ${token}`)).body.errorCode).toBe('ERR_TOKEN_EXPIRED');
    await nest.close();
  });

  it('a token that only the holder of the public key could have made is none: it verifies, it does not sign', async () => {
    const block = Buffer.alloc(256, 1);
    const token = mintWith(() => publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, block));
    expect((await app.get('/', `Bearer ${token}`)).body.errorCode).toBe('ERR_TOKEN_SIGNATURE');
  });
});
