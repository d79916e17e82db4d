import { JwkSetServer, type Fault } from '../fixtures/jwk-set-server.js';
import { makeKeyPair, type BenchKeyPair } from '../fixtures/key-pair.js';
import { claimsOf, mint } from '../fixtures/tokens.js';
import { READERS, type ReaderName } from '../peers/remote.js';
import type { ReaderJob, ReaderReport } from '../remote-reader.js';
import { runProgram } from '../run/program.js';
import { atLeast, atMost, figure, type Figure, type SuiteResult, type Target } from '../run/result.js';
import { exactly } from '../run/statistics.js';
import type { Suite, SuiteOptions } from './suite.js';

interface Limit {
  readonly sense: 'at most' | 'at least';
  readonly limit: number;
}

/** What is put into one figure of a report. */
interface Column {
  readonly group: string;
  readonly unit: Figure['unit'];
  readonly of: (report: ReaderReport) => number | undefined;
  /** What is promised of ours. */
  readonly target?: Limit;
}

/** A row of the table of faults. */
interface Row {
  readonly situation: string;
  readonly fault: Fault;
  readonly columns: readonly Column[];
  /** Timed, or weighed: nothing else may run meanwhile. */
  readonly isAlone?: boolean;
}

const share = ({ accepted, refused }: ReaderReport): number => (100 * accepted) / (accepted + refused);
const atMostOf = (limit: number): Limit => ({ sense: 'at most', limit });
const atLeastOf = (limit: number): Limit => ({ sense: 'at least', limit });

function rowsOf(scale: number, sizes: { hugeMb: number; bombMb: number; keys: number }): Row[] {
  const floodText = `${2000 * scale} forged kids in ${5 * scale} s`;
  const grown = (what: string): Column[] => [
    { group: `growth of the process: ${what}`, unit: 'MB', of: (it) => it.grownMb, target: atMostOf(5) },
  ];
  const over = (what: string): Column[] => [
    {
      group: `until a request is answered: ${what}`,
      unit: 's',
      of: (it) => it.seconds,
      target: atMostOf(3.2),
    },
  ];
  return [
    {
      situation: 'first',
      fault: 'old',
      columns: [
        {
          group: '500 first requests at once: fetches',
          unit: 'count',
          of: (it) => it.fetches,
          target: atMostOf(1),
        },
      ],
    },
    {
      situation: 'flood',
      fault: 'old',
      isAlone: true,
      columns: [
        { group: `${floodText}: fetches`, unit: 'count', of: (it) => it.fetchesInFlood, target: atMostOf(1) },
        { group: `${floodText}: known keys served`, unit: '%', of: share, target: atLeastOf(100) },
        { group: `${floodText}: p99 of known keys`, unit: 'ms', of: (it) => it.p99 },
        { group: 'before the flood: p99 of known keys', unit: 'ms', of: (it) => it.idleP99 },
        {
          group: 'a key rotated right after the flood is accepted after',
          unit: 's',
          of: (it) => it.seconds,
          target: atMostOf(11),
        },
      ],
    },
    {
      situation: 'rotation',
      fault: 'old',
      columns: [
        {
          group: 'a key rotated 1 s after a fetch is accepted after',
          unit: 's',
          of: (it) => it.seconds,
          target: atMostOf(1),
        },
        {
          group: 'good tokens refused meanwhile',
          unit: 'count',
          of: (it) => it.refused,
          target: atMostOf(0),
        },
      ],
    },
    {
      situation: 'refusing',
      fault: 'refuse',
      columns: [
        {
          group: 'an endpoint that refuses, 200 requests: attempts',
          unit: 'count',
          of: (it) => it.fetches,
          target: atMostOf(4),
        },
        {
          group: 'of those 200, answered as unavailable',
          unit: 'count',
          of: (it) => it.unavailable,
          target: atLeastOf(200),
        },
      ],
    },
    { situation: 'waiting', fault: 'hang', columns: over('it hangs') },
    { situation: 'waiting', fault: 'drip', columns: over('it drips its body') },
    {
      situation: 'empty',
      fault: 'old',
      columns: [
        { group: 'after an empty set: good tokens accepted', unit: '%', of: share, target: atLeastOf(100) },
      ],
    },
    {
      situation: 'outage',
      fault: 'old',
      columns: [
        {
          group: 'cache over, endpoint down: good tokens accepted',
          unit: '%',
          of: share,
          target: atLeastOf(100),
        },
        { group: 'cache over, endpoint down: p99', unit: 'ms', of: (it) => it.p99 },
      ],
    },
    { situation: 'memory', fault: 'huge', isAlone: true, columns: grown(`a body of ${sizes.hugeMb} MB`) },
    { situation: 'memory', fault: 'bomb', isAlone: true, columns: grown(`${sizes.bombMb} MB of gzip`) },
    {
      situation: 'memory',
      fault: 'many',
      isAlone: true,
      columns: grown(`${sizes.keys.toLocaleString('en')} keys`),
    },
  ];
}

