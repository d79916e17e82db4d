import { LRUCache } from 'lru-cache';
import { VerifiedTokenCache } from '../fixtures/internals.js';
import { freshCopy } from '../fixtures/tokens.js';
import { figure, type Figure } from '../run/result.js';
import { timeInTurn, type Contestant } from '../run/rounds.js';
import { spreadOf } from '../run/statistics.js';
import type { SuiteOptions } from './suite.js';

export const LOOK_UP = 'find a token by its text, nothing else';

const CACHE_SIZE = 5000;

/** What the cache itself costs, beside the two things that one would take else. */
export async function measureLookUp(
  tokens: readonly string[],
  { quick, progress }: SuiteOptions,
): Promise<Figure[]> {
  const sieve = new VerifiedTokenCache(CACHE_SIZE);
  const lru = new LRUCache<string, object>({ max: CACHE_SIZE });
  const map = new Map<string, object>();
  sieve.get('', 0);
  for (const text of tokens) {
    sieve.set({ text, header: {}, claims: {} }, 0);
    lru.set(text, {});
    map.set(text, {});
  }
  const contestants: Contestant<string>[] = [
    { name: 'our cache: SIEVE, keyed by 12 characters', run: (token) => sieve.get(token, 0) },
    { name: 'lru-cache, keyed by the text', run: (token) => lru.get(token) },
    { name: 'a Map, keyed by the text', run: (token) => map.get(token) },
  ];
  for (const { name, run } of contestants) {
    if (tokens.some((token) => run(freshCopy(token)) === undefined))
      throw new Error(`${name} does not find its tokens`);
    if (run(`${tokens[0]!}!`) !== undefined) throw new Error(`${name} finds what is not there`);
  }
  const make = (index: number): string => freshCopy(tokens[index % tokens.length]!);
  const times = await timeInTurn(contestants, {
    title: 'look-ups',
    rounds: quick ? 31 : 101,
    calls: 1920,
    make,
    progress,
  });
  return contestants.map(({ name }) => figure(LOOK_UP, name, 'µs', spreadOf(times.get(name)!)));
}
