import type { Machine } from './machine.js';
import type { SuiteName } from './arguments.js';
import type { Spread } from './statistics.js';

/** One measured quantity of one variant. */
export interface Figure extends Spread {
  /** Figures of one group belong into one table or picture, such as `new token`. */
  readonly group: string;
  readonly variant: string;
  readonly unit: 'µs' | 'ms' | 's' | 'MB' | 'per s' | '%' | 'count';
}

/** A promise about a ratio or a quantity, and what was measured. */
export interface Target extends Spread {
  readonly text: string;
  readonly sense: 'at most' | 'at least';
  readonly limit: number;
  readonly unit: string;
  readonly met: boolean;
}

/** What one suite found. */
export interface SuiteResult {
  readonly figures: readonly Figure[];
  readonly targets: readonly Target[];
  /** What a reader must know to read the figures. */
  readonly notes: readonly string[];
}

/** A suite's result as it is kept. */
export interface DatedResult extends SuiteResult {
  readonly date: string;
  readonly quick: boolean;
  readonly machine: Machine;
}

/** Everything that was measured, suite by suite. */
export type Results = Partial<Record<SuiteName, DatedResult>>;

export function figure(group: string, variant: string, unit: Figure['unit'], spread: Spread): Figure {
  return { group, variant, unit, ...spread };
}

export function atMost(text: string, limit: number, spread: Spread, unit = 'x'): Target {
  return { text, sense: 'at most', limit, unit, met: spread.median <= limit, ...spread };
}

export function atLeast(text: string, limit: number, spread: Spread, unit = 'x'): Target {
  return { text, sense: 'at least', limit, unit, met: spread.median >= limit, ...spread };
}
