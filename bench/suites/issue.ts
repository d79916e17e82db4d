import { startContext } from '../fixtures/context.js';
import { makeKeyPair, type BenchKeyPair } from '../fixtures/key-pair.js';
import { AUDIENCE, ISSUER } from '../fixtures/tokens.js';
import { jsonwebtokenIssuer } from '../peers/jsonwebtoken.js';
import { nestjsJwtIssuer, nestjsJwtPemIssuer } from '../peers/nestjs-jwt.js';
import { rawIssuer, verifyRaw } from '../peers/node-crypto.js';
import { ourIssuer } from '../peers/ours.js';
import { EventLoopWatch } from '../run/event-loop.js';
import { atLeast, atMost, figure } from '../run/result.js';
import type { Contestant } from '../run/rounds.js';
import { ratioOf, spreadOf } from '../run/statistics.js';
import { runProgram } from '../run/program.js';
import type { Suite, SuiteOptions } from './suite.js';

export const ISSUE = 'issue, 16 in flight';
export const STALL = 'longest event-loop stall, 1,000 logins at once';
export const THREADS = 'issue, by UV_THREADPOOL_SIZE';

const IN_FLIGHT = 16;
const LOGINS = 1000;

type Rounds = Map<string, number[]>;

/** Tokens issued as logins would, and what other requests notice of it. */
export const issueSuite: Suite = async (options) => {
  const { quick } = options;
  const pair = await makeKeyPair();
  const [raw, ours, jwt, best, pem] = [
    rawIssuer(pair),
    ourIssuer((await startContext(pair)).tokens),
    jsonwebtokenIssuer(pair),
    nestjsJwtIssuer(pair),
    nestjsJwtPemIssuer(pair),
  ] as const;
  const all = [raw, ours, jwt, best, pem];
  for (const issuer of all) await assertIssues(issuer, pair);

  const tasks = { rate: quick ? 96 : 480, rounds: quick ? 7 : 21 };
  for (const issuer of all) await throughput(issuer, IN_FLIGHT * 2);
  const rates = await inRounds(all, tasks.rounds, options, 'throughput', (issuer) =>
    throughput(issuer, tasks.rate),
  );
  const stalls = await inRounds(all, quick ? 1 : 9, options, `${LOGINS} at once`, longestStall);
  const threads = await byThreads(options);
  const rate = (issuer: Contestant<string>): number[] => rates.get(issuer.name)!;
  return {
    figures: [
      ...all.map(({ name }) => figure(ISSUE, name, 'per s', spreadOf(rates.get(name)!))),
      ...all.map(({ name }) => figure(STALL, name, 'ms', spreadOf(stalls.get(name)!))),
      ...threads,
    ],
    targets: [
      atLeast('issue, 16 in flight / asynchronous crypto.sign', 0.95, ratioOf(rate(ours), rate(raw))),
      atLeast('issue, 16 in flight / jsonwebtoken with a KeyObject', 1.4, ratioOf(rate(ours), rate(jwt))),
      atLeast('issue, 16 in flight / @nestjs/jwt with PEM texts', 3.5, ratioOf(rate(ours), rate(pem))),
      atMost(
        'longest stall of 1,000 logins at once / asynchronous crypto.sign',
        2,
        ratioOf(stalls.get(ours.name)!, stalls.get(raw.name)!),
      ),
    ],
    notes: [
      `A stall is the longest time between two turns of the event loop while ${LOGINS} tokens are asked for at once.`,
      'All of them stamp issuer, audience, times and a random jti, and sign the same claims with the same key.',
    ],
  };
};

/** @throws Error unless the token is what it should be, and signed. */
async function assertIssues(issuer: Contestant<string>, pair: BenchKeyPair): Promise<void> {
  const claims = verifyRaw(String(await issuer.run('alice')), pair) as unknown as Record<string, unknown>;
  const { sub, iss, aud, iat, exp, nbf, jti } = claims;
  const isComplete = [iat, exp, nbf].every((time) => typeof time === 'number') && typeof jti === 'string';
  if (sub === 'alice' && iss === ISSUER && aud === AUDIENCE && isComplete) return;
  throw new Error(`${issuer.name} issues something else than what it is timed for`);
}

async function inRounds(
  issuers: readonly Contestant<string>[],
  rounds: number,
  { progress }: SuiteOptions,
  title: string,
  measure: (issuer: Contestant<string>) => Promise<number>,
): Promise<Rounds> {
  const measured: Rounds = new Map(issuers.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const issuer of round % 2 === 0 ? issuers : issuers.toReversed())
      measured.get(issuer.name)!.push(await measure(issuer));
    progress.round(title, round, rounds);
  }
  return measured;
}

/** Tokens per second with so many in flight all the time. */
export async function throughput(issuer: Contestant<string>, tokens: number): Promise<number> {
  let left = tokens;
  const start = performance.now();
  const worker = async (): Promise<void> => {
    while (left-- > 0) await issuer.run('alice');
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return (tokens / (performance.now() - start)) * 1000;
}

async function longestStall(issuer: Contestant<string>): Promise<number> {
  const watch = new EventLoopWatch();
  watch.start();
  await Promise.all(Array.from({ length: LOGINS }, (_, index) => issuer.run(`user-${index}`)));
  return watch.stop();
}

/** The thread pool of libuv has four threads unless the environment says otherwise; it is read once per process. */
async function byThreads({ quick, progress }: SuiteOptions) {
  const sizes = [1, 2, 4, 8];
  const rates = new Map<number, number[]>(sizes.map((size) => [size, []]));
  for (let round = 0; round < (quick ? 1 : 5); round++) {
    for (const size of sizes) {
      progress.step(`UV_THREADPOOL_SIZE=${size}`);
      const args = [String(quick ? 200 : 1000)];
      rates
        .get(size)!
        .push(await runProgram<number>('issue-rate', args, { env: { UV_THREADPOOL_SIZE: String(size) } }));
    }
  }
  return sizes.map((size) =>
    figure(THREADS, `${size} thread${size === 1 ? '' : 's'}`, 'per s', spreadOf(rates.get(size)!)),
  );
}
