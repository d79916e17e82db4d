import { SignerBusyError } from '../errors/unavailable-errors.js';

/**
 * How many signatures may be under way at once. libuv's queue has no bound of its own: without one here, a burst of
 * logins builds a backlog whose answers nobody waits for any more.
 */
export class SigningSlots {
  #taken = 0;
  readonly #most: number;

  /** @param most - signatures, waiting ones included. */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Takes a slot. Whoever must not fail half-way takes it before anything else.
   *
   * @returns gives the slot back; doing it again does nothing.
   * @throws SignerBusyError when none is left.
   */
  take(): () => void {
    if (this.#taken >= this.#most) throw new SignerBusyError();
    this.#taken++;
    let isTaken = true;
    return () => {
      if (isTaken) this.#taken--;
      isTaken = false;
    };
  }
}
