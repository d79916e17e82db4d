import type { SessionStore } from 'nestjs-jwt-rs256';

/** The memory of this process; with REDIS_URL a Redis, which other processes can share and which outlives this one. */
export async function sessionStore(): Promise<{ store?: SessionStore }> {
  const url = process.env.REDIS_URL;
  if (url === undefined || url === '') return {};
  const { Redis } = await import('ioredis');
  const { RedisSessionStore } = await import('nestjs-jwt-rs256/redis');
  const client = new Redis(url);
  client.on('error', (error: Error) => console.error(`Redis: ${error.message}`));
  return { store: new RedisSessionStore({ client }) };
}
