import { DEFAULT_REMOTE_KEY_POLICY } from '../../src/keys/remote/remote-key-policy.js';
import { TestClock } from '../../src/testing/index.js';

const DEADLINE = DEFAULT_REMOTE_KEY_POLICY.deadline * 1000;

/**
 * A clock that stands while the keys of an issuer are being fetched. A test that moves it by minutes would otherwise have
 * each fetch exceed its deadline, which is of seconds, before the first octet.
 */
export class ServiceClock extends TestClock {
  readonly #fetches = new Set<unknown>();

  override setTimeout(callback: () => void, ms: number) {
    const timer = super.setTimeout(callback, ms);
    if (ms === DEADLINE) this.#fetches.add(timer);
    return timer;
  }

  override clearTimeout(timer: unknown): void {
    this.#fetches.delete(timer);
    super.clearTimeout(timer);
  }

  /** Moves on by so many seconds, in steps within which a fetch may begin and not be over its deadline. */
  async pass(seconds: number): Promise<void> {
    const end = this.now() + seconds;
    while (this.now() < end) {
      this.advance(Math.min(2, end - this.now()));
      while (this.#fetches.size > 0) await new Promise(setImmediate);
    }
  }
}
