/** Floods a verifier, in a process of its own with --expose-gc. Sends what is left of it in memory. */
import { LRUCache } from 'lru-cache';
import { startContext } from './fixtures/context.js';
import { stubToken, StubbedRsa } from './fixtures/flood.js';
import { makeKeyPair } from './fixtures/key-pair.js';

/** What a flood leaves behind. */
export interface FloodReport {
  /** Of the heap and of what it refers to outside, after garbage collection. */
  readonly grownMb: number;
  readonly accepted: number;
  readonly seconds: number;
}

/** How often each of the steady tokens was found, in percent. */
export interface HitRates {
  readonly sieve: number;
  readonly lru: number;
}

const CACHE_SIZE = 5000;
const STEADY = 100;

const [, , mode, count, every] = process.argv as [string, string, string, string, string?];
const rsa = new StubbedRsa();
const pair = await makeKeyPair();
const { verifier } = await startContext(pair);
rsa.install(verifier, pair);
process.send!(
  mode === 'hits'
    ? await hitRates(Number(count), Number(every))
    : await flood(mode as 'good' | 'forged', Number(count)),
);
process.disconnect();

async function flood(kind: 'good' | 'forged', tokens: number): Promise<FloodReport> {
  // So that what is loaded and compiled on first use does not count.
  for (let index = 0; index < 200; index++) await isAccepted(stubToken(pair, 'warm-up', kind));
  const before = usedBytes();
  const start = performance.now();
  let accepted = 0;
  for (let index = 0; index < tokens; index++) {
    if (await isAccepted(stubToken(pair, `user-${index}`, kind))) accepted++;
  }
  const seconds = (performance.now() - start) / 1000;
  return { grownMb: (usedBytes() - before) / 2 ** 20, accepted, seconds };
}

/** Steady tokens among one-time ones: one request of theirs, at random, after each `oneTime` others. */
async function hitRates(steadyRequests: number, oneTime: number): Promise<HitRates> {
  const steady = Array.from({ length: STEADY }, (_, index) => stubToken(pair, `steady-${index}`));
  const lru = new LRUCache<string, true>({ max: CACHE_SIZE });
  // They were in use before the flood began.
  for (let round = 0; round < 3; round++) for (const token of steady) await use(token);
  let [sieveHits, lruHits, others] = [0, 0, 0];
  for (let request = 0; request < steadyRequests; request++) {
    for (let index = 0; index < oneTime; index++) await use(stubToken(pair, `other-${others++}`));
    const { sieve, lru: inLru } = await use(steady[Math.floor(Math.random() * STEADY)]!);
    sieveHits += Number(sieve);
    lruHits += Number(inLru);
  }
  return { sieve: (sieveHits / steadyRequests) * 100, lru: (lruHits / steadyRequests) * 100 };

  async function use(token: string): Promise<{ sieve: boolean; lru: boolean }> {
    const before = rsa.operations;
    await verifier.verify(token);
    const inLru = lru.get(token) === true;
    if (!inLru) lru.set(token, true);
    return { sieve: rsa.operations === before, lru: inLru };
  }
}

async function isAccepted(token: string): Promise<boolean> {
  return verifier.verify(token).then(
    () => true,
    () => false,
  );
}

function usedBytes(): number {
  // Twice, for what the first round only marks.
  globalThis.gc!();
  globalThis.gc!();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
