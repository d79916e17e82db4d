import autocannon from 'autocannon';
import { makeKeyPair, type BenchKeyPair } from '../fixtures/key-pair.js';
import { BenchServer, PLATFORMS, type PlatformName } from '../fixtures/server.js';
import { mintMany, mintSamples } from '../fixtures/tokens.js';
import { GUARDS, type GuardName } from '../peers/guards.js';
import { assertHonest, type Samples } from '../run/honesty.js';
import { atLeast, figure, type Figure, type Target } from '../run/result.js';
import { ratioOf, spreadOf, type Spread } from '../run/statistics.js';
import type { Suite, SuiteOptions } from './suite.js';

export const throughputOf = (platform: PlatformName): string => `requests a second, ${platform}`;
export const shareOf = (platform: PlatformName): string => `throughput of the open route, ${platform}`;
export const cpuOf = (platform: PlatformName): string => `server CPU per request, ${platform}`;

const TOKENS = 2000;
const CONNECTIONS = 10;
/** For autocannon to give up. */
const LONGEST_SECONDS = 60;

/** With --quick only these: what the promises are about, and what the documentation shows. */
const QUICK: readonly GuardName[] = [
  'open route',
  'nestjs-jwt-rs256, seen before',
  'nestjs-jwt-rs256, all new',
  'bare guard around a Map',
  'bare guard around createVerify',
  "passport-jwt as in Nest's docs, PEM text",
];

/** What the servers with one guard on one platform did in each round. */
interface Measured {
  readonly guard: GuardName;
  readonly platform: PlatformName;
  readonly rate: number[];
  readonly cpu: number[];
}

/** Guarded routes over loopback, one server process for each guard and platform, loaded in turn; then all anew. */
export const httpSuite: Suite = async (options) => {
  const { quick, progress } = options;
  const pair = await makeKeyPair();
  progress.step('signing tokens');
  const [tokens, samples] = await Promise.all([mintMany(pair, TOKENS), mintSamples(pair)]);
  const measured: Measured[] = PLATFORMS.flatMap((platform) =>
    (quick ? QUICK : (Object.keys(GUARDS) as GuardName[])).map((guard) => ({
      guard,
      platform,
      rate: [],
      cpu: [],
    })),
  );
  const generations = quick ? 1 : 4;
  for (let generation = 1; generation <= generations; generation++) {
    progress.step(`starting servers, ${generation} of ${generations}`);
    await withServers(measured, pair, async (servers) => {
      if (generation === 1) await assertGuarded(servers, samples);
      await inRounds(servers, { measured, tokens, options });
    });
  }
  return {
    figures: PLATFORMS.flatMap((platform) => figuresOf(platform, measured)),
    targets: PLATFORMS.flatMap((platform) => targetsOf(platform, measured)),
    notes: [
      `${TOKENS} tokens in turn, ${CONNECTIONS} connections, ${quick ? 'few short' : 'alternating'} rounds; server and client share the machine.`,
      'One process is up to a tenth faster or slower than another with the same code, for as long as it lives, so all servers are started anew several times.',
      'All new: the same tokens in turn, with a cache of a quarter of their number, so that none is found in it again and each pays for the cache as well: what is kept and driven out again costs the garbage collector more than the rest of us.',
      'CPU is that of the server process, so it does not count how busy the client is.',
    ],
  };
};

