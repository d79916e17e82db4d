/**
 * A value of ours that is there, or a promise of it: each promise costs a server more than finding a token that was
 * verified before. Of what an application's hook returns it cannot be told which it is; that is awaited.
 */
export type Eventual<T> = T | Promise<T>;

/** Goes on with the value: at once where it is there, and else when it comes. What `onwards` throws is thrown, or rejects. */
export function proceed<T, U>(value: Eventual<T>, onwards: (value: T) => Eventual<U>): Eventual<U> {
  return value instanceof Promise ? value.then(onwards) : onwards(value);
}
