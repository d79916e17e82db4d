/** A median, and the quartiles around it: half of the rounds lie between low and high. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75) };
}

/** Round by round, because the machine was in the same mood for both. */
export function ratioOf(values: readonly number[], base: readonly number[]): Spread {
  return spreadOf(values.map((value, round) => value / base[round]!));
}

export function differenceOf(values: readonly number[], base: readonly number[]): Spread {
  return spreadOf(values.map((value, round) => value - base[round]!));
}

/** What was measured once, such as a size. */
export function exactly(value: number): Spread {
  return { median: value, low: value, high: value };
}

function quantile(sorted: readonly number[], q: number): number {
  const at = (sorted.length - 1) * q;
  const below = sorted[Math.floor(at)]!;
  return below + (sorted[Math.ceil(at)]! - below) * (at - Math.floor(at));
}
