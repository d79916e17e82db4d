import { createHash } from 'node:crypto';
import { OptionError } from '../errors/developer-errors.js';
import { partitionOfSid, partitionOfSub } from '../sessions/partition.js';
import {
  SessionStore,
  type EndAllRequest,
  type EndedId,
  type EndedSince,
  type EndRequest,
  type RevokeRequest,
  type RotateRequest,
  type RotateResult,
  type StartRequest,
  type StoredSession,
} from '../sessions/session-store.js';
import { SystemClock } from '../time/clock.js';
import { broken, FIELDS, readSession, readSessions } from './read-session.js';
import { makeEvalScript, type RedisClient } from './redis-client.js';
import { ScriptRunner, type Answer } from './script-runner.js';
import { END } from './scripts/end.js';
import { FEED, REVOKE } from './scripts/feed.js';
import { INSPECT } from './scripts/inspect.js';
import { FORGET, LIST, READ } from './scripts/list.js';
import { ROTATE } from './scripts/rotate.js';
import type { Script } from './scripts/script.js';
import { START } from './scripts/start.js';

/** What a store on Redis is made with. */
export interface RedisSessionStoreOptions {
  /** The application's own client, of the package `ioredis` or `redis`. It is never closed here. */
  client: RedisClient;
  /** Begins every key. Two applications on one Redis need two. Default: `'jwt-rs256:'`. */
  prefix?: string;
  /** Milliseconds after which a command that was not answered has failed, here and on Redis. Default: 250. */
  deadline?: number;
}

/**
 * Keys are spread over so many slots of a cluster. All sessions of a person are in one, with the list of what ended there,
 * so that each operation is one script.
 */
const SHARDS = 16;
/** Sessions that one script looks at, for nothing else happens on Redis meanwhile. */
const MOST_AT_ONCE = 200;

/**
 * Sessions in Redis 6.2 or newer, or what speaks its language, for any number of processes; on a cluster too. One
 * script per operation is what makes it atomic. The clock is that of Redis.
 */
export class RedisSessionStore extends SessionStore {
  readonly #runner: ScriptRunner;
  readonly #prefix: string;

  /** @throws OptionError when an option is not valid. */
  constructor({ client, prefix = 'jwt-rs256:', deadline = 250 }: RedisSessionStoreOptions) {
    super();
    if (typeof prefix !== 'string' || /[{}]/.test(prefix)) {
      throw new OptionError(
        'ERR_OPTION_INVALID',
        'RedisSessionStore: prefix must be a text without { and }.',
      );
    }
    if (typeof deadline !== 'number' || !(deadline >= 10 && deadline <= 10_000)) {
      throw new OptionError(
        'ERR_OPTION_INVALID',
        'RedisSessionStore: deadline must be 10 to 10,000 milliseconds.',
      );
    }
    this.#prefix = prefix;
    this.#runner = new ScriptRunner(makeEvalScript(client), deadline, new SystemClock());
  }

