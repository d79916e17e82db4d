import { parseArgs } from 'node:util';

/** The suites, in the order in which they run. */
export const SUITES = [
  'verify',
  'issue',
  'http',
  'memory',
  'growth',
  'start',
  'remote',
  'sessions',
  'rotation',
] as const;
export type SuiteName = (typeof SUITES)[number];

/** They wait for real time to pass, so with --quick they run only where they are named. */
const WAITING: readonly SuiteName[] = ['remote', 'sessions', 'rotation'];

/** What the command line asked for. */
export interface Arguments {
  readonly suites: readonly SuiteName[];
  /** Fewer and shorter rounds: to see that all works, not to believe the numbers. */
  readonly quick: boolean;
  readonly json: boolean;
}

export const USAGE = `npm run bench -- [--quick] [--json] [${SUITES.join('] [')}]`;

/** @throws Error for an option or a suite that there is not. */
export function readArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
  });
  const unknown = positionals.find((name) => !SUITES.some((suite) => suite === name));
  if (unknown !== undefined) throw new Error(`There is no suite ${unknown}. ${USAGE}`);
  const all = SUITES.filter((suite) => !(values.quick && WAITING.includes(suite)));
  const suites = positionals.length === 0 ? all : SUITES.filter((suite) => positionals.includes(suite));
  return { suites, quick: values.quick, json: values.json };
}
