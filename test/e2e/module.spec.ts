import 'reflect-metadata';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { Controller, type DynamicModule, Get, Global, Inject, Injectable, Module } from '@nestjs/common';
import { ConfigModule, ConfigService, registerAs } from '@nestjs/config';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Auth,
  CurrentUser,
  type JwtRs256Error,
  JwtRs256Guard,
  JwtRs256Module,
  type JwtRs256ModuleOptions,
  type JwtRs256OptionsFactory,
  JwtRs256Strategy,
  TokenService,
  TokenVerifier,
} from '../../src/index.js';
import { TestClock } from '../../src/testing/index.js';
import { closeApps, optionsOf, startApp, type TestApp } from '../support/app.js';
import { leakInText, leakOf } from '../support/key-leak.js';
import { keyPairOf } from '../support/keys.js';
import { ISSUER, mint, NOW, ownKid } from '../support/mint.js';
import { PLATFORMS } from '../support/platforms.js';

const good = `Bearer ${mint()}`;

afterEach(closeApps);

@Controller('orders')
@Auth()
class OrdersController {
  @Get() mine(@CurrentUser('sub') sub: string) {
    return { sub };
  }
}

@Controller('open')
class OpenController {
  @Get() open() {
    return {};
  }
}

@Injectable()
class LoginService {
  constructor(@Inject(TokenService) private readonly tokens: TokenService) {}

  login(sub: string) {
    return this.tokens.issue({ sub });
  }
}

@Controller('login')
class LoginController {
  constructor(@Inject(LoginService) private readonly service: LoginService) {}

  @Get() async login() {
    return { token: await this.service.login('bob') };
  }
}

/** A feature module that imports nothing. */
@Module({ controllers: [OrdersController, LoginController, OpenController], providers: [LoginService] })
class FeatureModule {}

async function expectToWork({ get }: TestApp) {
  expect((await get('/orders')).status).toBe(401);
  const { body } = await get('/login');
  expect((await get('/orders', `Bearer ${body.token}`)).body).toEqual({ sub: 'bob' });
}

