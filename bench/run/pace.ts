/** How long calls took. Milliseconds. */
export interface Latencies {
  readonly p99: number;
  readonly calls: number;
}

/**
 * Calls at even intervals, whether the last has been answered or not. Each is timed from when it was due: a caller that
 * waited for its turn waited.
 */
export class Pace {
  private readonly times: number[] = [];
  private readonly running = new Set<Promise<void>>();
  private readonly timer: NodeJS.Timeout;
  private failure: Error | undefined;
  private due = performance.now();

  /** @param every - milliseconds. */
  constructor(
    private readonly call: () => Promise<void>,
    private readonly every: number,
  ) {
    this.timer = setInterval(() => this.catchUp(), every);
  }

  /** @throws Error, the first that a call threw. */
  async stop(): Promise<Latencies> {
    clearInterval(this.timer);
    await Promise.all(this.running);
    if (this.failure !== undefined) throw this.failure;
    const sorted = this.times.sort((a, b) => a - b);
    return { p99: sorted[Math.floor(sorted.length * 0.99)]!, calls: sorted.length };
  }

  private catchUp(): void {
    for (; this.due <= performance.now(); this.due += this.every) {
      const due = this.due;
      const one = this.call().then(
        () => void this.times.push(performance.now() - due),
        (error: Error) => void (this.failure ??= error),
      );
      this.running.add(one);
      void one.then(() => this.running.delete(one));
    }
  }
}
