/** One bar: a value, and the quartiles that it lies between. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** What is written at its end. */
  readonly text: string;
  readonly isOurs: boolean;
}

/** Bars that share a scale. */
export interface Panel {
  readonly title: string;
  readonly bars: readonly Bar[];
}

const WIDTH = 760;
const LABELS = 300;
const VALUES = 90;
const ROW = 24;
const HEAD = 30;
const FONT = 'font-family="system-ui, sans-serif" font-size="13"';
const OURS = '#1a7f5a';
const THEIRS = '#9aa5b1';
const INK = '#1f2933';

/** A picture of horizontal bars, panel under panel. Each panel has a scale of its own. */
export function barChart(title: string, panels: readonly Panel[]): string {
  const parts: string[] = [];
  let top = 10;
  for (const panel of panels) {
    parts.push(text(16, top + 18, panel.title, 'font-weight="600"'));
    top += HEAD;
    const most = Math.max(...panel.bars.map(({ high }) => high));
    for (const bar of panel.bars) {
      parts.push(...row(bar, top, (WIDTH - LABELS - VALUES) / most));
      top += ROW;
    }
    top += 12;
  }
  return svg(title, top, parts);
}

function row(bar: Bar, top: number, scale: number): string[] {
  const length = Math.max(1, bar.value * scale);
  const middle = top + ROW / 2;
  const [low, high] = [LABELS + bar.low * scale, LABELS + bar.high * scale].map(round) as [number, number];
  return [
    text(LABELS - 10, middle + 4, bar.label, `text-anchor="end"${bar.isOurs ? ' font-weight="600"' : ''}`),
    `<rect x="${LABELS}" y="${top + 4}" width="${round(length)}" height="${ROW - 8}" rx="2" fill="${bar.isOurs ? OURS : THEIRS}"/>`,
    ...(bar.low === bar.high
      ? []
      : [`<path d="M${low} ${middle}H${high}" stroke="${INK}" stroke-width="1.5"/>`]),
    text(Math.max(LABELS + length, high) + 6, middle + 4, bar.text),
  ];
}

/** One line: a value for each of the places along the bottom. */
export interface Line {
  readonly label: string;
  readonly values: readonly number[];
  readonly isOurs: boolean;
}

/** A picture of lines from 0 to 100 percent over places that are evenly spaced. */
export function lineChart(
  title: string,
  axis: string,
  places: readonly string[],
  lines: readonly Line[],
): string {
  const [left, right, top, bottom] = [60, WIDTH - 150, 50, 270];
  const x = (index: number): number =>
    round(left + ((right - left) * index) / Math.max(1, places.length - 1));
  const y = (percent: number): number => round(bottom - ((bottom - top) * percent) / 100);
  const grid = [0, 25, 50, 75, 100].flatMap((percent) => [
    `<path d="M${left} ${y(percent)}H${right}" stroke="#d9dee4"/>`,
    text(left - 8, y(percent) + 4, `${percent} %`, 'text-anchor="end"'),
  ]);
  const names = places.map((place, index) => text(x(index), bottom + 20, place, 'text-anchor="middle"'));
  const curves = lines.flatMap(({ label, values, isOurs }) => {
    const points = values.map((value, index) => `${x(index)},${y(value)}`).join(' ');
    const color = isOurs ? OURS : THEIRS;
    return [
      `<polyline points="${points}" fill="none" stroke="${color}" stroke-width="2.5"/>`,
      text(right + 10, y(values.at(-1)!) + 4, label, isOurs ? 'font-weight="600"' : ''),
    ];
  });
  const words = [
    text(16, 28, title, 'font-weight="600"'),
    text((left + right) / 2, bottom + 44, axis, 'text-anchor="middle"'),
  ];
  return svg(title, bottom + 60, [...words, ...grid, ...names, ...curves]);
}

function svg(title: string, height: number, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" ${FONT}>`,
    `<title>${escape(title)}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="#ffffff"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function text(x: number, y: number, words: string, attributes = ''): string {
  return `<text x="${round(x)}" y="${round(y)}" fill="${INK}"${attributes ? ` ${attributes}` : ''}>${escape(words)}</text>`;
}

const round = (value: number): number => Math.round(value * 10) / 10;

function escape(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
