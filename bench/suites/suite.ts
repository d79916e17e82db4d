import type { Progress } from '../run/progress.js';
import type { SuiteResult } from '../run/result.js';

/** How a suite is to run. */
export interface SuiteOptions {
  readonly quick: boolean;
  readonly progress: Progress;
}

/** Something to measure, with promises about it. */
export type Suite = (options: SuiteOptions) => Promise<SuiteResult>;