/** One server for each, in the same order, which end with `use`. */
async function withServers(
  kinds: readonly Pick<Measured, 'guard' | 'platform'>[],
  pair: BenchKeyPair,
  use: (servers: readonly BenchServer[]) => Promise<void>,
): Promise<void> {
  const started = await Promise.allSettled(
    kinds.map(({ guard, platform }) => BenchServer.start(guard, platform, pair)),
  );
  const servers = started.flatMap((job) => (job.status === 'fulfilled' ? [job.value] : []));
  try {
    if (servers.length < kinds.length) throw new Error('A server did not start');
    await use(servers);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

async function assertGuarded(servers: readonly BenchServer[], samples: Samples): Promise<void> {
  const guarded = servers.filter(({ guard }) => guard !== 'open route');
  const contestants = guarded.map(({ guard, platform, url }) => ({
    name: `${guard} on ${platform}`,
    run: async (token: string) => (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).ok,
  }));
  await assertHonest(contestants, samples);
  for (const { guard, platform, url } of guarded) {
    if ((await fetch(url)).status !== 401)
      throw new Error(`${guard} on ${platform} lets a request without a token through`);
  }
}

/** Adds what each server does in some rounds to what is measured, in whose order they are. */
async function inRounds(
  servers: readonly BenchServer[],
  job: { measured: readonly Measured[]; tokens: readonly string[]; options: SuiteOptions },
): Promise<void> {
  const { measured, tokens } = job;
  const { quick, progress } = job.options;
  const rounds = quick ? 2 : 4;
  const seconds = quick ? 0.25 : 1;
  for (const [index, server] of quick ? [] : servers.entries()) {
    progress.step(`warming up ${index + 1} of ${servers.length}`);
    await load(server, tokens, 1.5);
  }
  const turns = [...servers.entries()];
  for (let round = 1; round <= rounds; round++) {
    for (const [index, server] of round % 2 === 0 ? turns : turns.toReversed()) {
      const before = await server.cpuMicroseconds();
      const { requests, perSecond } = await load(server, tokens, seconds);
      measured[index]!.cpu.push(((await server.cpuMicroseconds()) - before) / requests);
      measured[index]!.rate.push(perSecond);
    }
    progress.step(`round ${round} of ${rounds}`);
  }
}

/** Each connection sends its own tokens in turn, so that all of them are sent before one is sent again. */
async function load(
  server: BenchServer,
  tokens: readonly string[],
  seconds: number,
): Promise<{ requests: number; perSecond: number }> {
  const share = tokens.length / CONNECTIONS;
  let connection = 0;
  const setupClient = (client: autocannon.Client): void => {
    const own = tokens.slice(connection * share, (connection + 1) * share);
    connection++;
    client.setRequests(
      own.map((token) => ({ method: 'GET', headers: { authorization: `Bearer ${token}` } })),
    );
  };
  // autocannon counts whole seconds; a round may be shorter, and is timed here.
  let [requests, start, spent] = [0, 0, 0];
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const options = { url: server.url, connections: CONNECTIONS, duration: LONGEST_SECONDS, setupClient };
    const run = autocannon(options, (error, done) => (error ? reject(error) : resolve(done)));
    run.on('response', () => {
      if (start === 0) start = performance.now();
      requests++;
      spent = performance.now() - start;
      if (spent >= seconds * 1000) run.stop();
    });
  });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${server.guard} on ${server.platform} failed under load`);
  return { requests, perSecond: (requests / spent) * 1000 };
}

function figuresOf(platform: PlatformName, measured: readonly Measured[]): Figure[] {
  const here = measured.filter((one) => one.platform === platform);
  const open = here.find(({ guard }) => guard === 'open route')!.rate;
  return [
    ...here.map(({ guard, rate }) => figure(throughputOf(platform), guard, 'per s', spreadOf(rate))),
    ...here.map(({ guard, rate }) => figure(shareOf(platform), guard, '%', percentOf(rate, open))),
    ...here.map(({ guard, cpu }) => figure(cpuOf(platform), guard, 'µs', spreadOf(cpu))),
  ];
}

function percentOf(values: readonly number[], base: readonly number[]): Spread {
  return spreadOf(values.map((value, round) => (value / base[round]!) * 100));
}

function targetsOf(platform: PlatformName, measured: readonly Measured[]): Target[] {
  const rate = (guard: GuardName): number[] =>
    measured.find((one) => one.platform === platform && one.guard === guard)!.rate;
  const seen = rate('nestjs-jwt-rs256, seen before');
  return [
    atLeast(
      `${platform}: seen before / a bare guard around a Map`,
      0.95,
      ratioOf(seen, rate('bare guard around a Map')),
    ),
    atLeast(
      `${platform}: all new / a bare guard around createVerify`,
      0.9,
      ratioOf(rate('nestjs-jwt-rs256, all new'), rate('bare guard around createVerify')),
    ),
  ];
}
