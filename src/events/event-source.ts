/** What is called for each event. What it returns is not waited for. */
export type Listener<Event> = (event: Event) => unknown;

/**
 * Tells listeners what happens. Not node's EventEmitter: there a listener that throws takes the emitter's caller down
 * with it, and here the caller has just spent a refresh token or retired a key.
 */
export class EventSource<Event> {
  readonly #listeners = new Set<Listener<Event>>();
  readonly #onListenerError: (error: unknown) => void;

  /** @param onListenerError - what a listener threw, or its promise rejected with. It must not throw. */
  constructor(onListenerError: (error: unknown) => void) {
    this.#onListenerError = onListenerError;
  }

  /** @returns ends the subscription. */
  subscribe(listener: Listener<Event>): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Calls every listener, and waits for none. */
  raise(event: Event): void {
    // A copy: whoever subscribes meanwhile hears of the next event.
    for (const listener of Array.from(this.#listeners)) {
      try {
        const result = listener(event);
        if (result instanceof Promise) result.catch(this.#onListenerError);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }
}
