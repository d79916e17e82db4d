import { StoreUnavailableError } from '../errors/session-errors.js';
import type { SessionDetails, StoredSession } from '../sessions/session-store.js';
import type { Answer } from './script-runner.js';

/** Values that a script answers for each session: started, refreshed, over, details. */
export const FIELDS = 4;

/** Those that there are, and can be read. One that cannot must not stand in the way of the others. */
export function readSessions(sids: readonly string[], { values, now }: Answer): StoredSession[] {
  return sids.flatMap((sid, index) => {
    const own = values.slice(index * FIELDS, (index + 1) * FIELDS);
    return tryToRead(sid, own, now) ?? [];
  });
}

/** @throws StoreUnavailableError */
export function readSession(sid: string, values: readonly string[], now: number): StoredSession {
  const session = tryToRead(sid, values, now);
  if (!session) throw broken();
  return session;
}

function tryToRead(sid: string, values: readonly string[], now: number): StoredSession | undefined {
  const [started, refreshed, over] = values
    .slice(0, FIELDS - 1)
    .map((time) => Number(time || Number.NaN) / 1000);
  const details = readDetails(values[FIELDS - 1]);
  if (!details || ![started, refreshed, over].every(Number.isFinite)) return undefined;
  return { ...details, sid, started: started!, refreshed: refreshed!, secondsLeft: over! - now / 1000 };
}

/** undefined where it is not what a session was started with: somebody else wrote it. */
function readDetails(json: string | undefined): SessionDetails | undefined {
  let details: Partial<SessionDetails> | null;
  try {
    details = JSON.parse(json ?? '') as Partial<SessionDetails> | null;
  } catch {
    return undefined;
  }
  const { sub, claims, authTime, device } = details ?? {};
  if (typeof sub !== 'string' || typeof claims !== 'object' || claims === null) return undefined;
  if (typeof authTime !== 'number' || (device !== undefined && typeof device !== 'string')) return undefined;
  return { sub, claims, authTime, ...(device === undefined ? {} : { device }) };
}

export function broken(): StoreUnavailableError {
  return new StoreUnavailableError(
    'The session store holds something that is no session under the key of one',
  );
}
