import type { KeyError } from '../../errors/developer-errors.js';
import type { KeyState } from './key-life.js';

/** What happens in a key ring. No event holds a key. */
export type KeyRingEvent =
  /** A key is in another state than before, or is new in the ring. `name` is that of its file without the ending. */
  | { readonly type: KeyState; readonly kid: string; readonly name: string }
  /** A key was revoked: its tokens are invalid. */
  | { readonly type: 'revoked'; readonly kid: string; readonly name: string }
  /** A file cannot be used, for the first time since it last could. What was read of it before stays in use. */
  | { readonly type: 'faulty'; readonly name: string; readonly error: KeyError }
  | { readonly type: 'recovered'; readonly name: string }
  /** What an operator should read. */
  | { readonly type: 'notice'; readonly message: string };
