/**
 * A value that is there, or a promise of it. Where nearly every request finds its value there, a promise for it would
 * cost more than all the rest of the guard.
 */
export type Eventual<T> = T | Promise<T>;

/** Goes on with a value: at once where it is there, and else when it comes. What `onwards` throws is thrown, or rejects. */
export function proceed<T, U>(value: T | PromiseLike<T>, onwards: (value: T) => Eventual<U>): Eventual<U> {
  // Through Promise.resolve, because what has a `then` need not be a promise that returns one.
  return isToCome(value) ? Promise.resolve(value).then(onwards) : onwards(value);
}

/** Makes an attempt. Where it throws, or what it promises fails, the fallback has the word. */
export function recover<T>(
  attempt: () => T | PromiseLike<T>,
  fallback: (error: unknown) => Eventual<T>,
): Eventual<T> {
  try {
    const value = attempt();
    return isToCome(value) ? Promise.resolve(value).catch(fallback) : value;
  } catch (error) {
    return fallback(error);
  }
}

/** Whether `await` would wait for it. */
function isToCome<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  const mayHaveThen = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return mayHaveThen && 'then' in value && typeof value.then === 'function';
}
