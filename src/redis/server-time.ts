/**
 * What the clock of one Redis shows, reckoned from its answers without asking. The reckoning is never ahead of that
 * clock, so a deadline that it gives is over there, if anything, before it is over here.
 */
export class ServerTime {
  /** Milliseconds to add to our monotonic clock. Undefined before the first answer. */
  #offset: number | undefined;

  /**
   * An answer says `server`, and came between `sent` and `received`. Its time was taken some time in between: at the
   * latest when it was received, so the offset is at least the one that would follow then. The greatest of these is the
   * best, unless an answer contradicts it: then one of the clocks was set, or runs slower.
   */
  learn(server: number, sent: number, received: number): void {
    const least = server - received;
    const most = server - sent;
    if (this.#offset === undefined || this.#offset < least || this.#offset > most) this.#offset = least;
  }

  /** What the clock of Redis shows at a moment of our monotonic clock; 0, so long over, when that is not known. */
  at(moment: number): number {
    return this.#offset === undefined ? 0 : this.#offset + moment;
  }
}
