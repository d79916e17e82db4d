import type { Progress } from './progress.js';

/** One of several things that do the same, to be timed against the others. */
export interface Contestant<T> {
  readonly name: string;
  readonly run: (item: T) => unknown;
}

export interface RoundsOptions<T> {
  readonly title: string;
  readonly rounds: number;
  /** Calls of each contestant in a round. */
  readonly calls: number;
  /** Makes the item for one call. Not timed. */
  readonly make: (index: number) => T;
  readonly progress: Progress;
}

/** Rounds at the beginning that do not count: the compiler is still at work. */
const WARM_UP = 3;

/** Items that are alive at a time: as many as a server may have requests. Then it is the next contestant's turn. */
const BATCH = 64;

/**
 * Times the contestants in turn, a few calls each, the order turned round at each round, so that whatever else the
 * machine does hits all of them alike. It is the CPU time of the process that is taken: what others use of the machine
 * does not count, and it is what limits a server.
 *
 * @returns microseconds per call, by contestant and round.
 */
export async function timeInTurn<T>(
  contestants: readonly Contestant<T>[],
  options: RoundsOptions<T>,
): Promise<Map<string, number[]>> {
  const { title, rounds, progress } = options;
  const times = new Map(contestants.map(({ name }) => [name, [] as number[]]));
  for (let round = 1 - WARM_UP; round <= rounds; round++) {
    const totals = await timeRound(round % 2 === 0 ? contestants : contestants.toReversed(), options);
    if (round <= 0) continue;
    for (const [name, total] of totals) times.get(name)!.push(total / options.calls);
    progress.round(title, round, rounds);
  }
  return times;
}

async function timeRound<T>(
  contestants: readonly Contestant<T>[],
  options: RoundsOptions<T>,
): Promise<Map<string, number>> {
  const { calls, make } = options;
  const totals = new Map(contestants.map(({ name }) => [name, 0]));
  for (let done = 0; done < calls; done += BATCH) {
    for (const contestant of contestants) {
      const items = Array.from({ length: Math.min(BATCH, calls - done) }, (_, index) => make(done + index));
      totals.set(contestant.name, totals.get(contestant.name)! + (await timeBatch(contestant, items)));
    }
  }
  return totals;
}

async function timeBatch<T>(contestant: Contestant<T>, items: readonly T[]): Promise<number> {
  const start = process.cpuUsage();
  for (const item of items) {
    const answer = contestant.run(item);
    // Not awaited where there is nothing to wait for: that would be charged to the synchronous ones.
    if (answer instanceof Promise) await answer;
  }
  const { user, system } = process.cpuUsage(start);
  return user + system;
}
