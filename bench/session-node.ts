/** One process of a service with sessions, which does as its parent says. */
import 'reflect-metadata';
import { Body, Controller, Get, HttpCode, Inject, Post, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Redis } from 'ioredis';
import {
  JwtRs256Module,
  MemorySessionStore,
  SessionService,
  TokenService,
  TokenVerifier,
  type SessionStore,
} from 'nestjs-jwt-rs256';
import { RedisSessionStore } from 'nestjs-jwt-rs256/redis';
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { ourOptions } from './fixtures/context.js';
import { readKeyPair } from './fixtures/key-pair.js';
import type {
  NodeAnswer,
  NodeMethods,
  NodeOrder,
  NodeSettings,
  RefreshTimes,
} from './fixtures/session-node.js';
import { spreadOf } from './run/statistics.js';

/** Sessions that are started at once while the store is filled. */
const AT_ONCE = 500;

@Controller()
class SessionController {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  @Get('open') open(): object {
    return { orders: [] };
  }

  @Post('start') start(): Promise<object> {
    return this.sessions.start({ sub: 'alice' });
  }

  @Post('refresh') @HttpCode(200) refresh(@Body('refresh_token') refreshToken: unknown): Promise<object> {
    return this.sessions.refresh(refreshToken);
  }
}

/** The methods, each of which may take its time. */
type Methods = {
  [Name in keyof NodeMethods]: (
    ...args: Parameters<NodeMethods[Name]>
  ) => ReturnType<NodeMethods[Name]> | Promise<ReturnType<NodeMethods[Name]>>;
};

class Node implements Methods {
  private app!: INestApplication;
  private store!: SessionStore;
  private redis: Redis | undefined;
  private refreshToken = '';

  async open({ pair: { privatePem, publicPem, kid }, port, revocation }: NodeSettings): Promise<null> {
    this.redis = port === undefined ? undefined : new Redis(port, '127.0.0.1', { retryStrategy: () => 100 });
    this.redis?.on('error', () => undefined);
    this.store = this.redis
      ? new RedisSessionStore({ client: this.redis })
      : new MemorySessionStore({ maxSessions: 2_000_000 });
    const options = ourOptions(readKeyPair(privatePem, publicPem, kid), {
      sessions: { store: this.store, revocation },
    });
    class NodeModule {}
    const module = {
      module: NodeModule,
      imports: [JwtRs256Module.forRoot(options)],
      controllers: [SessionController],
    };
    this.app = await NestFactory.create(module, new FastifyAdapter(), { logger: false });
    await this.app.init();
    this.refreshToken = (await this.startSession()).refreshToken;
    return null;
  }

  async fill(sessions: number): Promise<null> {
    // As the service does it, without the signature: a million of those would take an hour.
    const store = this.redis ? new RedisSessionStore({ client: this.redis, deadline: 10_000 }) : this.store;
    for (let done = 0; done < sessions; done += AT_ONCE) {
      const count = Math.min(AT_ONCE, sessions - done);
      await Promise.all(Array.from({ length: count }, (_, index) => store.start(strangerOf(done + index))));
    }
    return null;
  }

  async time(calls: number): Promise<RefreshTimes> {
    const [refresh, issue, trip]: [number[], number[], number[]] = [[], [], []];
    const tokens = this.app.get(TokenService);
    for (let call = 0; call < calls; call++) {
      issue.push(await microseconds(() => tokens.issue({ sub: 'alice' })));
      if (this.redis) trip.push(await microseconds(() => this.redis!.ping()));
      refresh.push(await microseconds(() => this.refresh(1)));
    }
    const median = (values: number[]): number => (values.length === 0 ? 0 : spreadOf(values).median);
    return { refresh: median(refresh), issue: median(issue), trip: median(trip) };
  }

  async refresh(calls: number): Promise<null> {
    for (let call = 0; call < calls; call++) {
      const { refresh_token } = await this.sessions.refresh(this.refreshToken);
      if (refresh_token === this.refreshToken) throw new Error('The refresh token was not spent');
      this.refreshToken = refresh_token;
    }
    return null;
  }

  async startSession(): Promise<{ token: string; refreshToken: string }> {
    const { access_token, refresh_token } = await this.sessions.start({ sub: 'alice' });
    return { token: access_token, refreshToken: refresh_token };
  }

  async end(refreshToken: string): Promise<string> {
    if (!(await this.sessions.endByRefreshToken(refreshToken))) throw new Error('There was no such session');
    return String(process.hrtime.bigint());
  }

  async watch(token: string): Promise<string> {
    const verifier = this.app.get(TokenVerifier);
    for (;;) {
      const code = await verifier.verify(token).then(
        () => undefined,
        (error: { code: string }) => error.code,
      );
      if (code === 'ERR_TOKEN_REVOKED') return String(process.hrtime.bigint());
      if (code !== undefined) throw new Error(code);
      await pause(1);
    }
  }

  async listen(): Promise<string> {
    await this.app.listen(0, '127.0.0.1');
    return this.app.getUrl();
  }

  private get sessions(): SessionService {
    return this.app.get(SessionService);
  }
}

/** A session of somebody whom nobody else is. */
function strangerOf(index: number): Parameters<SessionStore['start']>[0] {
  const sub = `user-${index}`;
  const partition = createHash('sha256').update(sub).digest().subarray(0, 1);
  return {
    sid: Buffer.concat([partition, randomBytes(17)]).toString('base64url'),
    current: randomBytes(32).toString('base64url'),
    details: { sub, claims: { sub }, authTime: Math.floor(Date.now() / 1000) },
    refreshTokenTtl: 7 * 86_400,
    sessionTtl: 30 * 86_400,
  };
}

async function microseconds(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) * 1000;
}

const node = new Node();
const send = (answer: NodeAnswer): void => void process.send!(answer);
process.on('message', ({ method, argument }: NodeOrder) => {
  Promise.resolve((node[method] as (argument: unknown) => unknown)(argument)).then(
    (result) => send({ result }),
    (error: unknown) =>
      send({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
