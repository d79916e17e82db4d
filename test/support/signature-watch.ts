import { createHook } from 'node:async_hooks';

/** Counts the signatures that Node hands to libuv's thread pool, in this process, by the async_hooks type of the job. */
export class SignatureWatch {
  /** Handed over, and not finished. */
  pending = 0;
  /** The most that were pending at a time. */
  most = 0;
  /** Handed over altogether. */
  total = 0;

  readonly #jobs = new Set<number>();
  readonly #hook = createHook({
    init: (id, type) => {
      if (type !== 'SIGNREQUEST') return;
      this.#jobs.add(id);
      this.total++;
      this.pending++;
      this.most = Math.max(this.most, this.pending);
    },
    before: (id) => {
      if (this.#jobs.delete(id)) this.pending--;
    },
  });

  constructor() {
    this.#hook.enable();
  }

  stop(): void {
    this.#hook.disable();
  }
}
