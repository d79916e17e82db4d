import { describeMachine } from './machine.js';
import type { Figure, Results, Target } from './result.js';
import type { Spread } from './statistics.js';

/** Everything as text for a terminal: figures by group, and at the end the targets. */
export function resultTable(results: Results): string {
  const suites = Object.entries(results);
  const lines: string[] = [];
  for (const [name, { figures, notes }] of suites) {
    lines.push('', `== ${name} ==`);
    for (const group of new Set(figures.map((row) => row.group))) {
      lines.push('', group, ...columns(figures.filter((row) => row.group === group).map(figureCells)));
    }
    lines.push('', ...notes.map((note) => `* ${note}`));
  }
  const targets = suites.flatMap(([, result]) => result.targets);
  if (targets.length > 0) lines.push('', '== targets ==', '', ...columns(targets.map(targetCells)));
  const [first] = suites.map(([, result]) => result);
  if (first) lines.push('', describeMachine(first.machine));
  if (first?.quick) lines.push('--quick: rounds are few and short. Do not believe these numbers.');
  return lines.join('\n');
}

function figureCells(row: Figure): string[] {
  return [`  ${row.variant}`, `${digits(row.median)} ${row.unit}`, rangeOf(row)];
}

function targetCells(target: Target): string[] {
  const { text, sense, limit, unit, met, median } = target;
  return [
    met ? '  ok' : '  MISSED',
    text,
    `${digits(median)} ${unit}`,
    rangeOf(target),
    `(${sense} ${limit} ${unit})`,
  ];
}

export function rangeOf({ low, high }: Spread): string {
  return low === high ? '' : `${digits(low)} - ${digits(high)}`;
}

/** Three significant digits, and no more than the number has before its point. */
export function digits(value: number): string {
  const places = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toFixed(places).replace(/\B(?=(\d{3})+$)/g, places === 0 ? ',' : '');
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows.reduce<number[]>(
    (all, row) => row.map((cell, at) => Math.max(all[at] ?? 0, cell.length)),
    [],
  );
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join('  ')
      .trimEnd(),
  );
}
