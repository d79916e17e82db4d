import { Redis } from 'ioredis';
import { createClient } from 'redis';
import type { RedisClient } from '../../src/redis/index.js';

/** A client with the settings that it has when nobody sets any, and how to be done with it. */
export interface RedisConnection {
  readonly client: RedisClient;
  close(): void;
}

export type RedisPackage = 'ioredis' | 'redis';

export async function connect(packageName: RedisPackage, url: string): Promise<RedisConnection> {
  // What a client says of its connection is for the application's log.
  const ignore = () => undefined;
  if (packageName === 'ioredis') {
    const client = new Redis(url).on('error', ignore);
    await client.ping();
    return { client, close: () => client.disconnect() };
  }
  const client = createClient({ url }).on('error', ignore);
  await client.connect();
  return { client, close: () => client.destroy() };
}
