import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import { RedisSessionStore, type RedisClient } from '../../src/redis/index.js';
import { MemorySessionStore } from '../../src/sessions/memory-session-store.js';
import { sessionStoreContract, TestClock, type ContractBed } from '../../src/testing/index.js';
import { describeWithRedis, RedisServer } from '../support/redis-server.js';

describe('MemorySessionStore keeps the contract of a session store: it', () => {
  it.each(sessionStoreContract.map(({ name, run }) => [name, run] as const))('%s', async (_, run) => {
    const clock = new TestClock();
    await run({ store: new MemorySessionStore({ clock }), wait: async (seconds) => clock.advance(seconds) });
  });
});

/** A client, and how to be done with it. */
interface Connection {
  readonly client: RedisClient;
  close(): unknown;
}

interface Kind {
  readonly name: string;
  readonly cluster?: boolean;
  connect(server: RedisServer): Promise<Connection>;
}

const node = (server: RedisServer) => ({ host: '127.0.0.1', port: server.port });

const kinds: readonly Kind[] = [
  {
    name: 'through ioredis',
    async connect(server) {
      const client = new Redis(server.url);
      return { client, close: () => client.disconnect() };
    },
  },
  {
    name: 'through redis',
    async connect(server) {
      const client = createClient({ url: server.url });
      await client.connect();
      return { client, close: () => client.destroy() };
    },
  },
  {
    name: 'through an ordinary client, on a cluster',
    cluster: true,
    async connect(server) {
      const client = new Redis(server.url);
      return { client, close: () => client.disconnect() };
    },
  },
  {
    name: "through ioredis' Cluster",
    cluster: true,
    async connect(server) {
      const client = new Cluster([node(server)]);
      return { client, close: () => client.disconnect() };
    },
  },
  {
    name: "through redis' createCluster",
    cluster: true,
    async connect(server) {
      const client = createCluster({ rootNodes: [{ url: server.url }] });
      await client.connect();
      return { client, close: () => client.destroy() };
    },
  },
];

const sleep = (seconds: number) => new Promise<void>((resolve) => void setTimeout(resolve, seconds * 1000));

describe.each(kinds)('RedisSessionStore $name', ({ connect, cluster = false }) => {
  describeWithRedis('keeps the contract of a session store: it', () => {
    const connections: Connection[] = [];
    let server: RedisServer;
    let bed: ContractBed;

    const open = async (): Promise<RedisSessionStore> => {
      const connection = await connect(server);
      connections.push(connection);
      // Two processes share two cores with everything else here; the contract is about what is done, not how fast.
      return new RedisSessionStore({ client: connection.client, deadline: 5000 });
    };

    beforeAll(async () => {
      server = await RedisServer.start({ cluster });
      bed = { store: await open(), peer: await open(), wait: sleep };
    });

    afterAll(async () => {
      for (const connection of connections) connection.close();
      await server.close();
    });

    it.each(sessionStoreContract.map(({ name, run }) => [name, run] as const))('%s', (_, run) => run(bed));
  });
});
