import type { StoredSession } from './session-store.js';

/** A session, for its owner to look at. Times are Unix seconds. */
export interface SessionInfo {
  readonly sid: string;
  readonly started: number;
  /** When it was last refreshed, or started. */
  readonly refreshed: number;
  readonly device?: string;
}

export function infoOf({ sid, started, refreshed, device }: StoredSession): SessionInfo {
  return { sid, started, refreshed, ...(device === undefined ? {} : { device }) };
}
