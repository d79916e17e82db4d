import { randomBytes, randomUUID } from 'node:crypto';
import { partitionOfSub } from '../sessions/partition.js';
import type { RotateRequest, SessionDetails, SessionStore, StartRequest } from '../sessions/session-store.js';

/** What a case runs on. */
export interface ContractBed {
  readonly store: SessionStore;
  /** The same sessions seen from another process, where there can be one. Default: `store`. */
  readonly peer?: SessionStore;
  /** Lets the store's clock go on by so many seconds: by 0.2 at most. A TestClock, or a real timer. */
  readonly wait: (seconds: number) => Promise<void>;
}

/** One demand on a session store. `run` rejects when it is not met. */
export interface ContractCase {
  readonly name: string;
  run(bed: ContractBed): Promise<void>;
}

/** Lengths that nobody waits for, and one that a case does wait for. Seconds. */
export const LONG = { refreshTokenTtl: 3600, sessionTtl: 7200, reuseInterval: 30, retention: 3600 } as const;
export const SHORT = 0.1;
export const LONGER_THAN_SHORT = 0.15;

/** A hash as the sessions would hand over: random text. */
export function hash(): string {
  return randomBytes(32).toString('base64url');
}

/** A person that no other case knows. */
export function somebody(): string {
  return `somebody ${randomUUID()}`;
}

/** A new session's name, in the partition of its owner. */
function sidOf(sub: string): string {
  return Buffer.concat([Buffer.from([partitionOfSub(sub)]), randomBytes(17)]).toString('base64url');
}

export function startRequest(sub: string, parts: Partial<StartRequest & SessionDetails> = {}): StartRequest {
  const { claims = { sub }, authTime = 1_795_000_000, device, ...request } = parts;
  const details = { sub, claims, authTime, ...(device === undefined ? {} : { device }) };
  return { ...LONG, sid: sidOf(sub), current: hash(), details, ...request };
}

export function rotateRequest(
  sid: string,
  presented: string,
  parts: Partial<RotateRequest> = {},
): RotateRequest {
  return { ...LONG, sid, presented, successor: hash(), sealed: `sealed ${randomUUID()}`, ...parts };
}

/** A session of somebody's, with a token that has never been used. */
export async function startSession(
  store: SessionStore,
  sub: string = somebody(),
  parts: Partial<StartRequest & SessionDetails> = {},
): Promise<{ sub: string; sid: string; current: string }> {
  const request = startRequest(sub, parts);
  await store.start(request);
  return { sub, sid: request.sid, current: request.current };
}

/** The outcome of presenting a token, and nothing more. */
export async function outcomeOf(
  store: SessionStore,
  sid: string,
  presented: string,
  parts: Partial<RotateRequest> = {},
): Promise<string> {
  return (await store.rotate(rotateRequest(sid, presented, parts))).outcome;
}

export async function sidsOf(store: SessionStore, sub: string): Promise<string[]> {
  return (await store.list(sub)).map(({ sid }) => sid).sort();
}

/** All that a store reports as ended, from the beginning or from a cursor. */
export async function endedIds(
  store: SessionStore,
  from?: string,
): Promise<{ ids: string[]; ages: Map<string, number>; cursor: string }> {
  const ids: string[] = [];
  const ages = new Map<string, number>();
  let cursor = from;
  for (let more = true; more;) {
    const since = await store.endedSince(cursor);
    for (const { kind, id, age } of since.ended) {
      ids.push(`${kind} ${id}`);
      ages.set(`${kind} ${id}`, age);
    }
    cursor = since.cursor;
    more = since.more;
  }
  return { ids, ages, cursor: cursor! };
}
