/**
 * One reader of a remote JWK Set in one situation, in a process of its own, which tells what it came to. The arguments
 * are the situation, the reader, and a `ReaderJob` as JSON.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './fixtures/jwk-set-server.js';
import { startReader, type Reader, type ReaderName, type ReaderOptions } from './peers/remote.js';

/** What the reader has to work with. */
export interface ReaderJob {
  readonly origin: string;
  /** A token of the key that is published first, and one of the key that is published later. */
  readonly known: string;
  readonly next: string;
  /** How much of it: 1 is all. */
  readonly scale: number;
}

/** What it came to. What the situation has nothing to do with is left out. */
export interface ReaderReport {
  /** Requests for the set, but for that of a reader's start. */
  readonly fetches: number;
  /** Of good tokens. */
  readonly accepted: number;
  readonly refused: number;
  /** Of those, how many were told that it is not their fault. */
  readonly unavailable: number;
  /** Until the one request was over, or the new key was accepted or waited for no longer. */
  readonly seconds?: number;
  /** Milliseconds that the known tokens took, but for one in a hundred. */
  readonly p99?: number;
  readonly idleP99?: number;
  readonly fetchesInFlood?: number;
  readonly grownMb?: number;
}

/** A reader, and how good tokens fare with it. */
class Scene {
  #reader: Reader | undefined;
  #fetchesBefore = 0;
  #accepted = 0;
  #refused = 0;
  #unavailable = 0;

  constructor(
    readonly name: ReaderName,
    readonly job: ReaderJob,
  ) {}

  start(options: ReaderOptions = {}): void {
    this.#reader = startReader(this.name, `${this.job.origin}/jwks.json`, options);
  }

  /** Starts a reader that knows the old key. */
  async warm(options?: ReaderOptions): Promise<void> {
    this.start(options);
    await this.#reader!(this.job.known);
    this.#fetchesBefore = await this.#count();
  }

  /** Whether a good token is accepted. It is counted. */
  async accepts(token: string): Promise<boolean> {
    try {
      await this.#reader!(token);
      this.#accepted++;
      return true;
    } catch (error) {
      this.#refused++;
      if ((error as { fault?: string }).fault === 'server') this.#unavailable++;
      return false;
    }
  }

  /** Presents the token with a kid that there never was. */
  async forge(): Promise<void> {
    const [, claims, signature] = this.job.known.split('.');
    const header = JSON.stringify({ alg: 'RS256', typ: 'at+jwt', kid: randomBytes(8).toString('hex') });
    const token = `${Buffer.from(header).toString('base64url')}.${claims}.${signature}`;
    const isAccepted = await this.#reader!(token).then(
      () => true,
      () => false,
    );
    if (isAccepted) throw new Error(`${this.name} accepts a forged token`);
  }

  async serve(fault: Fault): Promise<void> {
    await fetch(`${this.job.origin}/now/${fault}`);
  }

  /** Seconds until a token of the new key is accepted. */
  async untilAccepted(atMost: number): Promise<number> {
    const start = performance.now();
    const spent = () => (performance.now() - start) / 1000;
    while (!(await this.accepts(this.job.next)) && spent() < atMost) await sleep(100);
    return spent();
  }

  /** Presents the known token every few milliseconds. Returns how long it took, but for one time in a hundred. */
  async knownP99(seconds: number): Promise<number> {
    const times: number[] = [];
    const end = performance.now() + seconds * 1000;
    for (let at = performance.now(); at < end; at = performance.now()) {
      await this.accepts(this.job.known);
      times.push(performance.now() - at);
      await sleep(3);
    }
    return times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)]!;
  }

  async fetches(): Promise<number> {
    return (await this.#count()) - this.#fetchesBefore;
  }

  async report(): Promise<ReaderReport> {
    const [accepted, refused, unavailable] = [this.#accepted, this.#refused, this.#unavailable];
    return { fetches: await this.fetches(), accepted, refused, unavailable };
  }

  async #count(): Promise<number> {
    return Number(await (await fetch(`${this.job.origin}/count`)).text());
  }
}