/** What a remote JWK Set can do to its reader: ours, and those that others use. */
export const remoteSuite: Suite = async (options) => {
  const [old, next] = await Promise.all([makeKeyPair(), makeKeyPair()]);
  const scale = options.quick ? 0.1 : 1;
  const sizes = { hugeMb: 300 * scale, bombMb: 200 * scale, keys: 10_000 };
  const job = {
    known: await mint(old, claimsOf('alice')),
    next: await mint(next, claimsOf('alice')),
    scale,
  };
  const run = (row: Row, name: ReaderName) => runReader({ row, name, job, pairs: [old, next], sizes });
  const figures: Figure[] = [];
  const targets: Target[] = [];
  // The one that waits for a minute is of no interest when only the works are looked at.
  const readers = options.quick ? READERS.slice(0, 1) : READERS;
  for (const row of rowsOf(scale, sizes)) {
    options.progress.step(`${row.situation}, ${row.fault}`);
    const reports = await inTurn(readers, (name) => run(row, name), row.isAlone === true);
    for (const column of row.columns) {
      figures.push(...reports.map(([name, report]) => figureOf(column, name, report)));
      targets.push(...targetsOf(column, reports[0]![1]));
    }
    if (row.situation === 'flood') targets.push(p99Target(reports[0]![1]));
  }
  return { figures, targets, notes: notesOf(options) };
};

async function inTurn(
  names: readonly ReaderName[],
  run: (name: ReaderName) => Promise<ReaderReport>,
  isAlone: boolean,
): Promise<[ReaderName, ReaderReport][]> {
  if (!isAlone)
    return Promise.all(names.map(async (name) => [name, await run(name)] as [ReaderName, ReaderReport]));
  const reports: [ReaderName, ReaderReport][] = [];
  for (const name of names) reports.push([name, await run(name)]);
  return reports;
}

async function runReader(parts: {
  row: Row;
  name: ReaderName;
  job: Omit<ReaderJob, 'origin'>;
  pairs: [BenchKeyPair, BenchKeyPair];
  sizes: { hugeMb: number; bombMb: number; keys: number };
}): Promise<ReaderReport> {
  const { row, name, pairs } = parts;
  const server = await JwkSetServer.start(...pairs, parts.sizes);
  try {
    server.fault = row.fault;
    const job: ReaderJob = { ...parts.job, origin: server.origin };
    const execArgv = ['--expose-gc'];
    return await runProgram<ReaderReport>('remote-reader', [row.situation, name, JSON.stringify(job)], {
      execArgv,
    });
  } finally {
    server.stop();
  }
}

function figureOf(column: Column, name: ReaderName, report: ReaderReport): Figure {
  return figure(column.group, name, column.unit, exactly(column.of(report) ?? Number.NaN));
}

function targetsOf({ group, unit, of, target }: Column, ours: ReaderReport): Target[] {
  if (!target) return [];
  const value = exactly(of(ours) ?? Number.NaN);
  const words = unit === 'count' ? '' : unit;
  return [
    target.sense === 'at most'
      ? atMost(group, target.limit, value, words)
      : atLeast(group, target.limit, value, words),
  ];
}

function p99Target({ p99 = Number.NaN, idleP99 = Number.NaN }: ReaderReport): Target {
  return atMost('p99 of known keys in the flood / before it', 2, exactly(p99 / idleP99));
}

function notesOf({ quick }: SuiteOptions): SuiteResult['notes'] {
  return [
    'Each reader is a process of its own in each situation; the endpoint is on this machine. Readers have their defaults.',
    'Where the cache has to run out ("cache over", "an empty set"), all of them keep a set for 1 s, and jose asks again without a pause, so that it need not be waited for.',
    'A key that was not accepted within 70 s (right after the flood) or 40 s was waited for no longer.',
    'Growth is that of the resident set at its highest, above what the process took when its modules were loaded.',
    ...(quick ? ['--quick: ours alone, a tenth of the flood, and smaller answers.'] : []),
  ];
}
