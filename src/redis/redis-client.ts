import { OptionError } from '../errors/developer-errors.js';
import type { Script } from './scripts/script.js';

/** As much of a client of `ioredis` as is used: `Redis` and `Cluster` fit. */
export interface IoredisClient {
  evalsha(sha1: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>;
  eval(text: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>;
}

/** As much of a client of `redis` as is used: what `createClient`, `createCluster` and `createClientPool` make fits. */
export interface NodeRedisClient {
  evalSha(sha1: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  eval(text: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** The application's own client, connected, or about to be. */
export type RedisClient = IoredisClient | NodeRedisClient;

/** Runs a script that Redis remembers, or else sends it. */
export type EvalScript = (
  script: Script,
  keys: readonly string[],
  args: readonly string[],
) => Promise<unknown>;

/** How a script is sent by one kind of client. */
interface Dialect {
  evalSha(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  eval(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown>;
}

/** @throws OptionError when it is no client of `ioredis` or `redis`. */
export function makeEvalScript(client: unknown): EvalScript {
  const dialect = dialectOf(client);
  return async (script, keys, args) => {
    try {
      return await dialect.evalSha(script, keys, args);
    } catch (error) {
      // Redis forgets its scripts when it starts. Sent once, it remembers them again.
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return dialect.eval(script, keys, args);
    }
  };
}

/**
 * Whether Redis itself answered with an error ("READONLY You can't write ..."), so it is there; what clients say of
 * connections begins in lower case or with a capital only.
 */
export function isErrorReply(error: unknown): boolean {
  return error instanceof Error && /^[A-Z]{2,}\b/.test(error.message);
}

function dialectOf(client: unknown): Dialect {
  if (hasMethods<NodeRedisClient>(client, ['evalSha', 'eval'])) {
    const options = (keys: readonly string[], args: readonly string[]) => ({
      keys: [...keys],
      arguments: [...args],
    });
    return {
      evalSha: (script, keys, args) => client.evalSha(script.sha1, options(keys, args)),
      eval: (script, keys, args) => client.eval(script.text, options(keys, args)),
    };
  }
  if (hasMethods<IoredisClient>(client, ['evalsha', 'eval'])) {
    return {
      evalSha: (script, keys, args) => client.evalsha(script.sha1, keys.length, ...keys, ...args),
      eval: (script, keys, args) => client.eval(script.text, keys.length, ...keys, ...args),
    };
  }
  throw new OptionError(
    'ERR_OPTION_INVALID',
    "RedisSessionStore: client must be a client of the package 'ioredis' or 'redis' (a connection string is not one).",
  );
}

function hasMethods<T>(value: unknown, names: readonly (keyof T & string)[]): value is T {
  if (typeof value !== 'object' || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
}
