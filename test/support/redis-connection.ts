import { Redis } from 'ioredis';
import { createClient } from 'redis';
import type { RedisClient } from '../../src/redis/index.js';

/** A client, and how to be done with it. */
export interface RedisConnection {
  readonly client: RedisClient;
  close(): void;
}

export type RedisPackage = 'ioredis' | 'redis';

/** A client that tries every half second at least to connect again; both wait for two and more when nobody says so. */
export async function connect(packageName: RedisPackage, url: string): Promise<RedisConnection> {
  // What a client says of its connection is for the application's log.
  const ignore = () => undefined;
  const delay = (tries: number) => Math.min(tries * 50, 500);
  if (packageName === 'ioredis') {
    const client = new Redis(url, { retryStrategy: delay }).on('error', ignore);
    await client.ping();
    return { client, close: () => client.disconnect() };
  }
  const client = createClient({ url, socket: { reconnectStrategy: delay } }).on('error', ignore);
  await client.connect();
  return { client, close: () => client.destroy() };
}
