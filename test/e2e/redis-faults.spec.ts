import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Redis } from 'ioredis';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SessionPolicy } from '../../src/sessions/session-policy.js';
import { RedisSessionStore, type IoredisClient } from '../../src/redis/index.js';
import { RefreshToken } from '../../src/sessions/refresh-token.js';
import type { TokenResponse } from '../../src/sessions/token-response.js';
import { sessionStoreContract, TestClock } from '../../src/testing/index.js';
import { SystemClock } from '../../src/time/clock.js';
import { connect, type RedisConnection, type RedisPackage } from '../support/redis-connection.js';
import { describeWithRedis, RedisServer } from '../support/redis-server.js';
import { SessionProcess, type SessionPeer } from '../support/session-process.js';
import { makeSessions, POLICY, TestIssuer, type SessionBed } from '../support/sessions.js';

const PACKAGES: readonly RedisPackage[] = ['ioredis', 'redis'];
const STRICT = { reuseInterval: 0 };
const UNAVAILABLE = 'ERR_STORE_UNAVAILABLE';

/** Milliseconds for what is not about the deadline: the machine may have a lot else to do. */
const PATIENT = 10_000;
/** Where Redis does not answer at all, somebody waits for it. */
const BRISK = 1000;

// Servers and processes are started here.
jest.setTimeout(60_000);

const closers: (() => unknown)[] = [];

async function closeAll(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

interface OpenOptions {
  readonly policy?: Partial<SessionPolicy>;
  readonly packageName?: RedisPackage;
  readonly deadline?: number;
}

/** Sessions of this process in Redis. The signer is quick, for none of this is about signatures. */
async function open(
  server: RedisServer,
  { policy = {}, packageName = 'ioredis', deadline = PATIENT }: OpenOptions = {},
): Promise<SessionBed & RedisConnection> {
  const connection = await connect(packageName, server.url);
  closers.push(connection.close);
  const clock = new SystemClock();
  const issuer = new TestIssuer(clock, 1000, () => 'a token');
  const store = new RedisSessionStore({ client: connection.client, deadline });
  const bed = makeSessions({ policy, store, issuer, clock: clock as unknown as TestClock });
  closers.push(() => bed.sessions.close());
  return { ...bed, ...connection };
}

/** The policies of a process, by number. */
const [LENIENT_ONE, STRICT_ONE] = [0, 1];

async function openProcess(server: RedisServer, options: OpenOptions = {}): Promise<SessionProcess> {
  const { policy = {}, deadline = PATIENT, packageName = 'ioredis' } = options;
  const policies = [POLICY, { ...POLICY, ...STRICT }].map((one) => ({ ...one, ...policy }));
  return SessionProcess.start({ url: server.url, packageName, deadline, policies });
}

function openProcesses(
  server: RedisServer,
  count: number,
  options: OpenOptions = {},
): Promise<SessionProcess[]> {
  const kinds = Array.from({ length: count }, (_, index) => ({
    packageName: PACKAGES[index % 2]!,
    ...options,
  }));
  return Promise.all(kinds.map((kind) => openProcess(server, kind)));
}

const outcomeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'done',
    (error: { code?: string }) => error.code ?? error,
  );

/** Longer than anything here takes; a wait that never ends would outlive its test. */
const LONGEST_WAIT = 30_000;

const pause = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

/** Asks again until the store is back. Rejects with whatever else goes wrong. */
async function insist<T>(ask: () => Promise<T>): Promise<T> {
  const end = performance.now() + LONGEST_WAIT;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if ((error as { code?: string }).code !== UNAVAILABLE || performance.now() > end) throw error;
      await pause(20);
    }
  }
}

