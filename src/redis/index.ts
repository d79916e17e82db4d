export { RedisSessionStore } from './redis-session-store.js';

export type { IoredisClient, NodeRedisClient, RedisClient } from './redis-client.js';
export type { RedisSessionStoreOptions } from './redis-session-store.js';
