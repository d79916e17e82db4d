/** Looks at the event loop as another request would: how long it may have to wait for its turn. */
export class EventLoopWatch {
  #longest = 0;
  #last = 0;
  #next: NodeJS.Immediate | undefined;

  start(): void {
    this.#longest = 0;
    this.#last = performance.now();
    const turn = (): void => {
      const now = performance.now();
      this.#longest = Math.max(this.#longest, now - this.#last);
      this.#last = now;
      this.#next = setImmediate(turn);
    };
    this.#next = setImmediate(turn);
  }

  /** @returns the longest time between two turns, in milliseconds. */
  stop(): number {
    clearImmediate(this.#next);
    return Math.max(this.#longest, performance.now() - this.#last);
  }
}
