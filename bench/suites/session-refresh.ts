import type { BenchKeyPair } from '../fixtures/key-pair.js';
import { BenchRedis } from '../fixtures/redis.js';
import { SessionNode, type RefreshTimes } from '../fixtures/session-node.js';
import { atMost, figure, type Figure, type SuiteResult } from '../run/result.js';
import { exactly, ratioOf, spreadOf } from '../run/statistics.js';
import type { SuiteOptions } from './suite.js';

export const REFRESH_MEMORY = 'a refresh, sessions in memory';
export const REFRESH_REDIS = 'a refresh, sessions in Redis';
export const COMMANDS = 'commands that Redis gets';
export const SESSION_BYTES = 'memory of Redis';

/** A process with so many sessions, and what each round took. */
interface Measured {
  readonly sessions: number;
  readonly node: SessionNode;
  readonly redis: BenchRedis | undefined;
  readonly rounds: RefreshTimes[];
}

/** Whether a refresh takes as long with a million sessions as with one: a process and a Redis for each, in turn. */
export async function measureRefresh(pair: BenchKeyPair, options: SuiteOptions): Promise<SuiteResult> {
  const measured: Measured[] = [];
  const bytes: Figure[] = [];
  try {
    for (const isInRedis of [false, true]) {
      for (const sessions of options.quick ? [1, 10_000] : [1, 10_000, 1_000_000])
        measured.push(await prepare(sessions, isInRedis, { pair, options, bytes }));
    }
    await inRounds(measured, options);
    const commands = await countCommands(
      measured.find(({ redis }) => redis)!,
      pair,
      options,
    );
    return {
      figures: [...figuresOf(measured), ...commands.figures, ...bytes],
      ...outcome(measured, commands),
    };
  } finally {
    await Promise.all(measured.map(({ node }) => node.stop()));
    await Promise.all(measured.map(async ({ redis }) => redis?.stop()));
  }
}

async function prepare(
  sessions: number,
  isInRedis: boolean,
  { pair, options, bytes }: { pair: BenchKeyPair; options: SuiteOptions; bytes: Figure[] },
): Promise<Measured> {
  options.progress.step(`${named(sessions)} in ${isInRedis ? 'Redis' : 'memory'}`);
  const redis = isInRedis ? await BenchRedis.start() : undefined;
  // Nobody asks Redis for what has ended, so that what is counted is the refresh.
  const settings = { pair, revocation: 'none', ...(redis ? { port: redis.port } : {}) } as const;
  const node = await SessionNode.start(settings);
  const before = await redis?.usedBytes();
  await node.ask('fill', sessions - 1);
  if (redis && before !== undefined && sessions > 1) {
    const each = ((await redis.usedBytes()) - before) / (sessions - 1);
    bytes.push(figure(SESSION_BYTES, `bytes for each of ${named(sessions)}`, 'count', exactly(each)));
  }
  return { sessions, node, redis, rounds: [] };
}

async function inRounds(measured: readonly Measured[], { quick, progress }: SuiteOptions): Promise<void> {
  const [rounds, calls] = quick ? [5, 15] : [41, 50];
  for (let round = -1; round <= rounds; round++) {
    for (const { node, rounds: done } of round % 2 === 0 ? measured : measured.toReversed()) {
      const times = await node.ask('time', calls);
      if (round > 0) done.push(times);
    }
    if (round > 0) progress.round('refreshes', round, rounds);
  }
}

/** What Redis itself counts: scripts that came, and commands that scripts ran. */
async function countCommands(
  { node, redis }: Measured,
  pair: BenchKeyPair,
  { quick, progress }: SuiteOptions,
) {
  progress.step('counting commands');
  const refreshes = 100;
  await redis!.resetCounts();
  await node.ask('refresh', refreshes);
  const { evalsha: scripts = 0, eval: sent = 0, ...others } = await redis!.counts();
  const within = Object.values(others).reduce((sum, calls) => sum + calls, 0);
  const seconds = quick ? 1 : 8;
  const idle = await SessionNode.start({ pair, port: redis!.port, revocation: 'session' });
  await redis!.resetCounts();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const polls = (await redis!.counts()).evalsha ?? 0;
  await idle.stop();
  const perRefresh = (scripts + sent) / refreshes;
  return {
    perRefresh,
    figures: [
      figure(COMMANDS, 'round trips of one refresh', 'count', exactly(perRefresh)),
      figure(COMMANDS, 'commands within its script', 'count', exactly(within / refreshes)),
      figure(
        COMMANDS,
        "a second for what has ended, from each instance with revocation 'session'",
        'count',
        exactly(polls / seconds),
      ),
    ],
  };
}

function figuresOf(measured: readonly Measured[]): Figure[] {
  return [false, true].flatMap((isInRedis) => {
    const here = measured.filter(({ redis }) => (redis !== undefined) === isInRedis);
    const group = isInRedis ? REFRESH_REDIS : REFRESH_MEMORY;
    const all = here.flatMap(({ rounds }) => rounds);
    const floor = isInRedis ? 'a signature and a round trip' : 'a signature';
    return [
      figure(group, floor, 'µs', spreadOf(all.map(floorOf))),
      ...here.map(({ sessions, rounds }) =>
        figure(group, named(sessions), 'µs', spreadOf(rounds.map(({ refresh }) => refresh))),
      ),
    ];
  });
}

function outcome(
  measured: readonly Measured[],
  { perRefresh }: { perRefresh: number },
): Pick<SuiteResult, 'targets' | 'notes'> {
  const targets = [false, true].flatMap((isInRedis) => {
    const here = measured.filter(({ redis }) => (redis !== undefined) === isInRedis);
    const [few, many] = [here[0]!, here.at(-1)!];
    const where = isInRedis ? 'in Redis' : 'in memory';
    const times = ({ rounds }: Measured): number[] => rounds.map(({ refresh }) => refresh);
    return [
      atMost(
        `refresh, ${named(many.sessions)} ${where} / ${named(few.sessions)}`,
        1.15,
        ratioOf(times(many), times(few)),
      ),
    ];
  });
  return {
    targets: [...targets, atMost('round trips to Redis of one refresh', 1, exactly(perRefresh), '')],
    notes: [
      'A refresh has nothing else in flight, so it waits for its signature and for Redis: time on the clock. The floor is an access token issued without a session, and a PING to the same Redis, between the refreshes.',
    ],
  };
}

const floorOf = ({ issue, trip }: RefreshTimes): number => issue + trip;

const named = (sessions: number): string =>
  `${sessions.toLocaleString('en')} session${sessions === 1 ? '' : 's'}`;
