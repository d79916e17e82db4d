import type { FloodReport, HitRates } from '../flood.js';
import { atMost, figure } from '../run/result.js';
import { runProgram } from '../run/program.js';
import { exactly } from '../run/statistics.js';
import type { Suite } from './suite.js';

export const FLOOD = 'heap growth after garbage collection';
export const HITS_SIEVE = 'hit rate of 100 steady tokens, SIEVE';
export const HITS_LRU = 'hit rate of 100 steady tokens, a plain LRU';

/** Requests with one-time tokens for each request with a steady one. */
const ONE_TIME = [10, 30, 50, 100, 200, 400];

/** What is left of a flood, and whom it drives out of the cache. */
export const memorySuite: Suite = async ({ quick, progress }) => {
  const tokens = quick ? 50_000 : 1_000_000;
  const gc = { execArgv: ['--expose-gc'] };
  const name = (kind: string): string => `${tokens.toLocaleString('en')} distinct ${kind} tokens`;
  progress.step(name('valid'));
  const good = await runProgram<FloodReport>('flood', ['good', String(tokens)], gc);
  progress.step(name('forged'));
  const forged = await runProgram<FloodReport>('flood', ['forged', String(tokens)], gc);
  if (good.accepted !== tokens || forged.accepted !== 0)
    throw new Error('The flood was not judged as it should be');

  const figures = [];
  for (const oneTime of quick ? [30, 100] : ONE_TIME) {
    progress.step(`steady tokens, ${oneTime} one-time tokens for each`);
    const requests = Math.ceil((quick ? 40_000 : 600_000) / oneTime);
    const { sieve, lru } = await runProgram<HitRates>(
      'flood',
      ['hits', String(requests), String(oneTime)],
      gc,
    );
    figures.push(
      figure(HITS_SIEVE, `1 in ${oneTime}`, '%', exactly(sieve)),
      figure(HITS_LRU, `1 in ${oneTime}`, '%', exactly(lru)),
    );
  }
  return {
    figures: [
      figure(FLOOD, name('valid'), 'MB', exactly(good.grownMb)),
      figure(FLOOD, name('forged'), 'MB', exactly(forged.grownMb)),
      ...figures,
    ],
    targets: [
      atMost(`heap growth after ${name('valid')}`, 20, exactly(good.grownMb), 'MB'),
      atMost(`heap growth after ${name('forged')}`, 20, exactly(forged.grownMb), 'MB'),
    ],
    notes: [
      'The RSA operation itself is stubbed here (a SHA-256 stands in for the signature); everything around it is the package, with its default settings.',
      '"1 in 100": one request with one of 100 steady tokens, at random, for each 100 requests with tokens that come once. Both caches hold 5,000.',
    ],
  };
};
