import type { INestApplication, ModuleMetadata, NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { JwtRs256Module, TokenService } from '../../src/index.js';
import type { JwtRs256ModuleExtras, JwtRs256ModuleOptions } from '../../src/index.js';
import { TestClock } from '../../src/testing/index.js';
import { CapturedLog } from './captured-log.js';
import { send, type HeaderLines, type HttpAnswer, type HttpRequest } from './http-client.js';
import { keyPairOf } from './keys.js';
import { AUDIENCE, ISSUER } from './mint.js';
import type { Platform } from './platforms.js';

/** What a tiny app is made of. */
export interface AppParts extends ModuleMetadata {
  /** On top of the options below. */
  readonly options?: Partial<JwtRs256ModuleOptions & JwtRs256ModuleExtras>;
  /** Instead of `JwtRs256Module.forRoot(options)`; null: no such module. */
  readonly module?: NonNullable<ModuleMetadata['imports']>[number] | null;
  readonly nest?: NestApplicationOptions;
  /** Before the app listens. */
  readonly configure?: (app: INestApplication) => unknown;
  /** A port that is free, for an app that has to know its own URL. Default: any. */
  readonly port?: number;
}

/** A running app, and a client of it. */
export interface TestApp {
  readonly nest: INestApplication;
  readonly url: string;
  readonly log: CapturedLog;
  readonly clock: TestClock;
  readonly tokens: TokenService;
  send(path: string, request?: HttpRequest): Promise<HttpAnswer>;
  /** GET with this Authorization header; without one where it is undefined. */
  get(path: string, authorization?: string, ...more: HeaderLines): Promise<HttpAnswer>;
}

/** Nest has one logger for the process, so the apps of a spec share theirs. */
const log = new CapturedLog();

const open = new Set<INestApplication>();

/** For `afterAll` or `afterEach`: closes every app that is still open, and forgets what was logged. */
export async function closeApps(): Promise<void> {
  await Promise.all([...open].map((app) => app.close()));
  open.clear();
  log.clear();
}

/** The options of a tiny app that signs with alice's keys. */
export function optionsOf(clock = new TestClock()): JwtRs256ModuleOptions {
  return { ...keyPairOf('alice'), issuer: ISSUER, audience: AUDIENCE, realm: 'orders', clock };
}

/** Boots a tiny app on a free port of the loopback interface. */
export async function startApp(platform: Platform, parts: AppParts): Promise<TestApp> {
  const { options, module, nest: nestOptions, configure, port, imports = [], ...metadata } = parts;
  const clock = new TestClock();
  const library = module === undefined ? JwtRs256Module.forRoot({ ...optionsOf(clock), ...options }) : module;
  class RootModule {}
  const root = { module: RootModule, imports: [...(library ? [library] : []), ...imports], ...metadata };
  const nest = await NestFactory.create(root, platform.makeAdapter(), {
    logger: log,
    abortOnError: false,
    ...nestOptions,
  });
  return listen(nest, clock, configure, port);
}

/** Lets an app that was made in another way listen, and gives a client of it. */
export async function listen(
  nest: INestApplication,
  clock = new TestClock(),
  configure?: AppParts['configure'],
  port = 0,
): Promise<TestApp> {
  open.add(nest);
  await configure?.(nest);
  await nest.listen(port, '127.0.0.1');
  const url = await nest.getUrl();
  return {
    nest,
    url,
    log,
    clock,
    get tokens() {
      return nest.get(TokenService, { strict: false });
    },
    send: (path, request) => send(url + path, request),
    get: (path, authorization, ...more) =>
      send(url + path, {
        headers: [
          ...(authorization === undefined ? [] : [['Authorization', authorization] as const]),
          ...more,
        ],
      }),
  };
}
