import { createHash } from 'node:crypto';

/**
 * In which of 256 partitions the sessions of `sub` lie. A store that spreads over several machines can keep those of one
 * person together, as one atomic step needs; a sid names the same partition in its first octet.
 */
export function partitionOfSub(sub: string): number {
  return createHash('sha256').update(sub).digest()[0]!;
}

/** The partition that a sid names; 0 for what is no sid, which is nowhere anyway. */
export function partitionOfSid(sid: string): number {
  return Buffer.from(sid.slice(0, 2), 'base64url')[0] ?? 0;
}