/** Waits until something is so. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + LONGEST_WAIT;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Not so after ${LONGEST_WAIT} ms: ${String(condition)}`);
    await pause(5);
  }
}

const sidOf = ({ refresh_token }: TokenResponse): string => RefreshToken.parse(refresh_token).sid;
const N = 200;

describeWithRedis('Sessions in Redis', () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
    processes = await openProcesses(server, 4);
  });

  afterEach(closeAll);
  afterAll(async () => {
    await Promise.all(processes.map((process) => process.close()));
    await server.close();
  });

  let processes: SessionProcess[];

  /** As many peers as there are, on the same data. */
  const settings: readonly (readonly [string, (policy: number) => Promise<readonly SessionPeer[]>])[] = [
    ...PACKAGES.map((packageName) => {
      const openOne = async (policy: number) => {
        const options = { packageName, policy: policy === STRICT_ONE ? STRICT : {} };
        return [(await open(server, options)).sessions];
      };
      return [`with one client of ${packageName}`, openOne] as const;
    }),
    ['with four processes', async (policy) => processes.map((process) => process.peer(policy))],
  ];

  describe.each(settings)('%s:', (_, openPeers) => {
    it(`of ${N} refreshes at once with one token all get the same successor`, async () => {
      const peers = await openPeers(LENIENT_ONE);
      const { refresh_token } = await peers[0]!.start({ sub: 'alice' });
      const answers = await Promise.all(
        Array.from({ length: N }, (__, index) => peers[index % peers.length]!.refresh(refresh_token)),
      );
      expect(new Set(answers.map((answer) => answer.refresh_token)).size).toBe(1);
      expect(await outcomeOf(peers[0]!.refresh(answers[0]!.refresh_token))).toBe('done');
    });

    it(`of ${N} refreshes at once with one token one wins in strict mode, and the session is over, and no other`, async () => {
      const peers = await openPeers(STRICT_ONE);
      const other = await peers[0]!.start({ sub: 'alice' });
      const { refresh_token } = await peers[0]!.start({ sub: 'alice' });
      const settled = await Promise.allSettled(
        Array.from({ length: N }, (__, index) => peers[index % peers.length]!.refresh(refresh_token)),
      );
      const winners = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      expect(winners).toHaveLength(1);
      const codes = settled.map((result) =>
        result.status === 'rejected' ? (result.reason as { code: string }).code : 'done',
      );
      expect(codes.filter((code) => code === 'ERR_REFRESH_TOKEN_REUSED')).toHaveLength(1);
      expect(codes.filter((code) => code === 'ERR_REFRESH_TOKEN_INVALID')).toHaveLength(N - 2);
      expect(await outcomeOf(peers[0]!.refresh(winners[0]!.refresh_token))).toBe('ERR_REFRESH_TOKEN_INVALID');
      expect(await outcomeOf(peers[0]!.refresh(other.refresh_token))).toBe('done');
    });

    it('a chain of ten never fails, and any older token ends it, and no other session', async () => {
      const peers = await openPeers(LENIENT_ONE);
      const other = await peers[0]!.start({ sub: 'alice' });
      for (const generation of [0, 4, 8]) {
        const chain = [(await peers[0]!.start({ sub: 'alice' })).refresh_token];
        for (let at = 0; at < 10; at++)
          chain.push((await peers[at % peers.length]!.refresh(chain[at])).refresh_token);
        expect(await outcomeOf(peers.at(-1)!.refresh(chain[generation]))).toBe('ERR_REFRESH_TOKEN_REUSED');
        expect(await outcomeOf(peers[0]!.refresh(chain[10]))).toBe('ERR_REFRESH_TOKEN_INVALID');
      }
      expect(await outcomeOf(peers[0]!.refresh(other.refresh_token))).toBe('done');
    });

    it('a refused refresh changes nothing', async () => {
      const peers = await openPeers(LENIENT_ONE);
      const { refresh_token } = await peers[0]!.start({ sub: 'carol' });
      const before = await peers[0]!.list('carol');
      for (const refused of [
        '',
        'malformed',
        RefreshToken.first('carol').text,
        undefined,
        `${refresh_token} `,
      ]) {
        expect(await outcomeOf(peers[0]!.refresh(refused))).toBe('ERR_REFRESH_TOKEN_INVALID');
      }
      expect(await peers[0]!.list('carol')).toEqual(before);
      expect(await outcomeOf(peers[0]!.refresh(refresh_token))).toBe('done');
      await peers[0]!.endAll('carol');
    });
  });

  it('are refused in every process within a second after they ended, in whatever way', async () => {
    const [process] = processes as [SessionProcess];
    const first = process.peer(LENIENT_ONE);
    const ways: ((response: TokenResponse) => Promise<unknown>)[] = [
      (response) => first.end(sidOf(response)),
      (response) => first.endByRefreshToken(response.refresh_token),
      () => first.endAll('dave'),
      (response) =>
        outcomeOf(
          first.refresh(`${response.refresh_token.slice(0, 44)}${RefreshToken.first('').text.slice(44)}`),
        ),
    ];
    for (const way of ways) {
      const response = await first.start({ sub: 'dave' });
      const sid = sidOf(response);
      expect(await Promise.all(processes.map((other) => other.isRevoked(sid)))).toEqual([
        false,
        false,
        false,
        false,
      ]);
      await way(response);
      const ended = performance.now();
      expect(await process.isRevoked(sid)).toBe(true);
      await Promise.all(processes.map((other) => until(() => other.isRevoked(sid))));
      expect(performance.now() - ended).toBeLessThan(1000);
    }
  });

  it('are known as spent after a restart of the service', async () => {
    const before = await openProcess(server);
    const first = await before.peer(LENIENT_ONE).start({ sub: 'alice' });
    const second = await before.peer(LENIENT_ONE).refresh(first.refresh_token);
    const third = await before.peer(LENIENT_ONE).refresh(second.refresh_token);
    await before.close();
    const after = await openProcess(server);
    closers.push(() => after.close());
    const { refresh } = after.peer(LENIENT_ONE);
    expect(await outcomeOf(refresh(first.refresh_token))).toBe('ERR_REFRESH_TOKEN_REUSED');
    expect(await outcomeOf(refresh(third.refresh_token))).toBe('ERR_REFRESH_TOKEN_INVALID');
    expect(await after.isRevoked(sidOf(first))).toBe(true);
  });

  describe('leave there', () => {
    let own: RedisServer;
    let admin: Redis;

    beforeEach(async () => {
      own = await RedisServer.start();
      admin = new Redis(own.url);
      closers.push(() => own.close());
      closers.push(() => admin.disconnect());
    });

    /** Every key with its content, as text. */
    const dump = async (): Promise<Map<string, string>> => {
      const contents = new Map<string, string>();
      for (const key of await admin.keys('*')) {
        const type = await admin.type(key);
        const content = {
          string: () => admin.get(key),
          zset: () => admin.zrange(key, '0', '-1'),
          stream: () => admin.xrange(key, '-', '+'),
        };
        contents.set(key, JSON.stringify(await content[type as keyof typeof content]()));
      }
      return contents;
    };

    it('no key without an end, and nothing of a token', async () => {
      const { sessions } = await open(own);
      const tokens: string[] = [];
      for (const sub of ['alice', 'bob', 'carol']) {
        let { refresh_token } = await sessions.start({ sub });
        tokens.push(refresh_token);
        for (let count = 0; count < 3; count++)
          tokens.push(({ refresh_token } = await sessions.refresh(refresh_token)).refresh_token);
      }
      await sessions.endByRefreshToken(tokens[0]);
      await outcomeOf(sessions.refresh(tokens[4]));
      await sessions.revokeToken('a jti');
      const contents = await dump();
      expect([...contents.keys()].map((key) => key.replace(/^jwt-rs256:\{.\}:(\w+).*/, '$1')).sort()).toEqual(
        ['ended', 'ended', 'ended', 'next', 'session', 'sub', 'sub'],
      );
      for (const key of contents.keys()) expect([key, (await admin.pttl(key)) > 0]).toEqual([key, true]);
      const all = JSON.stringify([...contents]);
      for (const token of tokens) {
        for (const part of [token.slice(2, 43), token.slice(44)]) {
          for (let at = 0; at + 10 <= part.length; at += 5)
            expect(all).not.toContain(part.slice(at, at + 10));
        }
      }
    });

    it('no name in the index of a person of a session that is over, once anybody looks', async () => {
      const { store } = await open(own);
      const names = async () => Number(await admin.zcard((await admin.keys('*:sub:*'))[0] ?? 'none'));
      const start = async (refreshTokenTtl: number, sessionTtl: number): Promise<string> => {
        const { sid } = RefreshToken.first('alice');
        const details = { sub: 'alice', claims: {}, authTime: 1 };
        await store.start({ sid, current: 'hash', details, refreshTokenTtl, sessionTtl });
        return sid;
      };
      const lasting = await start(60, 60);
      await start(0.05, 0.05);
      expect(await names()).toBe(2);
      await pause(60);
      // A start clears away what is over for good, a list what was not refreshed in time, an end its own.
      await start(0.05, 60);
      expect(await names()).toBe(2);
      await pause(60);
      expect((await store.list('alice')).map(({ sid }) => sid)).toEqual([lasting]);
      expect(await names()).toBe(1);
      await store.end({ sid: lasting, retention: 60 });
      expect(await names()).toBe(0);
    });

    it('the same however often they are refreshed', async () => {
      const { sessions } = await open(own);
      let { refresh_token } = await sessions.start({ sub: 'alice' });
      const sizes = [];
      for (let round = 0; round < 4; round++) {
        for (let count = 0; count < 25; count++) ({ refresh_token } = await sessions.refresh(refresh_token));
        sizes.push([...(await dump()).values()].join().length);
      }
      expect(await admin.dbsize()).toBe(3);
      expect(new Set(sizes).size).toBe(1);
    });

    it('no sealed successor when the reuse interval is over, its successor was used or the session has ended', async () => {
      const { sessions } = await open(own, { policy: { reuseInterval: 0.1 } });
      const blobs = async () => (await admin.keys('*next*')).length;
      const { refresh_token } = await sessions.start({ sub: 'alice' });
      await sessions.refresh(refresh_token);
      await until(async () => (await blobs()) === 0);
      await closeAllBut(2);
      const longer = await open(own);
      let response = await longer.sessions.start({ sub: 'bob' });
      for (let count = 0; count < 3; count++) {
        response = await longer.sessions.refresh(response.refresh_token);
        expect(await blobs()).toBe(1);
      }
      await longer.sessions.endByRefreshToken(response.refresh_token);
      expect(await blobs()).toBe(0);
    });

    it('no trace of a command that looks through all keys', async () => {
      const { sessions } = await open(own);
      const { refresh_token } = await sessions.start({ sub: 'alice' });
      await sessions.refresh(refresh_token);
      await sessions.list('alice');
      await sessions.endAll('alice');
      await sessions.open();
      const stats = await admin.info('commandstats');
      expect(stats).toContain('cmdstat_evalsha');
      for (const command of ['keys', 'scan', 'flushall', 'flushdb', 'script'])
        expect(stats).not.toContain(`cmdstat_${command}:`);
    });

    it('nothing to those with another prefix, and nothing in their way', async () => {
      const { client } = await open(own);
      const [one, other] = ['one:', 'other:'].map((prefix) => {
        const clock = new TestClock();
        return makeSessions({ clock, store: new RedisSessionStore({ client, prefix, deadline: PATIENT }) });
      }) as [SessionBed, SessionBed];
      const { refresh_token } = await one.sessions.start({ sub: 'alice' });
      expect(await other.sessions.list('alice')).toEqual([]);
      expect(await outcomeOf(other.sessions.refresh(refresh_token))).toBe('ERR_REFRESH_TOKEN_INVALID');
      expect(await other.sessions.endAll('alice')).toBe(0);
      expect(await outcomeOf(one.sessions.refresh(refresh_token))).toBe('done');
    });

    it('the client as it was: it is not closed with them', async () => {
      const { sessions } = await open(own);
      const shared = new Redis(own.url);
      closers.push(() => shared.disconnect());
      const bed = makeSessions({ store: new RedisSessionStore({ client: shared, deadline: PATIENT }) });
      await bed.sessions.open();
      bed.sessions.close();
      expect(await shared.ping()).toBe('PONG');
      expect(await outcomeOf(sessions.list('alice'))).toBe('done');
    });

    it('more than a thousand ended in one part of the feed, and all are found', async () => {
      const { sessions, ended } = await open(own);
      for (let at = 0; at < 2500; at++) void admin.xadd('jwt-rs256:{0}:ended', '*', 'id', `jti:token ${at}`);
      await admin.ping();
      await sessions.open();
      for (let at = 0; at < 2500; at++)
        expect(() => ended.assertNotRevoked({ jti: `token ${at}` })).toThrow('revoked');
    });

    it('what they know to have ended, when Redis loses everything, and what ends afterwards', async () => {
      const [a, b] = [await open(own), await open(own)];
      await Promise.all([a.sessions.open(), b.sessions.open()]);
      await a.sessions.revokeToken('before');
      const isRevoked = (jti: string) => outcomeOf((async () => b.ended.assertNotRevoked({ jti }))());
      await until(async () => (await isRevoked('before')) === 'ERR_TOKEN_REVOKED');
      await admin.flushall();
      await a.sessions.revokeToken('after');
      await until(async () => (await isRevoked('after')) === 'ERR_TOKEN_REVOKED');
      expect(await isRevoked('before')).toBe('ERR_TOKEN_REVOKED');
    });

    it('what ended is found also where the clock of Redis was set back in between', async () => {
      const [a, b] = [await open(own), await open(own)];
      const feed = (sub: string) => `jwt-rs256:{${sub}}:ended`;
      // As if it were an hour later there, and then all was lost.
      const [seconds] = (await admin.time()) as unknown as [string, string];
      await admin.xadd(feed('0'), `${Number(seconds) * 1000 + 3_600_000}-0`, 'id', 'jti:from the future');
      await b.sessions.open();
      expect(() => b.ended.assertNotRevoked({ jti: 'from the future' })).toThrow('revoked');
      await admin.flushall();
      for (let at = 0; at < 64; at++) await a.sessions.revokeToken(`token ${at}`);
      for (let at = 0; at < 64; at++) {
        await until(
          async () =>
            (await outcomeOf((async () => b.ended.assertNotRevoked({ jti: `token ${at}` }))())) !== 'done',
        );
      }
    });

    it('what ended is found where a failover lost the end of the feed, and new entries are before and after it', async () => {
      const [a, b] = [await open(own), await open(own)];
      const feed = 'jwt-rs256:{0}:ended';
      const at = 1_795_000_000_000;
      await admin.xadd(feed, `${at}-0`, 'id', 'jti:kept');
      await admin.xadd(feed, `${at + 2000}-0`, 'id', 'jti:lost');
      let { cursor } = await b.store.endedSince(undefined);
      // The replica never had the last entry; it is the master now, and its clock is a second behind.
      await admin.del(feed);
      await admin.xadd(feed, `${at}-0`, 'id', 'jti:kept');
      await admin.xadd(feed, `${at + 1000}-0`, 'id', 'jti:before');
      await admin.xadd(feed, `${at + 3000}-0`, 'id', 'jti:after');
      const since = await b.store.endedSince(cursor);
      expect(since.ended.map(({ id }) => id)).toEqual(['kept', 'before', 'after']);
      ({ cursor } = since);
      await a.sessions.revokeToken('another');
      expect((await b.store.endedSince(cursor)).ended.map(({ id }) => id)).toEqual(['another']);
    });

    it('nothing that needs more rights than the documentation names', async () => {
      const commands = /```text\n(ACL SETUSER [^]*?)\n```/.exec(
        readFileSync(join(import.meta.dirname, '../../docs/how-to/redis.md'), 'utf8'),
      )![1]!;
      await admin.call('ACL', ...commands.replaceAll('\\\n', ' ').split(/\s+/).slice(1));
      const client = new Redis(own.port, { username: 'app', password: 'secret', enableReadyCheck: false });
      closers.push(() => client.disconnect());
      const store = new RedisSessionStore({ client, deadline: PATIENT });
      for (const { run } of sessionStoreContract)
        await run({ store, wait: (seconds) => pause(seconds * 1000) });
      await expect(client.keys('*')).rejects.toThrow('NOPERM');
      await expect(client.get('of somebody else')).rejects.toThrow('NOPERM');
    });

    it('a word for the operator where Redis may evict them', async () => {
      const { sessions, events } = await open(own);
      await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
      await sessions.open();
      expect(events).toEqual([
        {
          type: 'advice',
          message: expect.stringMatching(/^Redis has maxmemory-policy allkeys-lru.*noeviction/),
        },
      ]);
    });

    it('no word where all is well, or where Redis does not let them look', async () => {
      const { sessions, events } = await open(own);
      await sessions.open();
      await admin.call('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '+@all', '-info');
      const app = new Redis(own.port, { username: 'app', password: 'secret', enableReadyCheck: false });
      closers.push(() => app.disconnect());
      const bed = makeSessions({ store: new RedisSessionStore({ client: app, deadline: PATIENT }) });
      await bed.sessions.open();
      expect([...events, ...bed.events]).toEqual([]);
    });

    it('nothing that a keyPrefix of the client breaks', async () => {
      const client = new Redis(own.url, { keyPrefix: 'app:' });
      closers.push(() => client.disconnect());
      const { sessions } = makeSessions({ store: new RedisSessionStore({ client, deadline: PATIENT }) });
      const { refresh_token } = await sessions.start({ sub: 'alice' });
      await sessions.refresh(refresh_token);
      expect(await sessions.list('alice')).toHaveLength(1);
      expect(await sessions.endAll('alice')).toBe(1);
      expect((await admin.keys('*')).every((key) => key.startsWith('app:jwt-rs256:{'))).toBe(true);
    });
  });

  /** Closes what was opened last, and leaves the first few. */
  async function closeAllBut(count: number): Promise<void> {
    for (const close of closers.splice(count).reverse()) await close();
  }
});

