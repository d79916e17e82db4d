import { setTimeout as pause } from 'node:timers/promises';
import type { BenchKeyPair } from '../fixtures/key-pair.js';
import { BenchRedis } from '../fixtures/redis.js';
import { SessionNode } from '../fixtures/session-node.js';
import { Pace } from '../run/pace.js';
import { atMost, figure, type SuiteResult } from '../run/result.js';
import { ratioOf, spreadOf } from '../run/statistics.js';
import type { SuiteOptions } from './suite.js';

export const OUTAGE = 'p99 of a route without sessions';

/** Milliseconds between two requests to the route, and between two refreshes of each client. */
const [EVERY, REFRESH_EVERY] = [2, 50];
const REFRESHERS = 10;

/** What those notice of it who have nothing to do with sessions, when Redis stands still. */
export async function measureOutage(
  pair: BenchKeyPair,
  { quick, progress }: SuiteOptions,
): Promise<SuiteResult> {
  const redis = await BenchRedis.start();
  const node = await SessionNode.start({ pair, port: redis.port, revocation: 'session' });
  const [before, during]: [number[], number[]] = [[], []];
  try {
    const url = await node.ask('listen');
    const refreshers = await Promise.all(Array.from({ length: REFRESHERS }, () => Refresher.start(url)));
    const paces = refreshers.map((refresher) => new Pace(() => refresher.refresh(), REFRESH_EVERY));
    const route = async (): Promise<number> => {
      const pace = new Pace(async () => assertOk(await fetch(`${url}/open`)), EVERY);
      await pause(quick ? 700 : 5000);
      return (await pace.stop()).p99;
    };
    const rounds = quick ? 1 : 7;
    await route();
    for (let round = 1; round <= rounds; round++) {
      before.push(await route());
      redis.freeze();
      during.push(await route());
      redis.thaw();
      await Promise.all(refreshers.map((refresher) => refresher.isBack()));
      progress.round('Redis stopped', round, rounds);
    }
    await Promise.all(paces.map((pace) => pace.stop()));
    if (!refreshers.every(({ refused }) => refused > 0)) throw new Error('Redis was not stopped');
  } finally {
    await node.stop();
    await redis.stop();
  }
  return {
    figures: [
      figure(OUTAGE, 'before', 'ms', spreadOf(before)),
      figure(OUTAGE, 'while Redis stands still', 'ms', spreadOf(during)),
    ],
    targets: [atMost('p99 of a route without sessions, Redis stopped / before', 2, ratioOf(during, before))],
    notes: [
      `${1000 / EVERY} requests a second to the open route of a Nest application on Fastify, beside ${REFRESHERS} clients that refresh every ${REFRESH_EVERY} ms. Redis is stopped (SIGSTOP) for as long as it is measured; the clients get 503 then, and go on with the same token.`,
    ],
  };
}

/** Milliseconds in which sessions are to work again. */
const BACK_WITHIN = 10_000;

/** A client that refreshes, one at a time, and tries again with the same token when it is told to. */
class Refresher {
  refused = 0;
  private accepted = 0;
  private isWaiting = false;

  private constructor(
    private readonly url: string,
    private token: string,
  ) {}

  static async start(url: string): Promise<Refresher> {
    const response = await fetch(`${url}/start`, { method: 'POST' });
    return new Refresher(url, ((await response.json()) as { refresh_token: string }).refresh_token);
  }

  async refresh(): Promise<void> {
    if (this.isWaiting) return;
    this.isWaiting = true;
    await this.ask().finally(() => (this.isWaiting = false));
  }

  /** @throws Error unless it is answered again. */
  async isBack(): Promise<void> {
    const { accepted } = this;
    const end = performance.now() + BACK_WITHIN;
    while (this.accepted === accepted) {
      if (performance.now() > end) throw new Error('Sessions did not work again');
      await pause(20);
    }
  }

  private async ask(): Promise<void> {
    const response = await fetch(`${this.url}/refresh`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refresh_token: this.token }),
    });
    const { refresh_token } = (await response.json()) as { refresh_token?: string };
    if (response.status === 503) this.refused++;
    else if (response.status !== 200 || refresh_token === undefined)
      throw new Error(`A refresh was answered with ${response.status}: a token was lost`);
    else {
      this.token = refresh_token;
      this.accepted++;
    }
  }
}

async function assertOk(response: Response): Promise<void> {
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`The open route answered ${response.status}`);
}
