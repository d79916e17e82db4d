import type { Figure, Results } from '../run/result.js';
import { digits, rangeOf } from '../run/table.js';
import type { Bar, Panel } from './chart.js';
import { markdownTable } from './markdown.js';

/** The figures of one group, of whichever suite. */
export function groupOf(results: Results, group: string): readonly Figure[] {
  const rows = Object.values(results).flatMap(({ figures }) => figures.filter((row) => row.group === group));
  if (rows.length === 0) throw new Error(`Nothing was measured of "${group}": run npm run bench first`);
  return rows;
}

function amount({ median, unit }: Pick<Figure, 'median' | 'unit'>): string {
  return unit === 'count' ? digits(median) : `${digits(median)} ${unit}`;
}

/** A table of a group: each variant, its median and quartiles, and how often the base goes into it. */
export function tableOf(rows: readonly Figure[], head: string, base?: string): string {
  const of = rows.find(({ variant }) => variant === base);
  const titles = [head, 'median', 'half of the rounds', ...(of ? [`of ${of.variant}`] : [])];
  return markdownTable(
    titles,
    rows.map((row) => [
      isOurs(row) ? `**${row.variant}**` : row.variant,
      amount(row),
      rangeOf(row),
      ...(of ? [`${digits(row.median / of.median)} x`] : []),
    ]),
  );
}

/** A table with a row for each variant and a column for each group. */
export function crossTable(head: string, columns: Readonly<Record<string, readonly Figure[]>>): string {
  const groups = Object.values(columns);
  return markdownTable(
    [head, ...Object.keys(columns)],
    groups[0]!.map(({ variant }) => {
      const rows = groups.map((rows) => rows.find((row) => row.variant === variant));
      const name = isOurs({ variant }) ? `**${variant}**` : variant;
      return [name, ...rows.map((row) => (row ? amount(row) : ''))];
    }),
  );
}

export function panelOf(title: string, rows: readonly Figure[]): Panel {
  return { title, bars: rows.map(barOf) };
}

function barOf(row: Figure): Bar {
  const { variant, median, low, high } = row;
  return { label: variant, value: median, low, high, text: amount(row), isOurs: isOurs(row) };
}

function isOurs({ variant }: Pick<Figure, 'variant'>): boolean {
  return variant.startsWith('nestjs-jwt-rs256');
}