describeWithRedis('When Redis', () => {
  let server: RedisServer;

  beforeEach(async () => {
    server = await RedisServer.start({ durable: true });
    closers.push(() => server.close());
  });

  afterEach(closeAll);

  describe.each(PACKAGES)('(with a client of %s)', (packageName) => {
    it('is stopped, commands fail at their deadline, and none is done when it goes on', async () => {
      const { sessions } = await open(server, { policy: STRICT, packageName, deadline: BRISK });
      const bystander = await open(server, { policy: STRICT, packageName, deadline: BRISK });
      const tokens = [];
      for (let count = 0; count < 3; count++)
        tokens.push((await sessions.start({ sub: 'alice' })).refresh_token);
      const before = await sessions.list('alice');
      const executed = () =>
        Number(/cmdstat_evalsha:calls=(\d+)/.exec(server.cli('INFO', 'commandstats'))?.[1]);
      const sentBefore = executed();
      server.freeze();
      const outcomes = await Promise.all([
        ...tokens.map((token) => outcomeOf(sessions.refresh(token))),
        outcomeOf(bystander.sessions.start({ sub: 'alice' })),
        outcomeOf(bystander.sessions.endAll('alice')),
      ]);
      expect(outcomes).toEqual([UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, UNAVAILABLE]);
      server.thaw();
      // It did get to them, and did nothing.
      await until(() => executed() >= sentBefore + outcomes.length);
      expect(await insist(() => sessions.list('alice'))).toEqual(before);
      for (const token of tokens) expect(await outcomeOf(insist(() => sessions.refresh(token)))).toBe('done');
    });

    it('is away, what the client sends again when it is back does nothing', async () => {
      const { sessions } = await open(server, { policy: STRICT, packageName, deadline: BRISK });
      const { refresh_token } = await sessions.start({ sub: 'alice' });
      const before = await sessions.list('alice');
      await server.kill();
      expect(await outcomeOf(sessions.refresh(refresh_token))).toBe(UNAVAILABLE);
      expect(await outcomeOf(sessions.endAll('alice'))).toBe(UNAVAILABLE);
      await server.run();
      expect(await insist(() => sessions.list('alice'))).toEqual(before);
      expect(await outcomeOf(insist(() => sessions.refresh(refresh_token)))).toBe('done');
    });

    it('is back, so are sessions within two seconds', async () => {
      const { sessions, ended } = await open(server, {
        packageName,
        policy: { maxListAge: 2 },
        deadline: 250,
      });
      await sessions.open();
      const { refresh_token } = await insist(() => sessions.start({ sub: 'alice' }));
      const isKnown = () => outcomeOf((async () => ended.assertNotRevoked({ sid: 'sid' }))());
      await server.kill();
      await until(async () => (await isKnown()) === UNAVAILABLE);
      await server.run();
      const back = performance.now();
      await insist(() => sessions.refresh(refresh_token));
      await until(async () => (await isKnown()) === 'done');
      expect(performance.now() - back).toBeLessThan(2000);
    });

    it('becomes a read-only replica, nothing is spent, and what ended is still known', async () => {
      const { sessions } = await open(server, { policy: STRICT, packageName });
      const { refresh_token } = await sessions.start({ sub: 'alice' });
      server.cli('REPLICAOF', '127.0.0.1', '1');
      expect(await outcomeOf(sessions.refresh(refresh_token))).toBe(UNAVAILABLE);
      expect(await outcomeOf(sessions.start({ sub: 'alice' }))).toBe(UNAVAILABLE);
      expect(await outcomeOf(sessions.end(RefreshToken.parse(refresh_token).sid))).toBe(UNAVAILABLE);
      expect(await outcomeOf(sessions.revokeToken('jti'))).toBe(UNAVAILABLE);
      expect(await sessions.list('alice')).toHaveLength(1);
      server.cli('REPLICAOF', 'NO', 'ONE');
      expect(await outcomeOf(insist(() => sessions.refresh(refresh_token)))).toBe('done');
    });

    it('is out of memory, no session starts, and those that there are go on and end', async () => {
      const { sessions } = await open(server, { policy: { reuseInterval: 30 }, packageName });
      const strict = await open(server, { policy: STRICT, packageName });
      const [one, other, third] = [
        await sessions.start({ sub: 'alice' }),
        await sessions.start({ sub: 'alice' }),
        await sessions.start({ sub: 'alice' }),
      ];
      server.cli('CONFIG', 'SET', 'maxmemory', '1');
      expect(await outcomeOf(sessions.start({ sub: 'alice' }))).toBe(UNAVAILABLE);
      expect(await outcomeOf(sessions.revokeToken('jti'))).toBe(UNAVAILABLE);
      expect(await sessions.list('alice')).toHaveLength(3);
      const next = await sessions.refresh(one.refresh_token);
      expect((await sessions.refresh(one.refresh_token)).refresh_token).toBe(next.refresh_token);
      expect(await outcomeOf(strict.sessions.refresh(next.refresh_token))).toBe('done');
      expect(await outcomeOf(sessions.refresh(one.refresh_token))).toBe('ERR_REFRESH_TOKEN_REUSED');
      expect(await sessions.end(sidOf(other))).toBe(true);
      expect(await sessions.endAll('alice')).toBe(1);
      const { ended } = await strict.store.endedSince(undefined);
      expect(ended.map(({ id }) => id).sort()).toEqual([one, other, third].map(sidOf).sort());
      server.cli('CONFIG', 'SET', 'maxmemory', '0');
      expect(await outcomeOf(sessions.start({ sub: 'alice' }))).toBe('done');
    });

    it('forgets its scripts, they are sent again', async () => {
      const { sessions } = await open(server, { packageName });
      let { refresh_token } = await sessions.start({ sub: 'alice' });
      for (let count = 0; count < 3; count++) {
        server.cli('SCRIPT', 'FLUSH');
        ({ refresh_token } = await sessions.refresh(refresh_token));
      }
    });
  });

  it('is killed again and again while many refresh, nothing is lost and nothing spent twice', async () => {
    const processes = await openProcesses(server, 2, { deadline: BRISK, policy: { reuseInterval: 60 } });
    closers.push(() => Promise.all(processes.map((process) => process.close())));
    const successorsOf = new Map<string, Set<string>>();
    let isOver = false;
    const chain = async (process: SessionPeer, sub: string): Promise<string> => {
      let { refresh_token } = await insist(() => process.start({ sub }));
      while (!isOver) {
        const presented = refresh_token;
        const answers = await Promise.all([
          insist(() => process.refresh(presented)),
          insist(() => process.refresh(presented)),
        ]);
        successorsOf.set(presented, new Set(answers.map((answer) => answer.refresh_token)));
        refresh_token = answers[0].refresh_token;
      }
      return refresh_token;
    };
    const chains = Array.from({ length: 8 }, (_, index) =>
      chain(processes[index % 2]!.peer(LENIENT_ONE), `user ${index}`),
    );
    for (let count = 0; count < 3; count++) {
      const reached = successorsOf.size;
      await until(() => successorsOf.size > reached + 40);
      await server.kill();
      await server.run();
    }
    isOver = true;
    const last = await Promise.all(chains);
    expect([...successorsOf.values()].filter((successors) => successors.size !== 1)).toEqual([]);
    for (const [index, token] of last.entries()) {
      expect(await outcomeOf(processes[(index + 1) % 2]!.peer(LENIENT_ONE).refresh(token))).toBe('done');
      expect(await processes[0]!.peer(LENIENT_ONE).list(`user ${index}`)).toHaveLength(1);
    }
    for (const process of processes) {
      expect(process.death).toBeUndefined();
      expect(await process.countEvents()).not.toHaveProperty('reused');
    }
  });

  it('is stopped for five seconds, processes live on, nothing hangs, and what ended is refused or unknown, never let through', async () => {
    const process = await openProcess(server, { policy: { maxListAge: 2 }, deadline: BRISK });
    closers.push(() => process.close());
    const { start, refresh } = process.peer(LENIENT_ONE);
    const { refresh_token } = await start({ sub: 'alice' });
    const sid = RefreshToken.parse(refresh_token).sid;
    expect(await process.isRevoked(sid)).toBe(false);
    server.freeze();
    const frozen = performance.now();
    const asked = Array.from({ length: 50 }, () => outcomeOf(refresh(refresh_token)));
    expect(new Set(await Promise.all(asked))).toEqual(new Set([UNAVAILABLE]));
    await until(async () => (await outcomeOf(process.isRevoked(sid))) === UNAVAILABLE);
    // A circuit that is open answers at once: many more than there are deadlines in the time that this takes.
    for (let count = 0; count < 200; count++)
      expect(await outcomeOf(refresh(refresh_token))).toBe(UNAVAILABLE);
    await until(() => performance.now() > frozen + 5000);
    expect(await outcomeOf(refresh(refresh_token))).toBe(UNAVAILABLE);
    server.thaw();
    await insist(() => refresh(refresh_token));
    await until(async () => (await outcomeOf(process.isRevoked(sid))) === 'done');
    expect(process.death).toBeUndefined();
    expect(await process.countEvents()).toMatchObject({ storeDown: 1, storeUp: 1 });
  });

  it('is not there when the service starts, it starts all the same, and works when Redis is there', async () => {
    const { sessions, ended, events } = await open(server, { deadline: BRISK });
    await server.kill();
    await sessions.open();
    expect(events.map(({ type }) => type)).toEqual(['storeDown']);
    expect(() => ended.assertNotRevoked({ sid: 'sid' })).toThrow('cannot be known');
    await server.run();
    expect(await outcomeOf(insist(() => sessions.start({ sub: 'alice' })))).toBe('done');
    await until(() => events.some(({ type }) => type === 'storeUp'));
    expect(() => ended.assertNotRevoked({ sid: 'sid' })).not.toThrow();
  });

  describe('has something else under the key of', () => {
    const wrong = async (pattern: string): Promise<string> => {
      const admin = new Redis(server.url);
      closers.push(() => admin.disconnect());
      const [key] = (await admin.keys(pattern)).sort();
      await admin.del(key!);
      await admin.lpush(key!, 'something else');
      return key!;
    };

    it('a session, that one is unavailable and no other, until all are ended', async () => {
      const { sessions } = await open(server);
      const { refresh_token } = await sessions.start({ sub: 'alice' });
      await wrong('*:session:*');
      const other = await sessions.start({ sub: 'alice' });
      expect(await outcomeOf(sessions.refresh(refresh_token))).toBe(UNAVAILABLE);
      expect(await outcomeOf(sessions.endByRefreshToken(refresh_token))).toBe(UNAVAILABLE);
      expect((await sessions.list('alice')).map(({ sid }) => sid)).toEqual([sidOf(other)]);
      expect(await outcomeOf(sessions.refresh(other.refresh_token))).toBe('done');
      expect(await sessions.endAll('alice')).toBe(1);
      expect(await outcomeOf(sessions.refresh(refresh_token))).toBe('ERR_REFRESH_TOKEN_INVALID');
      const { ended } = await (await open(server)).store.endedSince(undefined);
      expect(ended.map(({ id }) => id).sort()).toEqual(
        [RefreshToken.parse(refresh_token).sid, sidOf(other)].sort(),
      );
    });

    it.each(['a text that is no session', '1|a|b|2|1|1|1|{}', '1|a||0|1|1|9999999999999|not JSON', ''])(
      'a session: %p',
      async (text) => {
        const { sessions } = await open(server);
        const { refresh_token } = await sessions.start({ sub: 'alice' });
        const admin = new Redis(server.url);
        closers.push(() => admin.disconnect());
        const [key] = await admin.keys('*:session:*');
        await admin.set(key!, text);
        expect(await outcomeOf(sessions.refresh(refresh_token))).toBe(UNAVAILABLE);
      },
    );

    it('the sealed successor, the repeat is unavailable, and the session lives', async () => {
      const { sessions } = await open(server);
      const first = await sessions.start({ sub: 'alice' });
      const second = await sessions.refresh(first.refresh_token);
      await wrong('*:next:*');
      expect(await outcomeOf(sessions.refresh(first.refresh_token))).toBe(UNAVAILABLE);
      expect(await outcomeOf(sessions.refresh(second.refresh_token))).toBe('done');
    });

    it('the feed of what ended, nothing can end, and nothing is half ended', async () => {
      const { sessions } = await open(server);
      const first = await sessions.start({ sub: 'alice' });
      await sessions.revokeToken('alice');
      const key = await wrong('*:ended');
      expect(await outcomeOf(sessions.endByRefreshToken(first.refresh_token))).toBe(UNAVAILABLE);
      expect(
        await outcomeOf(
          sessions.refresh(`${first.refresh_token.slice(0, 44)}${RefreshToken.first('').text.slice(44)}`),
        ),
      ).toBe(UNAVAILABLE);
      expect(await sessions.list('alice')).toHaveLength(1);
      server.cli('DEL', key);
      expect(await sessions.endByRefreshToken(first.refresh_token)).toBe(true);
    });

    it('the index of a person, no session starts that ending all would miss', async () => {
      const { sessions } = await open(server);
      await sessions.start({ sub: 'alice' });
      await wrong('*:sub:*');
      expect(await outcomeOf(sessions.start({ sub: 'alice' }))).toBe(UNAVAILABLE);
      expect(await outcomeOf(sessions.list('alice'))).toBe(UNAVAILABLE);
      expect(await outcomeOf(sessions.endAll('alice'))).toBe(UNAVAILABLE);
      expect(server.cli('KEYS', '*:session:*').split('\n')).toHaveLength(1);
    });
  });

  describe('fails between any two commands', () => {
    /** Fails before its nth command inside of a script, or before or after its nth script. */
    class FailingClient implements IoredisClient {
      private scripts = 0;
      didFail = false;

      constructor(
        private readonly redis: Redis,
        private readonly where: 'in a script' | 'before a script' | 'after a script',
        private readonly number: number,
      ) {}

      evalsha(): Promise<unknown> {
        return Promise.reject(new Error('NOSCRIPT'));
      }

      async eval(text: string, keyCount: number, ...rest: string[]): Promise<unknown> {
        if (this.where === 'in a script') return this.run(text, keyCount, rest);
        const isIt = this.scripts++ === this.number;
        if (isIt && this.where === 'before a script') throw this.failure();
        const reply = await this.redis.eval(text, keyCount, ...rest);
        // It is not done at all where Redis took it for late: that is no answer yet.
        if (isIt && (reply as string[])[1] === 'late') this.scripts--;
        else if (isIt) throw this.failure();
        return reply;
      }

      private async run(text: string, keyCount: number, rest: string[]): Promise<unknown> {
        const injected = `
local real, done = redis, 0
local redis = setmetatable({}, { __index = real })
for _, how in ipairs({ 'call', 'pcall' }) do
  redis[how] = function(command, ...)
    if command ~= 'TIME' then
      if done == ${this.number} then error({ err = 'ERR injected' }) end
      done = done + 1
    end
    return real[how](command, ...)
  end
end`;
        try {
          return await this.redis.eval(injected + text, keyCount, ...rest);
        } catch (error) {
          if ((error as Error).message.includes('injected')) this.didFail = true;
          throw error;
        }
      }

      private failure(): Error {
        this.didFail = true;
        return new Error('Connection is closed.');
      }
    }

    /** What there is, and what may have become of it when the operation failed half-way. */
    interface Scene {
      readonly chain: readonly string[];
      readonly sid: string;
    }

    interface Operation {
      readonly name: string;
      readonly policy?: Partial<SessionPolicy>;
      /** How many tokens the chain has. */
      readonly length: number;
      run(bed: SessionBed, scene: Scene): Promise<unknown>;
      /** The same again, on a Redis that is well: nothing is lost, and nothing was done twice. */
      check(bed: SessionBed, scene: Scene, where: string): Promise<void>;
    }

    const refreshCurrent: Operation['run'] = ({ sessions }, { chain }) => sessions.refresh(chain.at(-1));
    const isEnded = async ({ sessions, store }: SessionBed, { sid, chain }: Scene): Promise<void> => {
      expect(await outcomeOf(sessions.refresh(chain.at(-1)))).toBe('ERR_REFRESH_TOKEN_INVALID');
      expect(await sessions.list('alice')).toEqual([]);
      const { ended } = await store.endedSince(undefined);
      expect(ended.some(({ id }) => id === sid)).toBe(true);
    };

    const operations: readonly Operation[] = [
      ...[1, 2, 3].map((length) => ({
        name: `while token ${length} of a session is spent`,
        length,
        run: refreshCurrent,
        async check({ sessions, events }: SessionBed, { chain }: Scene) {
          const again = await sessions.refresh(chain.at(-1));
          const twice = await sessions.refresh(chain.at(-1));
          expect(twice.refresh_token).toBe(again.refresh_token);
          expect(await outcomeOf(sessions.refresh(again.refresh_token))).toBe('done');
          expect(events.map(({ type }) => type)).not.toContain('reused');
          if (length > 1)
            expect(await outcomeOf(sessions.refresh(chain.at(-2)))).toBe('ERR_REFRESH_TOKEN_REUSED');
        },
      })),
      {
        name: 'while the predecessor is repeated',
        length: 2,
        run: ({ sessions }, { chain }) => sessions.refresh(chain[0]),
        async check({ sessions }, { chain }) {
          expect((await sessions.refresh(chain[0])).refresh_token).toBe(chain[1]);
          expect(await outcomeOf(sessions.refresh(chain[1]))).toBe('done');
        },
      },
      {
        name: 'while a token is spent in strict mode',
        policy: STRICT,
        length: 2,
        run: refreshCurrent,
        async check({ sessions }, { chain }, where) {
          // Strict mode has no second answer: one that is lost ends the session. Nothing else does.
          const expected = where === 'after a script' ? 'ERR_REFRESH_TOKEN_REUSED' : 'done';
          expect(await outcomeOf(sessions.refresh(chain.at(-1)))).toBe(expected);
        },
      },
      {
        name: 'while reuse is caught',
        length: 3,
        run: ({ sessions }, { chain }) => sessions.refresh(chain[0]),
        async check(bed, scene) {
          const code = await outcomeOf(bed.sessions.refresh(scene.chain[0]));
          expect(['ERR_REFRESH_TOKEN_REUSED', 'ERR_REFRESH_TOKEN_INVALID']).toContain(code);
          await isEnded(bed, scene);
        },
      },
      {
        name: 'while a session is ended',
        length: 2,
        run: ({ sessions }, { sid }) => sessions.end(sid),
        async check(bed, scene) {
          await bed.sessions.end(scene.sid);
          await isEnded(bed, scene);
        },
      },
      {
        name: 'while all sessions are ended',
        length: 2,
        run: async ({ sessions }) => {
          await sessions.endAll('alice');
        },
        async check(bed, scene) {
          await bed.sessions.endAll('alice');
          await isEnded(bed, scene);
        },
      },
      {
        name: 'while a session is started',
        length: 1,
        run: ({ sessions }) => sessions.start({ sub: 'alice' }),
        async check(bed, scene) {
          // Whatever there is of it, ending all ends it.
          expect(await outcomeOf(bed.sessions.start({ sub: 'alice' }))).toBe('done');
          await bed.sessions.endAll('alice');
          await isEnded(bed, scene);
          expect(server.cli('KEYS', '*:session:*')).toBe('');
        },
      },
      {
        name: 'while sessions are listed of which one is over',
        length: 2,
        run: ({ sessions }) => sessions.list('alice'),
        async check({ sessions }, { sid }) {
          expect((await sessions.list('alice')).map((one) => one.sid)).toEqual([sid]);
        },
      },
      {
        name: 'while a token is revoked',
        length: 1,
        run: ({ sessions }) => sessions.revokeToken('jti'),
        async check({ sessions, store }) {
          await sessions.revokeToken('jti');
          expect((await store.endedSince(undefined)).ended.some(({ id }) => id === 'jti')).toBe(true);
        },
      },
    ];

    it.each(operations)('$name', async ({ policy = {}, length, run, check }) => {
      const redis = new Redis(server.url);
      closers.push(() => redis.disconnect());
      const failures: Record<string, number> = {};
      for (const where of ['in a script', 'before a script', 'after a script'] as const) {
        for (let number = 0, didFail = true; didFail; number++) {
          await redis.flushall();
          const bed = (): SessionBed =>
            makeSessions({ policy, store: new RedisSessionStore({ client: redis, deadline: PATIENT }) });
          const { sessions } = bed();
          // One that is over, and still in the index.
          const over = await sessions.start({ sub: 'alice' });
          await redis.del(...(await redis.keys('*:session:*')));
          expect(over.refresh_token).toBeDefined();
          const chain = [(await sessions.start({ sub: 'alice' })).refresh_token];
          while (chain.length < length) chain.push((await sessions.refresh(chain.at(-1))).refresh_token);
          const scene = { chain, sid: RefreshToken.parse(chain[0]).sid };
          const client = new FailingClient(redis, where, number);
          const failing = makeSessions({
            policy,
            store: new RedisSessionStore({ client, deadline: PATIENT }),
          });
          const outcome = await outcomeOf(run(failing, scene));
          didFail = client.didFail;
          if (!didFail) break;
          expect([where, number, outcome]).toEqual([where, number, UNAVAILABLE]);
          failures[where] = number + 1;
          await check(bed(), scene, where);
        }
      }
      expect(failures).toEqual({
        'in a script': expect.any(Number),
        'before a script': expect.any(Number),
        'after a script': expect.any(Number),
      });
    });
  });
});
