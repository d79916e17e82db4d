import { Redis } from 'ioredis';
import { Auth, type SessionStore } from 'nestjs-jwt-rs256';
import { RedisSessionStore } from 'nestjs-jwt-rs256/redis';
import { startContext, type OurServices } from '../fixtures/context.js';
import type { BenchKeyPair } from '../fixtures/key-pair.js';
import { BenchRedis } from '../fixtures/redis.js';
import { BenchContext, requestWith, type BenchRequest } from '../fixtures/request.js';
import { SessionNode } from '../fixtures/session-node.js';
import { claimsOf, mint } from '../fixtures/tokens.js';
import { atMost, figure, type SuiteResult } from '../run/result.js';
import { timeInTurn, type Contestant } from '../run/rounds.js';
import { exactly, spreadOf } from '../run/statistics.js';
import type { SuiteOptions } from './suite.js';

export const DELAY = 'until another process refuses what has ended';
export const REVOCATION = 'the guard alone, by what it looks up';

const ENDED = 10_000;

@Auth()
class GuardedController {
  list(this: void): void {}
}

/** How soon every process knows, and what it costs a request that each of them knows by itself. */
export async function measureRevocation(pair: BenchKeyPair, options: SuiteOptions): Promise<SuiteResult> {
  const redis = await BenchRedis.start();
  try {
    const delays = await measureDelays(redis, pair, options);
    const longest = Math.max(...delays);
    const guard = await measureGuard(redis, pair, options);
    return {
      figures: [
        figure(DELAY, 'usually', 'ms', spreadOf(delays)),
        figure(DELAY, `the longest of ${delays.length}`, 'ms', exactly(longest)),
        ...guard,
      ],
      targets: [
        atMost('until another process refuses what has ended, the longest', 1000, exactly(longest), 'ms'),
      ],
      notes: [
        'Two processes, one of which ends a session; the other verifies an access token of it every millisecond until it is refused.',
        `"${ENDED.toLocaleString('en')} ended" is the list that a process keeps. The token is in the cache of verified tokens in each case.`,
      ],
    };
  } finally {
    await redis.stop();
  }
}

async function measureDelays(redis: BenchRedis, pair: BenchKeyPair, { quick, progress }: SuiteOptions) {
  const settings = { pair, port: redis.port, revocation: 'session' } as const;
  const nodes = await Promise.all([SessionNode.start(settings), SessionNode.start(settings)]);
  const [one, other] = nodes;
  const delays: number[] = [];
  const rounds = quick ? 5 : 100;
  try {
    for (let round = 1; round <= rounds; round++) {
      const { token, refreshToken } = await one.ask('startSession');
      const watching = other.ask('watch', token);
      // So that it does not always fall on the same moment of the other's round.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 400));
      const ended = await one.ask('end', refreshToken);
      delays.push(Math.max(0, Number(BigInt(await watching) - BigInt(ended)) / 1e6));
      progress.round('revocations', round, rounds);
    }
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
  }
  return delays;
}

async function measureGuard(redis: BenchRedis, pair: BenchKeyPair, options: SuiteOptions) {
  const client = new Redis(redis.port, '127.0.0.1').on('error', () => undefined);
  const store = new RedisSessionStore({ client, prefix: 'guard:', deadline: 5000 });
  try {
    for (let at = 0; at < ENDED; at += 500) {
      const some = Array.from({ length: 500 }, (_, index) => `ended-${at + index}`);
      await Promise.all(some.map((jti) => store.revoke({ jti, retention: 86_400 })));
    }
    return await timeGuards(store, pair, options);
  } finally {
    client.disconnect();
  }
}

async function timeGuards(store: SessionStore, pair: BenchKeyPair, { quick, progress }: SuiteOptions) {
  const plain = await startContext(pair);
  const without = await startContext(pair, { sessions: { store, revocation: 'none' } });
  const looking = await startContext(pair, { sessions: { store, revocation: 'session' } });
  await assertLooks(looking, await mint(pair, claimsOf('alice', { sid: 'sid', jti: `ended-${ENDED - 1}` })));
  const contestants = [
    contestant('without sessions', plain),
    contestant("with sessions, revocation 'none'", without),
    contestant(`with sessions, revocation 'session', ${ENDED.toLocaleString('en')} ended`, looking),
  ] as const;
  const tokens = await Promise.all(
    Array.from({ length: quick ? 200 : 1000 }, (_, index) =>
      mint(pair, claimsOf('alice', { sid: `sid-${index}` })),
    ),
  );
  for (const { run } of contestants) for (const token of tokens) await run(requestWith(token));
  const times = await timeInTurn(contestants, {
    title: 'guards',
    rounds: quick ? 11 : 101,
    calls: 960,
    make: (index) => requestWith(tokens[index % tokens.length]!),
    progress,
  });
  return contestants.map(({ name }) => figure(REVOCATION, name, 'µs', spreadOf(times.get(name)!)));
}

function contestant(name: string, { guard }: OurServices): Contestant<BenchRequest> {
  const context = new BenchContext(GuardedController, GuardedController.prototype.list);
  const run = (request: BenchRequest): Promise<boolean> => {
    context.request = request;
    return guard.canActivate(context.asNest);
  };
  return { name, run };
}

/** @throws Error unless what has ended is refused. */
async function assertLooks({ verifier }: OurServices, ended: string): Promise<void> {
  const code = await verifier.verify(ended).then(
    () => 'accepted',
    (error: { code?: string }) => error.code,
  );
  if (code !== 'ERR_TOKEN_REVOKED') throw new Error(`What has ended is not refused: ${code}`);
}
