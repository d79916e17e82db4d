import {
  type ConfigurableModuleAsyncOptions,
  type DynamicModule,
  Inject,
  Module,
  type NestModule,
  Optional,
  type Provider,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, ModulesContainer } from '@nestjs/core';
import { JwtRs256ExceptionFilter } from '../auth/jwt-rs256-exception.filter.js';
import { JwtRs256Guard } from '../auth/jwt-rs256.guard.js';
import { OptionError } from '../errors/developer-errors.js';
import { Publisher } from '../http/publisher.service.js';
import {
  ConfigurableModuleClass,
  DEFAULT_EXTRAS,
  MODULE_EXTRAS_TOKEN,
  MODULE_OPTIONS_TOKEN,
} from './jwt-rs256.module-definition.js';
import type { JwtRs256ModuleExtras, JwtRs256ModuleOptions } from './options.js';
import { EXPORTS, PROVIDERS } from './providers.js';

/** The options of `forRootAsync`: where the options come from, and the extras. */
export type JwtRs256ModuleAsyncOptions = ConfigurableModuleAsyncOptions<JwtRs256ModuleOptions> &
  JwtRs256ModuleExtras;

/**
 * RS256 JSON Web Tokens for an application: imported once, with `forRoot` or `forRootAsync`. It is global unless told
 * otherwise, so feature modules use `@Auth()` and `TokenService` without importing anything.
 *
 * @example
 * ```ts
 * import { Module } from '@nestjs/common';
 * import { JwtRs256Module } from 'nestjs-jwt-rs256';
 *
 * @Module({
 *   imports: [
 *     JwtRs256Module.forRoot({
 *       privateKey: { file: 'keys/rs256.pem' },
 *       publicKey: { file: 'keys/rs256.pub' },
 *       issuer: 'https://auth.example.com',
 *       audience: 'orders',
 *     }),
 *   ],
 * })
 * export class AppModule {}
 * ```
 */
@Module({})
export class JwtRs256Module implements NestModule {
  constructor(
    @Inject(ModulesContainer) modules: ModulesContainer,
    // Missing where the module was imported bare, which has a message of its own.
    @Optional() @Inject(Publisher) private readonly publisher?: Publisher,
  ) {
    assertOnce(modules);
  }

  /** Nest calls it after the application was configured and before it registers any route. */
  configure(): void {
    this.publisher?.publish();
  }

  /**
   * @throws OptionError `ERR_OPTION_MODULE` without options. What is wrong with a key or an option stops the boot.
   */
  static forRoot(options: JwtRs256ModuleOptions & JwtRs256ModuleExtras): DynamicModule {
    if (
      typeof options !== 'object' ||
      options === null ||
      Array.isArray(options) ||
      options instanceof Promise
    ) {
      throw misuse(
        " needs options: forRoot({ privateKey: { file: 'keys/rs256.pem' }, issuer: '...', audience: '...' }).",
      );
    }
    return assemble(ConfigurableModuleClass.forRoot(options), options);
  }

  /**
   * The options from a factory, so from configuration or a secret store. `useFactory` (with `inject` and `imports`),
   * `useClass` or `useExisting` (a class with a method `create`); `@nestjs/config`'s `asProvider()` fits.
   *
   * @throws OptionError `ERR_OPTION_MODULE` when it is not said where the options come from.
   */
  static forRootAsync(options: JwtRs256ModuleAsyncOptions): DynamicModule {
    if (!options?.useFactory && !options?.useClass && !options?.useExisting) {
      throw misuse(
        '.forRootAsync needs useFactory, useClass or useExisting, to know where its options come from.',
      );
    }
    if (options.useFactory && typeof options.useFactory !== 'function') {
      throw misuse('.forRootAsync: useFactory must be a function that returns the options.');
    }
    return assemble(ConfigurableModuleClass.forRootAsync(options), options);
  }
}

function assemble(definition: DynamicModule, extras: JwtRs256ModuleExtras): DynamicModule {
  const { globalGuard } = { ...DEFAULT_EXTRAS, ...extras };
  assertBooleans(extras);
  // useExisting, so that a test can override the guard and the filter.
  const filter: Provider = { provide: APP_FILTER, useExisting: JwtRs256ExceptionFilter };
  const guard: Provider = { provide: APP_GUARD, useExisting: JwtRs256Guard };
  const given: Provider = { provide: MODULE_EXTRAS_TOKEN, useValue: onlyExtras(extras) };
  return {
    ...definition,
    module: JwtRs256Module,
    providers: [
      ...(definition.providers ?? []),
      given,
      ...PROVIDERS,
      filter,
      ...(globalGuard ? [guard] : []),
    ],
    exports: EXPORTS,
  };
}

/** What stands beside them in `forRoot` are the options, with a key among them. */
function onlyExtras(given: JwtRs256ModuleExtras): JwtRs256ModuleExtras {
  const names = Object.keys(DEFAULT_EXTRAS) as (keyof JwtRs256ModuleExtras)[];
  return Object.fromEntries(names.map((name) => [name, given[name]]));
}

function assertBooleans(extras: JwtRs256ModuleExtras): void {
  for (const name of ['isGlobal', 'globalGuard'] as const) {
    if (extras[name] !== undefined && typeof extras[name] !== 'boolean')
      throw misuse(`: ${name} must be true or false.`);
  }
}

/** Two global ones would leave it to chance which keys a feature module gets. */
function assertOnce(modules: ModulesContainer): void {
  const imported = [...modules.values()].filter(({ metatype }) => metatype === JwtRs256Module);
  if (imported.some(({ providers }) => !providers.has(MODULE_OPTIONS_TOKEN))) throw importedBare();
  if (imported.length > 1 && imported.some((module) => module.isGlobal)) {
    throw misuse(
      ' was imported with forRoot more than once. Import it once, in the root module: it is global. For two sets of keys in ' +
        'one application, give each isGlobal: false and its own strategyName.',
    );
  }
}

function importedBare(): OptionError {
  return misuse(
    ' was imported bare. Import JwtRs256Module.forRoot({ ... }) once; feature modules import nothing.',
  );
}

function misuse(sentence: string): OptionError {
  return new OptionError('ERR_OPTION_MODULE', `JwtRs256Module${sentence}`);
}
