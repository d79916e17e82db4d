import type { Contestant } from './rounds.js';

/** Tokens that tell whether a verifier verifies. */
export interface Samples {
  readonly good: string;
  /** The good one with one bit of its claims changed, and its signature unchanged. */
  readonly tampered: string;
  readonly expired: string;
}

/**
 * Makes sure that all contestants do the work that they are timed for. Twice each, because a cache may answer the
 * second time.
 *
 * @throws Error naming the contestant that does not.
 */
export async function assertHonest(
  contestants: readonly Contestant<string>[],
  samples: Samples,
): Promise<void> {
  for (const contestant of contestants) {
    for (const [kind, token] of Object.entries(samples) as [keyof Samples, string][]) {
      for (const time of ['first', 'second']) {
        if ((await accepts(contestant, token)) === (kind === 'good')) continue;
        throw new Error(
          `${contestant.name} ${kind === 'good' ? 'refuses' : 'accepts'} the ${kind} token the ${time} time`,
        );
      }
    }
  }
}

async function accepts(contestant: Contestant<string>, token: string): Promise<boolean> {
  try {
    return (await contestant.run(token)) !== false;
  } catch {
    return false;
  }
}
