/** Where a command writes: results to `out`, everything about the work itself to `err`. */
export interface Terminal {
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** What a command may read that is given no argument. */
  readonly in?: AsyncIterable<Buffer | string> & { readonly isTTY?: boolean };
}

/** What a command ends with: nothing when all is well, or the exit code. */
export type Command = (args: string[], terminal: Terminal) => Promise<number | void>;

/** Rows with their first columns aligned, and an end to each line. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at]!))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** The command line was not understood: exit code 2. */
export class UsageError extends Error {
  constructor(
    message: string,
    readonly help: string,
  ) {
    super(message);
  }
}

/** Shows on a terminal that `work` is under way and for how long, and nothing where nobody watches. */
export async function showProgress<T>(err: Terminal['err'], label: string, work: Promise<T>): Promise<T> {
  if (err.isTTY !== true) return work;
  const started = performance.now();
  const draw = (): void =>
    void err.write(`\r${label} ... ${Math.floor((performance.now() - started) / 1000)} s`);
  draw();
  const timer = setInterval(draw, 1000);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    err.write('\r\u001b[K');
  }
}