  override async start({ sid, current, details, refreshTokenTtl, sessionTtl }: StartRequest): Promise<void> {
    const shard = shardOf(partitionOfSid(sid));
    const keys = [this.#sessionKey(sid), this.#indexKey(details.sub)];
    const args = [sid, current, ms(refreshTokenTtl), ms(sessionTtl), JSON.stringify(details)];
    await this.#run(START, shard, keys, args);
  }

  override async rotate(request: RotateRequest): Promise<RotateResult> {
    const { sid, presented, successor, sealed, refreshTokenTtl, reuseInterval, retention } = request;
    const shard = shardOf(partitionOfSid(sid));
    const keys = [...this.#keysOf(sid), this.#feedKey(shard)];
    const args = [sid, presented, successor, sealed, ms(refreshTokenTtl), ms(reuseInterval), ms(retention)];
    const { status, now, values } = await this.#run(ROTATE, shard, keys, args);
    if (status === 'unknown') return { outcome: 'unknown' };
    const session = readSession(sid, values, now);
    if (status === 'repeated') return { outcome: status, session, sealed: values[FIELDS]! };
    if (status === 'rotated' || status === 'reused') return { outcome: status, session };
    throw broken();
  }

  override async end({ sid, retention }: EndRequest): Promise<StoredSession | undefined> {
    // Which index it is in says the session.
    const { sessions, over } = await this.#read([sid]);
    if (over.length > 0) return undefined;
    const [found] = sessions;
    if (!found) throw broken();
    return (await this.#end([sid], found.sub, retention))[0];
  }

  override async endAll({ sub, except, retention }: EndAllRequest): Promise<readonly StoredSession[]> {
    const sids = (await this.#sids(sub)).filter((sid) => sid !== except);
    const ended: StoredSession[] = [];
    for (const some of chunks(sids)) ended.push(...(await this.#end(some, sub, retention)));
    return ended;
  }

  override async list(sub: string): Promise<readonly StoredSession[]> {
    const found: StoredSession[] = [];
    for (const some of chunks(await this.#sids(sub))) {
      const { sessions, over } = await this.#read(some);
      found.push(...sessions);
      if (over.length > 0) await this.#run(FORGET, shardOf(partitionOfSub(sub)), [this.#indexKey(sub)], over);
    }
    return found;
  }

  override async revoke({ jti, retention }: RevokeRequest): Promise<void> {
    const shard = shardOf(partitionOfSub(jti));
    await this.#run(REVOKE, shard, [this.#feedKey(shard)], [ms(retention), jti]);
  }

  /** The cursor holds the position in the feed of each shard. */
  override async endedSince(cursor: string | undefined): Promise<EndedSince> {
    const positions = cursor?.split(',') ?? [];
    const read = (index: number) => this.#feed(index, positions[index] ?? '0-0');
    // One goes ahead: while Redis does not answer, one command finds out, not sixteen.
    const first = await read(0);
    const rest = await Promise.all(Array.from({ length: SHARDS - 1 }, (_, index) => read(index + 1)));
    const feeds = [first, ...rest];
    return {
      ended: feeds.flatMap(({ ended }) => ended),
      cursor: feeds.map((feed) => feed.cursor).join(),
      more: feeds.some(({ more }) => more),
    };
  }

  override async inspect(): Promise<readonly string[]> {
    const { values } = await this.#run(INSPECT, shardOf(0), [this.#feedKey(shardOf(0))], []);
    const [policy = '', version = ''] = values;
    const [major = 0, minor = 0] = version.split('.').map(Number);
    const advice: string[] = [];
    if (policy !== '' && policy !== 'noeviction') {
      advice.push(
        `Redis has maxmemory-policy ${policy}: when memory is short it will evict sessions, and the list of those that ended. ` +
          'Set it to noeviction, and let sessions have a Redis of their own.',
      );
    }
    if (version !== '' && (major < 6 || (major === 6 && minor < 2))) {
      advice.push(`Redis is of version ${version}; sessions need 6.2 or newer.`);
    }
    return advice;
  }

  async #feed(index: number, position: string): Promise<EndedSince> {
    const shard = shardOf(index * (256 / SHARDS));
    const { now, values } = await this.#run(FEED, shard, [this.#feedKey(shard)], [position]);
    const [cursor = '0-0', more, ...entries] = values;
    const ended: EndedId[] = [];
    for (let at = 0; at < entries.length; at += 2) {
      const [number = '', text = ''] = entries.slice(at, at + 2);
      const age = Math.max(0, (now - Number.parseInt(number, 10)) / 1000);
      ended.push({ kind: text.startsWith('sid:') ? 'sid' : 'jti', id: text.slice(4), age });
    }
    return { ended, cursor, more: more === '1' };
  }

  async #sids(sub: string): Promise<readonly string[]> {
    const { values } = await this.#run(LIST, shardOf(partitionOfSub(sub)), [this.#indexKey(sub)], []);
    return values;
  }

  async #read(sids: readonly string[]): Promise<{ sessions: StoredSession[]; over: string[] }> {
    const keys = sids.map((sid) => this.#sessionKey(sid));
    const answer = await this.#run(READ, shardOf(partitionOfSid(sids[0]!)), keys, []);
    const over = sids.filter((_, index) => answer.values[index * FIELDS] === '');
    return { sessions: readSessions(sids, answer), over };
  }

  async #end(sids: readonly string[], sub: string, retention: number): Promise<StoredSession[]> {
    const shard = shardOf(partitionOfSub(sub));
    const keys = [this.#feedKey(shard), this.#indexKey(sub), ...sids.flatMap((sid) => this.#keysOf(sid))];
    return readSessions(sids, await this.#run(END, shard, keys, [ms(retention), ...sids]));
  }

  async #run(
    script: Script,
    shard: string,
    keys: readonly string[],
    args: readonly (string | number)[],
  ): Promise<Answer> {
    const answer = await this.#runner.run({ script, shard, keys, args });
    if (answer.status === 'broken') throw broken();
    return answer;
  }

  #keysOf(sid: string): [session: string, blob0: string, blob1: string] {
    const shard = shardOf(partitionOfSid(sid));
    return [this.#sessionKey(sid), this.#key(shard, `next:0:${sid}`), this.#key(shard, `next:1:${sid}`)];
  }

  #sessionKey(sid: string): string {
    return this.#key(shardOf(partitionOfSid(sid)), `session:${sid}`);
  }

  /** Hashed: a sub may be of any length, and a name of a key is read by more people than what is in it. */
  #indexKey(sub: string): string {
    const hash = createHash('sha256').update(sub).digest('base64url');
    return this.#key(shardOf(partitionOfSub(sub)), `sub:${hash}`);
  }

  #feedKey(shard: string): string {
    return this.#key(shard, 'ended');
  }

  /** Redis Cluster puts keys with the same text in braces into the same slot. */
  #key(shard: string, name: string): string {
    return `${this.#prefix}{${shard}}:${name}`;
  }
}

function shardOf(partition: number): string {
  return Math.floor(partition / (256 / SHARDS)).toString(SHARDS);
}

function ms(seconds: number): number {
  return Math.ceil(seconds * 1000);
}

function chunks(sids: readonly string[]): (readonly string[])[] {
  const count = Math.ceil(sids.length / MOST_AT_ONCE);
  return Array.from({ length: count }, (_, index) =>
    sids.slice(index * MOST_AT_ONCE, (index + 1) * MOST_AT_ONCE),
  );
}