type Situation = (scene: Scene) => Promise<Partial<ReaderReport>>;

const SITUATIONS: Record<string, Situation> = {
  first,
  flood,
  rotation,
  refusing,
  waiting,
  empty,
  outage,
  memory,
};

/** Requests that all come before the set is there. */
async function first(scene: Scene): Promise<Partial<ReaderReport>> {
  scene.start();
  await Promise.all(Array.from({ length: 500 }, () => scene.accepts(scene.job.known)));
  return {};
}

async function flood(scene: Scene): Promise<Partial<ReaderReport>> {
  await scene.warm();
  const [forgeries, seconds] = [2000 * scene.job.scale, 5 * scene.job.scale];
  await scene.knownP99(seconds);
  const idleP99 = await scene.knownP99(seconds);
  const start = performance.now();
  const pending: Promise<void>[] = [];
  const [p99] = await Promise.all([scene.knownP99(seconds), forgeAll()]);
  const fetchesInFlood = await scene.fetches();
  const { accepted, refused } = await scene.report();
  await scene.serve('both');
  return { idleP99, p99, fetchesInFlood, accepted, refused, seconds: await scene.untilAccepted(70) };

  async function forgeAll(): Promise<void> {
    while (pending.length < forgeries) {
      const due = ((performance.now() - start) / 1000 / seconds) * forgeries;
      while (pending.length < Math.min(due, forgeries)) pending.push(scene.forge());
      await sleep(2);
    }
    await Promise.all(pending);
  }
}

async function rotation(scene: Scene): Promise<Partial<ReaderReport>> {
  await scene.warm();
  await sleep(1000);
  await scene.serve('both');
  return { seconds: await scene.untilAccepted(40) };
}

async function refusing(scene: Scene): Promise<Partial<ReaderReport>> {
  await scene.serve('refuse');
  scene.start();
  for (let request = 0; request < 200; request++) {
    await scene.accepts(scene.job.known);
    await sleep(10);
  }
  return {};
}

/** One request, at an endpoint that does not answer. The set is not there yet, so there is nothing to go on. */
async function waiting(scene: Scene): Promise<Partial<ReaderReport>> {
  scene.start();
  const start = performance.now();
  await scene.accepts(scene.job.known);
  return { seconds: (performance.now() - start) / 1000 };
}

async function empty(scene: Scene): Promise<Partial<ReaderReport>> {
  await scene.warm({ maxAge: 1 });
  await scene.serve('empty');
  await sleep(1500);
  await scene.forge();
  for (let request = 0; request < 50; request++) await scene.accepts(scene.job.known);
  return {};
}

async function outage(scene: Scene): Promise<Partial<ReaderReport>> {
  await scene.warm({ maxAge: 1 });
  const idleP99 = await scene.knownP99(0.5);
  await scene.serve('refuse');
  await sleep(1500);
  const { accepted, refused } = await scene.report();
  const p99 = await scene.knownP99(1);
  const after = await scene.report();
  return { idleP99, p99, accepted: after.accepted - accepted, refused: after.refused - refused };
}

/** How far the process grew at most, while it got what it should not keep. */
async function memory(scene: Scene): Promise<Partial<ReaderReport>> {
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  const peakBefore = process.resourceUsage().maxRSS * 1024;
  let most = before;
  const timer = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 2);
  scene.start();
  await scene.accepts(scene.job.known);
  clearInterval(timer);
  // What happened between two looks is seen only where it is the most that there ever was.
  const peak = process.resourceUsage().maxRSS * 1024;
  if (peak > peakBefore) most = Math.max(most, peak);
  return { grownMb: (most - before) / 2 ** 20 };
}

const [situation = '', name, job = ''] = process.argv.slice(2);
const scene = new Scene(name as ReaderName, JSON.parse(job) as ReaderJob);
const part = await SITUATIONS[situation]!(scene);
const report: ReaderReport = { ...(await scene.report()), ...part };
process.send!(report, () => process.exit());