// First of all: a boot that was stopped may go on logging for a moment.
describe.each(PLATFORMS)('The log at boot, on $name,', (platform) => {
  const directory = mkdtempSync(join(tmpdir(), 'module-spec-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  /** What this library says while an app with these options boots. */
  async function said(options: JwtRs256ModuleOptions) {
    const { log, nest } = await startApp(platform, { module: JwtRs256Module.forRoot(options) });
    const lines = log.own().map(({ level, message }) => `${level}: ${String(message)}`);
    expect(leakInText(log.text(), keyPairOf('alice').privateKey)).toBeUndefined();
    log.clear();
    await nest.close();
    expect(log.own()).toEqual([]);
    return lines;
  }

  it('is one line: issuer, kid, bits, and that it signs', async () => {
    expect(await said(optionsOf())).toEqual([
      `log: signs and verifies: issuer ${ISSUER}, kid ${ownKid}, 2048 bits`,
    ]);
  });

  it('or that it verifies only', async () => {
    const { privateKey: _privateKey, ...verifyOnly } = optionsOf();
    expect(await said(verifyOnly)).toEqual([
      `log: verifies only: issuer ${ISSUER}, kid ${ownKid}, 2048 bits`,
    ]);
  });

  it.each([
    ['issuer', 'issuer (iss)', '(none)'],
    ['audience', 'audience (aud)', ISSUER],
  ])('has one warning more where %s is left out', async (option, named, issuer) => {
    const { [option as 'issuer']: _leftOut, ...options } = optionsOf();
    expect(await said(options)).toEqual([
      `warn: Without the option ${named}, tokens that this key signed for others are accepted here too.`,
      `log: signs and verifies: issuer ${issuer}, kid ${ownKid}, 2048 bits`,
    ]);
  });

  it('has one warning where both are', async () => {
    const lines = await said({ ...keyPairOf('alice') });
    expect(lines[0]).toContain('Without the option issuer (iss) and audience (aud)');
    expect(lines).toHaveLength(2);
  });

  it('warns of a private key file that others can read', async () => {
    const file = join(directory, 'rs256.pem');
    writeFileSync(file, keyPairOf('alice').privateKey, { mode: 0o600 });
    const options = { ...optionsOf(), privateKey: { file } };
    expect(await said(options)).toHaveLength(1);
    chmodSync(file, 0o640);
    expect((await said(options))[0]).toBe(
      `warn: privateKey (file ${file}) can be read by others than its owner. Run chmod 600 on it.`,
    );
  });
});

describe.each(PLATFORMS)('On $name', (platform) => {
  /** Boots an app and gives the error that stopped the boot. */
  async function refusal(
    module: () => NonNullable<Parameters<typeof startApp>[1]['module']>,
    imports: any[] = [],
  ): Promise<JwtRs256Error> {
    try {
      await startApp(platform, { module: module(), imports });
    } catch (error) {
      return error as JwtRs256Error;
    }
    throw new Error('the app booted');
  }

  describe('the options come from', () => {
    const options = optionsOf();

    it('forRoot', async () => {
      await expectToWork(
        await startApp(platform, { module: JwtRs256Module.forRoot(options), imports: [FeatureModule] }),
      );
    });

    const SECRETS = Symbol('secrets');
    @Module({ providers: [{ provide: SECRETS, useValue: options }], exports: [SECRETS] })
    class SecretsModule {}

    @Injectable()
    class OptionsFactory implements JwtRs256OptionsFactory {
      create(): JwtRs256ModuleOptions {
        return options;
      }
    }
    @Injectable()
    class AsyncOptionsFactory implements JwtRs256OptionsFactory {
      constructor(@Inject(SECRETS) private readonly secrets: JwtRs256ModuleOptions) {}

      async create(): Promise<JwtRs256ModuleOptions> {
        return this.secrets;
      }
    }
    @Injectable()
    class ArrowOptionsFactory implements JwtRs256OptionsFactory {
      readonly create = () => options;
    }
    @Global()
    @Module({ providers: [OptionsFactory], exports: [OptionsFactory] })
    class OptionsModule {}

    const SOURCES: [source: string, module: DynamicModule, ...imports: any[]][] = [
      ['a factory', JwtRs256Module.forRootAsync({ useFactory: () => options })],
      ['an asynchronous factory', JwtRs256Module.forRootAsync({ useFactory: async () => options })],
      [
        'a factory with dependencies',
        JwtRs256Module.forRootAsync({
          imports: [SecretsModule],
          inject: [SECRETS],
          useFactory: (secrets: JwtRs256ModuleOptions) => secrets,
        }),
      ],
      ['a class with a method create', JwtRs256Module.forRootAsync({ useClass: OptionsFactory })],
      [
        'a class with dependencies',
        JwtRs256Module.forRootAsync({ imports: [SecretsModule], useClass: AsyncOptionsFactory }),
      ],
      ['a class whose create is a property', JwtRs256Module.forRootAsync({ useClass: ArrowOptionsFactory })],
      [
        'an existing provider',
        JwtRs256Module.forRootAsync({ imports: [OptionsModule], useExisting: OptionsFactory }),
      ],
      [
        'an existing provider of a global module',
        JwtRs256Module.forRootAsync({ useExisting: OptionsFactory }),
        OptionsModule,
      ],
    ];

    it.each(SOURCES)('forRootAsync and %s', async (_source, module, ...imports) => {
      await expectToWork(await startApp(platform, { module, imports: [...imports, FeatureModule] }));
    });

    describe('@nestjs/config:', () => {
      const oneLine = keyPairOf('alice').privateKey.trim().replaceAll('\n', '\\n');
      const jwtConfig = registerAs('jwt', () => ({
        privateKey: oneLine,
        issuer: ISSUER,
        audience: 'orders',
      }));
      const environment = ConfigModule.forRoot({
        ignoreEnvFile: true,
        load: [() => ({ JWT_PRIVATE_KEY: oneLine })],
      });

      it('asProvider() of a namespace, with extras beside it', async () => {
        const module = JwtRs256Module.forRootAsync({
          ...jwtConfig.asProvider(),
          isGlobal: true,
          globalGuard: true,
        });
        const app = await startApp(platform, {
          module,
          imports: [ConfigModule.forRoot({ ignoreEnvFile: true }), FeatureModule],
        });
        expect((await app.get('/open')).status).toBe(401);
        expect((await app.get('/open', `Bearer ${await app.tokens.issue({ sub: 'bob' })}`)).status).toBe(200);
      });

      const fromConfig = (name: string) =>
        JwtRs256Module.forRootAsync({
          imports: [environment],
          inject: [ConfigService],
          useFactory: (config: ConfigService) => ({
            privateKey: config.get<string>(name)!,
            issuer: ISSUER,
            audience: 'orders',
          }),
        });

      it('ConfigService', async () => {
        await expectToWork(
          await startApp(platform, { module: fromConfig('JWT_PRIVATE_KEY'), imports: [FeatureModule] }),
        );
      });

      it('an unset variable stops the boot, and never makes a service that only verifies', async () => {
        const error = await refusal(() => fromConfig('JWT_PRIVATEKEY'));
        expect(error).toMatchObject({ code: 'ERR_KEY_MISSING', fault: 'developer' });
        expect(error.message).toMatch(/^privateKey is there but has no value.*ConfigModule.*forRootAsync/s);
      });
    });
  });

  describe('the extras', () => {
    it('isGlobal, unless false: feature modules that import nothing inject everything', async () => {
      @Injectable()
      class Everything {
        constructor(
          @Inject(TokenService) readonly tokens: TokenService,
          @Inject(TokenVerifier) readonly verifier: TokenVerifier,
          @Inject(JwtRs256Strategy) readonly strategy: JwtRs256Strategy,
          @Inject(JwtRs256Guard) readonly guard: JwtRs256Guard,
        ) {}
      }
      @Module({ providers: [Everything] })
      class Inner {}
      @Module({ imports: [Inner] })
      class Outer {}
      for (const isGlobal of [undefined, true]) {
        const extras = isGlobal === undefined ? {} : { isGlobal };
        const { nest } = await startApp(platform, { options: extras, imports: [Outer] });
        expect(nest.get(Everything, { strict: false }).tokens).toBeInstanceOf(TokenService);
        await nest.close();
      }
      // TypeScript without exactOptionalPropertyTypes lets undefined through: it means the default.
      const asAsync = JwtRs256Module.forRootAsync({
        useFactory: () => optionsOf(),
        isGlobal: undefined,
        globalGuard: undefined,
      } as never);
      await expectToWork(await startApp(platform, { module: asAsync, imports: [FeatureModule] }));
    });

    it('isGlobal: false leaves out who does not import it', async () => {
      const library = JwtRs256Module.forRoot({ ...optionsOf(), isGlobal: false });
      const error = await refusal(() => library, [FeatureModule]);
      expect(error.message).toMatch(/can't resolve dependencies/);

      @Module({
        imports: [library],
        controllers: [OrdersController, LoginController],
        providers: [LoginService],
      })
      class ImportingModule {}
      await expectToWork(await startApp(platform, { module: library, imports: [ImportingModule] }));
    });

    it('isGlobal: false twice, with two sets of keys and two names: each feature has its own', async () => {
      function feature(owner: string) {
        const options = {
          ...keyPairOf(owner),
          issuer: `https://${owner}.example`,
          audience: owner,
          realm: owner,
          clock: new TestClock(),
        };
        @Controller(owner)
        class FeatureController {
          constructor(@Inject(TokenService) private readonly tokens: TokenService) {}

          @Auth() @Get() mine(@CurrentUser('iss') iss: string) {
            return { iss };
          }
          @Get('login') async login() {
            return { token: await this.tokens.issue({ sub: 'bob' }) };
          }
        }
        class Feature {}
        const library = JwtRs256Module.forRoot({ ...options, isGlobal: false, strategyName: `jwt-${owner}` });
        return { module: Feature, imports: [library], controllers: [FeatureController] };
      }
      const { get, log } = await startApp(platform, {
        module: null,
        imports: [feature('alice'), feature('mallory')],
      });
      const tokens = {
        alice: (await get('/alice/login')).body.token,
        mallory: (await get('/mallory/login')).body.token,
      };
      expect((await get('/alice', `Bearer ${tokens.alice}`)).body).toEqual({ iss: 'https://alice.example' });
      expect((await get('/mallory', `Bearer ${tokens.mallory}`)).body).toEqual({
        iss: 'https://mallory.example',
      });
      const crossed = await get('/alice', `Bearer ${tokens.mallory}`);
      expect(crossed).toMatchObject({ status: 401, body: { errorCode: 'ERR_TOKEN_KEY_UNKNOWN' } });
      expect(crossed.challenge).toContain('realm="alice"');
      expect((await get('/mallory', `Bearer ${tokens.alice}`)).challenge).toContain('realm="mallory"');
      expect(
        log
          .own('log')
          .slice(-2)
          .map(({ message }) => message),
      ).toEqual([
        expect.stringContaining('https://alice.example'),
        expect.stringContaining('https://mallory.example'),
      ]);
    });

    it('the same dynamic module in many imports is one module', async () => {
      const library = JwtRs256Module.forRoot(optionsOf());
      @Module({ imports: [library] })
      class Again {}
      await expectToWork(await startApp(platform, { module: library, imports: [Again, FeatureModule] }));
    });

    it('globalGuard guards every route, those of other modules as well', async () => {
      for (const globalGuard of [false, true]) {
        const { get, nest } = await startApp(platform, {
          options: { globalGuard },
          imports: [FeatureModule],
        });
        expect((await get('/open')).status).toBe(globalGuard ? 401 : 200);
        expect((await get('/open', good)).status).toBe(200);
        await nest.close();
      }
    });
  });

  describe('wrong use stops the boot with a sentence of our own:', () => {
    const none = () => [];
    const root = () => JwtRs256Module.forRoot(optionsOf());
    const bare = () => JwtRs256Module;

    class Forgetful {
      create() {
        return undefined;
      }
    }
    @Module({ imports: [JwtRs256Module] })
    class BareFeature {}
    const again = () => [JwtRs256Module.forRoot(optionsOf())];
    const againAsync = () => [JwtRs256Module.forRootAsync({ useFactory: () => optionsOf() })];
    const local = () => [JwtRs256Module.forRoot({ ...optionsOf(), isGlobal: false })];

    const NO_OPTIONS = 'JwtRs256Module got no options object. Does the useFactory function return one';
    const NO_SOURCE = 'JwtRs256Module.forRootAsync needs useFactory, useClass or useExisting';
    const TWICE = 'JwtRs256Module was imported with forRoot more than once.';
    const BARE = 'JwtRs256Module was imported bare. Import JwtRs256Module.forRoot({ ... }) once';

    it.each<[what: string, module: () => any, sentence: string, imports: () => any[]]>([
      [
        'forRoot()',
        () => JwtRs256Module.forRoot(undefined as never),
        'JwtRs256Module needs options: forRoot({',
        none,
      ],
      [
        'forRoot(null)',
        () => JwtRs256Module.forRoot(null as never),
        'JwtRs256Module needs options: forRoot({',
        none,
      ],
      [
        "forRoot('key')",
        () => JwtRs256Module.forRoot('key' as never),
        'JwtRs256Module needs options: forRoot({',
        none,
      ],
      [
        'forRoot([])',
        () => JwtRs256Module.forRoot([] as never),
        'JwtRs256Module needs options: forRoot({',
        none,
      ],
      [
        'forRoot of a promise',
        () => JwtRs256Module.forRoot(Promise.resolve(optionsOf()) as never),
        'JwtRs256Module needs options: forRoot({',
        none,
      ],
      ['forRootAsync()', () => JwtRs256Module.forRootAsync(undefined as never), NO_SOURCE, none],
      ['forRootAsync(null)', () => JwtRs256Module.forRootAsync(null as never), NO_SOURCE, none],
      ['forRootAsync({})', () => JwtRs256Module.forRootAsync({} as never), NO_SOURCE, none],
      [
        'forRootAsync with inject alone',
        () => JwtRs256Module.forRootAsync({ inject: [], isGlobal: true } as never),
        NO_SOURCE,
        none,
      ],
      [
        'forRootAsync with forRoot options',
        () => JwtRs256Module.forRootAsync(optionsOf() as never),
        NO_SOURCE,
        none,
      ],
      [
        'a useFactory that is no function',
        () => JwtRs256Module.forRootAsync({ useFactory: optionsOf() as never }),
        'JwtRs256Module.forRootAsync: useFactory must be a function',
        none,
      ],
      [
        'a factory that returns undefined',
        () => JwtRs256Module.forRootAsync({ useFactory: () => undefined as never }),
        NO_OPTIONS,
        none,
      ],
      [
        'a factory that returns null',
        () => JwtRs256Module.forRootAsync({ useFactory: () => null as never }),
        NO_OPTIONS,
        none,
      ],
      [
        'a factory that returns a list',
        () => JwtRs256Module.forRootAsync({ useFactory: () => [] as never }),
        NO_OPTIONS,
        none,
      ],
      [
        'a factory that returns a text',
        () => JwtRs256Module.forRootAsync({ useFactory: () => 'key' as never }),
        NO_OPTIONS,
        none,
      ],
      [
        'a factory that resolves undefined',
        () => JwtRs256Module.forRootAsync({ useFactory: async () => undefined as never }),
        NO_OPTIONS,
        none,
      ],
      [
        'a class whose create returns undefined',
        () => JwtRs256Module.forRootAsync({ useClass: Forgetful as never }),
        NO_OPTIONS,
        none,
      ],
      ['the bare module', bare, BARE, none],
      ['the bare module in a feature module', root, BARE, () => [BareFeature]],
      ['forRoot twice', root, TWICE, again],
      ['forRoot and forRootAsync', root, TWICE, againAsync],
      ['forRootAsync twice', () => againAsync()[0], TWICE, againAsync],
      ['a global one and one that is not', root, TWICE, local],
      ['one that is not and a global one', () => local()[0], TWICE, again],
    ])('%s', async (_what, module, sentence, imports) => {
      const error = await refusal(module, imports());
      expect(error).toMatchObject({ name: 'OptionError', code: 'ERR_OPTION_MODULE', fault: 'developer' });
      expect(error.message).toContain(sentence);
      expect(error.message).toMatch(/^JwtRs256Module/);
    });

    it("a factory's own error comes out as it is", async () => {
      const own = new Error('vault is sealed');
      expect(
        await refusal(() => JwtRs256Module.forRootAsync({ useFactory: () => Promise.reject(own) })),
      ).toBe(own);
    });

    /** Both ways in, for what is wrong with the options themselves. */
    const BOTH: [way: string, (options: object) => DynamicModule][] = [
      ['forRoot', (options) => JwtRs256Module.forRoot(options)],
      ['forRootAsync', (options) => JwtRs256Module.forRootAsync({ useFactory: () => options })],
    ];

    describe.each(BOTH)('in %s,', (_way, moduleOf) => {
      const { privateKey: _privateKey, publicKey: _publicKey, ...withoutKeys } = optionsOf();
      const { publicKey } = keyPairOf('alice');

      it.each<[what: string, options: object, code: string, sentence: RegExp]>([
        ['no key at all', withoutKeys, 'ERR_KEY_MISSING', /^Neither privateKey nor publicKey was given\./],
        [
          'privateKey: undefined',
          { ...withoutKeys, privateKey: undefined },
          'ERR_KEY_MISSING',
          /^privateKey is there but has no value\./,
        ],
        [
          'privateKey: undefined beside a good publicKey',
          { ...withoutKeys, privateKey: undefined, publicKey },
          'ERR_KEY_MISSING',
          /^privateKey is there/,
        ],
        [
          'publicKey: undefined beside a good privateKey',
          { ...optionsOf(), publicKey: undefined },
          'ERR_KEY_MISSING',
          /^publicKey is there but has no value\./,
        ],
        [
          'privateKey: null',
          { ...withoutKeys, privateKey: null },
          'ERR_KEY_MISSING',
          /^privateKey is there but has no value\./,
        ],
        ["privateKey: ''", { ...withoutKeys, privateKey: '' }, 'ERR_KEY_MISSING', /^privateKey is empty\./],
        [
          'privateKey: { file: undefined }',
          { ...withoutKeys, privateKey: { file: undefined } },
          'ERR_KEY_MISSING',
          /^privateKey\.file is there/,
        ],
        [
          'the private key as publicKey',
          { ...withoutKeys, publicKey: keyPairOf('alice').privateKey },
          'ERR_KEY_PRIVATE_IN_PUBLIC_SLOT',
          /^publicKey \(text\) is a private key\./,
        ],
        [
          'the public key as privateKey',
          { ...withoutKeys, privateKey: publicKey },
          'ERR_KEY_PUBLIC_IN_PRIVATE_SLOT',
          /^privateKey \(text\) is a public key/,
        ],
        [
          'keys that are no pair',
          { ...optionsOf(), publicKey: keyPairOf('mallory').publicKey },
          'ERR_KEY_PAIR',
          /are not a pair/,
        ],
        [
          'issuer: undefined',
          { ...optionsOf(), issuer: undefined },
          'ERR_OPTION_INVALID',
          /^issuer is there but undefined, which would silently turn its check off\./,
        ],
        [
          'audience: undefined',
          { ...optionsOf(), audience: undefined },
          'ERR_OPTION_INVALID',
          /^audience is there but undefined/,
        ],
        ["issuer: ''", { ...optionsOf(), issuer: '' }, 'ERR_OPTION_INVALID', /^issuer must be a text/],
        [
          'audience: []',
          { ...optionsOf(), audience: [] },
          'ERR_OPTION_INVALID',
          /^audience must not be an empty list/,
        ],
        [
          'audience: [1]',
          { ...optionsOf(), audience: [1] },
          'ERR_OPTION_INVALID',
          /^audience must be a text/,
        ],
        ['clientId: 7', { ...optionsOf(), clientId: 7 }, 'ERR_OPTION_INVALID', /^clientId must be a text/],
        [
          'an unknown option',
          { ...optionsOf(), secret: 's3cret' },
          'ERR_OPTION_UNKNOWN',
          /^JwtRs256Module knows no option secret\./,
        ],
        [
          'algorithms',
          { ...optionsOf(), algorithms: ['HS256'] },
          'ERR_OPTION_UNKNOWN',
          /^JwtRs256Module knows no option algorithms\./,
        ],
        [
          'a misspelled option',
          { ...optionsOf(), isuer: 'a' },
          'ERR_OPTION_UNKNOWN',
          /^JwtRs256Module knows no option isuer\. Is it misspelled\? The options are .*issuer/,
        ],
        [
          "accessTokenTtl: '3600'",
          { ...optionsOf(), accessTokenTtl: '3600' },
          'ERR_OPTION_DURATION',
          /^accessTokenTtl is "3600", a text without a unit\. Say accessTokenTtl: 3600/,
        ],
        [
          'accessTokenTtl: 0',
          { ...optionsOf(), accessTokenTtl: 0 },
          'ERR_OPTION_TTL',
          /^accessTokenTtl must be more than 0/,
        ],
        [
          "accessTokenTtl: '25h'",
          { ...optionsOf(), accessTokenTtl: '25h' },
          'ERR_OPTION_TTL',
          /^accessTokenTtl \(90000 s\) is longer than maxTokenTtl/,
        ],
        [
          "maxTokenTtl: 'a day'",
          { ...optionsOf(), maxTokenTtl: 'a day' },
          'ERR_OPTION_DURATION',
          /^maxTokenTtl must be a number of seconds/,
        ],
        [
          "notBefore: '5m'",
          { ...optionsOf(), notBefore: '5m' },
          'ERR_OPTION_TTL',
          /^notBefore \(300 s\) must be less than accessTokenTtl/,
        ],
        [
          'clockTolerance: -1',
          { ...optionsOf(), clockTolerance: -1 },
          'ERR_OPTION_DURATION',
          /^clockTolerance must be/,
        ],
        [
          'clockTolerance: NaN',
          { ...optionsOf(), clockTolerance: Number.NaN },
          'ERR_OPTION_DURATION',
          /^clockTolerance must be/,
        ],
        [
          "verifyClaims: ['signature']",
          { ...optionsOf(), verifyClaims: ['signature'] },
          'ERR_OPTION_INVALID',
          /^verifyClaims must be a list of 'exp', 'nbf' and 'iat'\. The signature/,
        ],
        [
          "requiredClaims: 'exp'",
          { ...optionsOf(), requiredClaims: 'exp' },
          'ERR_OPTION_INVALID',
          /^requiredClaims must be a list/,
        ],
        ["typ: 'at+JWT+x'", { ...optionsOf(), typ: 'at+JWT+x' }, 'ERR_OPTION_INVALID', /^typ must be/],
        [
          "scheme: 'Two Words'",
          { ...optionsOf(), scheme: 'Two Words' },
          'ERR_OPTION_INVALID',
          /^scheme must be one token/,
        ],
        ["scheme: ''", { ...optionsOf(), scheme: '' }, 'ERR_OPTION_INVALID', /^scheme must be one token/],
        [
          'realm with a line break',
          { ...optionsOf(), realm: 'a\r\nb' },
          'ERR_OPTION_INVALID',
          /^realm must be a text of printable ASCII/,
        ],
        ['realm: 1', { ...optionsOf(), realm: 1 }, 'ERR_OPTION_INVALID', /^realm must be/],
        [
          "validate: 'me'",
          { ...optionsOf(), validate: 'me' },
          'ERR_OPTION_INVALID',
          /^validate must be a function/,
        ],
        [
          "jwtFromRequest: 'header'",
          { ...optionsOf(), jwtFromRequest: 'header' },
          'ERR_OPTION_INVALID',
          /^jwtFromRequest must be a function/,
        ],
        [
          'maxTokenLength: 1.5',
          { ...optionsOf(), maxTokenLength: 1.5 },
          'ERR_OPTION_INVALID',
          /^maxTokenLength must be a whole number/,
        ],
        [
          'maxTokenLength: Infinity',
          { ...optionsOf(), maxTokenLength: Infinity },
          'ERR_OPTION_INVALID',
          /^maxTokenLength must be a whole number/,
        ],
        [
          'clock: {}',
          { ...optionsOf(), clock: {} },
          'ERR_OPTION_INVALID',
          /^clock must have a method now\(\)/,
        ],
        [
          'clock: Date.now',
          { ...optionsOf(), clock: Date.now },
          'ERR_OPTION_INVALID',
          /^clock must have a method now\(\)/,
        ],
        [
          "strategyName: ''",
          { ...optionsOf(), strategyName: '' },
          'ERR_OPTION_INVALID',
          /^strategyName must be a text/,
        ],
        [
          'passphrase: 1',
          { ...optionsOf(), passphrase: 1 },
          'ERR_OPTION_INVALID',
          /^passphrase must be a text/,
        ],
        [
          'wrapVerifier: {}',
          { ...optionsOf(), wrapVerifier: {} },
          'ERR_OPTION_INVALID',
          /^wrapVerifier must be a function/,
        ],
      ])('%s', async (_what, options, code, sentence) => {
        const error = await refusal(() => moduleOf(options));
        expect(error).toMatchObject({ code, fault: 'developer' });
        expect(error.message).toMatch(sentence);
        expect(error.message).not.toContain('s3cret');
        expect(leakOf(error, keyPairOf('alice').privateKey, keyPairOf('alice').publicKey)).toBeUndefined();
      });
    });

    it.each([{ globalGuard: true }, { isGlobal: false }])(
      'an extra in what the factory returns: %j',
      async (extra) => {
        const error = await refusal(() =>
          JwtRs256Module.forRootAsync({ useFactory: () => ({ ...optionsOf(), ...extra }) }),
        );
        const [name] = Object.keys(extra);
        expect(error).toMatchObject({ code: 'ERR_OPTION_UNKNOWN' });
        expect(error.message).toBe(
          `${name} decides which providers there are: put it beside useFactory, not into what it returns.`,
        );
      },
    );

    it.each([{ globalGuard: 'yes' }, { isGlobal: 0 }])('an extra that is no boolean: %j', async (extra) => {
      const error = await refusal(() => JwtRs256Module.forRoot({ ...optionsOf(), ...extra } as never));
      expect(error).toMatchObject({ code: 'ERR_OPTION_MODULE' });
      expect(error.message).toBe(`JwtRs256Module: ${Object.keys(extra)[0]} must be true or false.`);
    });
  });

  describe('the life of an app', () => {
    it('may end and begin again in one process, in any order, without shutdown hooks', async () => {
      const module = JwtRs256Module.forRoot(optionsOf());
      const parts = { module, imports: [FeatureModule] };
      for (let round = 0; round < 3; round++) {
        const app = await startApp(platform, parts);
        await expectToWork(app);
        await app.nest.close();
        await app.nest.close();
      }
    });

    it('has a clock of its own, of which a part is enough', async () => {
      let now = NOW;
      const { tokens } = await startApp(platform, { options: { clock: { now: () => now } } });
      const token = await tokens.issue({ sub: 'bob' });
      await expect(tokens.verify(token)).resolves.toMatchObject({ iat: NOW, exp: NOW + 300 });
      now += 310;
      await expect(tokens.verify(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_EXPIRED' });
    });
  });
});
