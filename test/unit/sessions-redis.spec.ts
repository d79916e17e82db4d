import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { StoreUnavailableError } from '../../src/errors/session-errors.js';
import { CircuitBreaker } from '../../src/redis/circuit-breaker.js';
import { RedisSessionStore, type RedisClient } from '../../src/redis/index.js';
import { isErrorReply, makeEvalScript } from '../../src/redis/redis-client.js';
import { ScriptRunner, type Run } from '../../src/redis/script-runner.js';
import { script } from '../../src/redis/scripts/script.js';
import { ServerTime } from '../../src/redis/server-time.js';
import { TestClock } from '../../src/testing/index.js';
import { POLICY } from '../support/sessions.js';

const RUN: Run = { script: script("return { clock, 'ok' }"), shard: '0', keys: ['key'], args: ['argument'] };
const settle = () => new Promise<void>((resolve) => void setImmediate(() => setImmediate(resolve)));

/** A Redis of which only the clock matters, and how long it takes. */
class SlowRedis {
  /** Microseconds, before those of `clock`. */
  ahead = 5_000_000_000;
  /** Seconds that pass before and after it looks at its own clock. */
  before = 0;
  after = 0;
  readonly did: string[] = [];
  /** What it answers instead. */
  answer: (() => Promise<unknown>) | undefined;

  constructor(private readonly clock: TestClock) {}

  readonly eval = async (
    _: unknown,
    __: readonly string[],
    [deadline]: readonly string[],
  ): Promise<unknown> => {
    this.clock.advance(this.before);
    if (this.answer) return this.answer();
    const now = Math.round(this.clock.monotonic() * 1000) + this.ahead;
    const status = now >= Number(deadline) ? 'late' : 'ok';
    this.did.push(status);
    this.clock.advance(this.after);
    return [String(now), status, 'value'];
  };
}

function makeRunner(deadline = 250) {
  const clock = new TestClock();
  const redis = new SlowRedis(clock);
  return { clock, redis, runner: new ScriptRunner(redis.eval, deadline, clock) };
}

describe('The clock of Redis', () => {
  it('is not known before the first answer, and every deadline is long over then', () => {
    expect(new ServerTime().at(1_000_000)).toBe(0);
  });

  it('is never reckoned ahead of what it shows, whatever way the answers take', () => {
    const legs = fc.array(fc.tuple(fc.nat(1000), fc.nat(300), fc.nat(300)), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(legs, fc.integer({ min: -1e9, max: 1e9 }), (trips, offset) => {
        const time = new ServerTime();
        let moment = 0;
        for (const [pause, there, back] of trips) {
          const sent = moment + pause;
          const received = sent + there + back;
          time.learn(sent + there + offset, sent, received);
          moment = received;
          expect(time.at(moment)).toBeLessThanOrEqual(moment + offset);
          expect(time.at(moment)).toBeGreaterThanOrEqual(moment + offset - 300);
        }
      }),
    );
  });

  it('is reckoned the better the quicker an answer was', () => {
    const time = new ServerTime();
    time.learn(1000, 0, 100);
    expect(time.at(100)).toBe(1000);
    time.learn(1101, 150, 151);
    expect(time.at(151)).toBe(1101);
    time.learn(1500, 151, 600);
    expect(time.at(600)).toBe(1550);
  });

  it.each([-60_000, 60_000])('that was set by %d ms is believed', (step) => {
    const time = new ServerTime();
    time.learn(1000, 0, 10);
    time.learn(1100 + step, 100, 110);
    expect(time.at(110)).toBe(1100 + step);
  });
});

describe('A command', () => {
  it('is done at the second try, when the clock of Redis has become known', async () => {
    const { redis, runner } = makeRunner();
    expect(await runner.run(RUN)).toMatchObject({ status: 'ok', values: ['value'] });
    expect(redis.did).toEqual(['late', 'ok']);
    await runner.run(RUN);
    expect(redis.did).toEqual(['late', 'ok', 'ok']);
  });

  it('learns the clock of each shard, for each may be on another machine', async () => {
    const { redis, runner } = makeRunner();
    await runner.run(RUN);
    await runner.run({ ...RUN, shard: '1' });
    expect(redis.did).toEqual(['late', 'ok', 'late', 'ok']);
  });

  it.each([-3_600_000_000, 3_600_000_000])(
    'is done although the clock of Redis was set by %d µs',
    async (step) => {
      const { redis, runner } = makeRunner();
      await runner.run(RUN);
      redis.ahead += step;
      expect(await runner.run(RUN)).toMatchObject({ status: 'ok' });
      expect(await runner.run(RUN)).toMatchObject({ status: 'ok' });
    },
  );

  it('that reaches Redis after the deadline does nothing, however long it took before', async () => {
    const { redis, runner } = makeRunner();
    redis.after = 0.02;
    await runner.run(RUN);
    redis.did.length = 0;
    redis.before = 0.25;
    await expect(runner.run(RUN)).rejects.toThrow(StoreUnavailableError);
    expect(redis.did).toEqual(['late']);
  });

  it('that reaches Redis just before the deadline may be done', async () => {
    const { redis, runner } = makeRunner();
    await runner.run(RUN);
    redis.did.length = 0;
    redis.before = 0.249;
    expect(await runner.run(RUN)).toMatchObject({ status: 'ok' });
    expect(redis.did).toEqual(['ok']);
  });

  it('that is not answered fails at the deadline, not before', async () => {
    const { clock, redis, runner } = makeRunner();
    redis.answer = () => new Promise(() => undefined);
    let outcome: unknown = 'pending';
    runner.run(RUN).catch((error: unknown) => (outcome = error));
    clock.advance(0.249);
    await settle();
    expect(outcome).toBe('pending');
    clock.advance(0.001);
    await settle();
    expect(outcome).toBeInstanceOf(StoreUnavailableError);
    expect((outcome as Error).cause).toMatchObject({ message: 'Redis did not answer within 250 ms' });
  });

  it('whose answer lay in the socket while this process was busy is not given up', async () => {
    const { clock, redis, runner } = makeRunner();
    await runner.run(RUN);
    // The timer is due, and the answer there, when the event loop gets to them.
    redis.answer = () => Promise.resolve([String(redis.ahead), 'ok']);
    const running = runner.run(RUN);
    clock.advance(1);
    expect(await running).toMatchObject({ status: 'ok' });
  });

  it.each(['', 'NaN', 'Infinity', '-1', '0', 'now', '1e999'])(
    'to which a client answers with the time %p fails, and no deadline is reckoned from it',
    async (time) => {
      const { redis, runner } = makeRunner();
      await runner.run(RUN);
      redis.answer = async () => [time, 'ok'];
      await expect(runner.run(RUN)).rejects.toThrow(StoreUnavailableError);
      redis.answer = undefined;
      redis.did.length = 0;
      redis.before = 0.25;
      await expect(runner.run(RUN)).rejects.toThrow(StoreUnavailableError);
      expect(redis.did).toEqual(['late']);
    },
  );

  it.each([[null], ['OK'], [42], [{}]])('to which a client answers %p fails', async (answer) => {
    const { redis, runner } = makeRunner();
    redis.answer = async () => answer;
    await expect(runner.run(RUN)).rejects.toThrow(StoreUnavailableError);
  });

  it('is understood from clients that return Buffers and numbers', async () => {
    const { redis, runner } = makeRunner();
    redis.answer = async () => [Buffer.from('5000000'), Buffer.from('ok'), 7, Buffer.from('é')];
    expect(await runner.run(RUN)).toEqual({ now: 5000, status: 'ok', values: ['7', 'é'] });
  });
});

describe('While Redis does not answer', () => {
  const down = () => Promise.reject(new Error('connect ECONNREFUSED 127.0.0.1:6379'));
  const run = (runner: ScriptRunner) =>
    runner.run(RUN).then(
      () => 'done',
      ({ cause }: Error) => (cause ? 'sent' : 'not sent'),
    );

  it('commands fail at once after three failures in a row, and one goes ahead every 400 ms', async () => {
    const { clock, redis, runner } = makeRunner();
    redis.answer = down;
    const outcomes = [];
    for (let count = 0; count < 5; count++) outcomes.push(await run(runner));
    expect(outcomes).toEqual(['sent', 'sent', 'sent', 'not sent', 'not sent']);
    clock.advance(0.399);
    expect(await run(runner)).toBe('not sent');
    clock.advance(0.001);
    expect(await Promise.all([run(runner), run(runner), run(runner)])).toEqual([
      'sent',
      'not sent',
      'not sent',
    ]);
    expect(await run(runner)).toBe('not sent');
  });

  it('all go again as soon as one is answered', async () => {
    const { clock, redis, runner } = makeRunner();
    redis.answer = down;
    for (let count = 0; count < 3; count++) await run(runner);
    redis.answer = undefined;
    expect(await run(runner)).toBe('not sent');
    clock.advance(0.4);
    expect(await run(runner)).toBe('done');
    expect(await Promise.all([run(runner), run(runner)])).toEqual(['done', 'done']);
  });

  it('two failures between successes are no reason to stop', async () => {
    const { redis, runner } = makeRunner();
    for (let round = 0; round < 5; round++) {
      redis.answer = down;
      expect([await run(runner), await run(runner)]).toEqual(['sent', 'sent']);
      redis.answer = undefined;
      expect(await run(runner)).toBe('done');
    }
  });

  it.each([
    'READONLY You cannot write against a read only replica.',
    'OOM command not allowed',
    'WRONGTYPE Operation',
    'LOADING Redis is loading',
  ])('is not the case when it answers %s: each command is asked for by itself', async (message) => {
    const { redis, runner } = makeRunner();
    redis.answer = () => Promise.reject(new Error(message));
    for (let count = 0; count < 10; count++) expect(await run(runner)).toBe('sent');
  });

  it('a circuit lets nobody else through while it tries', () => {
    const clock = new TestClock();
    const breaker = new CircuitBreaker(clock);
    for (let count = 0; count < 3; count++) breaker.failed();
    expect(breaker.mayPass()).toBe(false);
    clock.advance(0.4);
    expect([breaker.mayPass(), breaker.mayPass()]).toEqual([true, false]);
    clock.advance(10);
    expect(breaker.mayPass()).toBe(false);
    breaker.failed();
    expect(breaker.mayPass()).toBe(false);
    clock.advance(0.4);
    expect(breaker.mayPass()).toBe(true);
    breaker.succeeded();
    expect([breaker.mayPass(), breaker.mayPass()]).toEqual([true, true]);
  });
});

describe('A client', () => {
  const some = script('return 1');

  it('of ioredis is asked for a script that Redis knows, and sends one that it does not know', async () => {
    const sent: unknown[][] = [];
    const evalScript = makeEvalScript({
      evalsha: async (...args: unknown[]) => {
        sent.push(['evalsha', ...args]);
        throw new Error('NOSCRIPT No matching script. Please use EVAL.');
      },
      eval: async (...args: unknown[]) => sent.push(['eval', ...args]),
    });
    await evalScript(some, ['a', 'b'], ['1', '2']);
    expect(sent).toEqual([
      ['evalsha', some.sha1, 2, 'a', 'b', '1', '2'],
      ['eval', some.text, 2, 'a', 'b', '1', '2'],
    ]);
  });

  it('of redis is asked for a script that Redis knows, and sends one that it does not know', async () => {
    const sent: unknown[][] = [];
    const evalScript = makeEvalScript({
      evalSha: async (...args: unknown[]) => {
        sent.push(['evalSha', ...args]);
        throw new Error('NOSCRIPT No matching script. Please use EVAL.');
      },
      eval: async (...args: unknown[]) => sent.push(['eval', ...args]),
    });
    await evalScript(some, ['a', 'b'], ['1', '2']);
    const options = { keys: ['a', 'b'], arguments: ['1', '2'] };
    expect(sent).toEqual([
      ['evalSha', some.sha1, options],
      ['eval', some.text, options],
    ]);
  });

  it.each([
    'Connection is closed.',
    'BUSY Redis is busy running a script.',
    'READONLY You cannot write against a read only replica. script: NOSCRIPT',
    'ERR Error running script',
  ])('does not send a script again after %p: it may have been done', async (message) => {
    let sent = 0;
    const evalScript = makeEvalScript({
      evalsha: () => Promise.reject(new Error(message)),
      eval: async () => sent++,
    });
    await expect(evalScript(some, [], [])).rejects.toThrow(message);
    expect(sent).toBe(0);
  });

  it.each([undefined, null, 'redis://localhost', {}, { eval: () => undefined }, new Map()])(
    'is not %p',
    (client) => {
      expect(() => new RedisSessionStore({ client: client as never })).toThrow(
        expect.objectContaining({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining('client') }),
      );
    },
  );

  it.each(['ERR unknown', 'READONLY You', 'OOM', 'CLUSTERDOWN The cluster is down'])(
    'tells the answer %p of Redis',
    (message) => {
      expect(isErrorReply(new Error(message))).toBe(true);
    },
  );

  it.each([
    'Connection is closed.',
    'Socket closed unexpectedly',
    'connect ECONNREFUSED',
    'The client is closed',
    'Reached the max',
    '',
  ])('tells %p from an answer of Redis', (message) => {
    expect(isErrorReply(new Error(message))).toBe(false);
  });
});

describe('RedisSessionStore', () => {
  const client = { eval: async () => null, evalsha: async () => null } as RedisClient;
  const NOW = '1795000000000000';
  const DETAILS = '{"sub":"alice","claims":{"sub":"alice"},"authTime":1}';
  const withMember = (member: string) => `${DETAILS.slice(0, -1)},${member}}`;
  const rotate = { ...POLICY, sid: 'AAAA', presented: 'p', successor: 's', sealed: 'x' };

  /** A Redis that is not ours, or somebody in between: it answers what it likes. */
  const storeThatAnswers = (...values: readonly string[]): RedisSessionStore => {
    const evalsha = async () => [NOW, ...values];
    return new RedisSessionStore({ client: { evalsha, eval: evalsha } });
  };

  it('gives up after 250 ms unless told otherwise', async () => {
    const evalsha = () => new Promise<never>(() => undefined);
    const keepAlive = setTimeout(() => undefined, 60_000);
    const store = new RedisSessionStore({ client: { evalsha, eval: evalsha } });
    const error = await store.list('alice').catch((reason: unknown) => reason);
    clearTimeout(keepAlive);
    expect(error).toMatchObject({ cause: { message: 'Redis did not answer within 250 ms' } });
  });

  it('asks one shard first for what has ended, and sixteen only where that is answered', async () => {
    let asked = 0;
    const evalsha = () => {
      asked++;
      return Promise.reject(new Error('connect ECONNREFUSED'));
    };
    const store = new RedisSessionStore({ client: { evalsha, eval: evalsha } });
    await expect(store.endedSince(undefined)).rejects.toThrow(StoreUnavailableError);
    expect(asked).toBe(1);
  });

  it('takes a session for one that is whole', async () => {
    const store = storeThatAnswers('rotated', '1795000000000', '1795000000000', '1795000060000', DETAILS, '');
    expect(await store.rotate(rotate)).toEqual({
      outcome: 'rotated',
      session: {
        sid: 'AAAA',
        sub: 'alice',
        claims: { sub: 'alice' },
        authTime: 1,
        started: 1_795_000_000,
        refreshed: 1_795_000_000,
        secondsLeft: 60,
      },
    });
  });

  it.each([
    ['nothing at all', []],
    ['an outcome only', ['rotated']],
    ['an outcome that there is not', ['OK', '1', '1', '1', DETAILS, '']],
    ['a time that is none', ['rotated', '1', 'yesterday', '1', DETAILS, '']],
    ['no time', ['rotated', '', '1', '1', DETAILS, '']],
    ['an endless session', ['rotated', '1', '1', 'Infinity', DETAILS, '']],
    ['no details', ['rotated', '1', '1', '1', '', '']],
    ...['null', '5', '"alice"', '[]', '{}', '{"sub":"alice"}', '{"sub":7,"claims":{},"authTime":1}'].map(
      (details) => [`the details ${details}`, ['reused', '1', '1', '1', details, '']] as const,
    ),
    ['no auth time', ['repeated', '1', '1', '1', '{"sub":"alice","claims":{}}', 'x']],
    ['claims that are none', ['rotated', '1', '1', '1', '{"sub":"alice","claims":null,"authTime":1}', '']],
    ['a device that is none', ['rotated', '1', '1', '1', withMember('"device":{}'), '']],
  ] as const)('is unavailable, no worse, where Redis answers a refresh with %s', async (_, values) => {
    await expect(storeThatAnswers(...values).rotate(rotate)).rejects.toThrow(StoreUnavailableError);
  });

  it('hands on of the details what a session is started with, and nothing that somebody added', async () => {
    const added = withMember('"sid":"another","secondsLeft":1e9,"__proto__":{"admin":true}');
    const result = await storeThatAnswers('rotated', '1', '1', '1', added, '').rotate(rotate);
    expect(result).toMatchObject({ session: { sid: 'AAAA', started: 0.001 } });
    expect(Object.keys((result as { session: object }).session).sort()).toEqual(
      ['authTime', 'claims', 'refreshed', 'secondsLeft', 'sid', 'started', 'sub'].sort(),
    );
  });

  it.each([
    ['prefix', '{tag}'],
    ['prefix', 'open{'],
    ['prefix', 42],
    ['deadline', 0],
    ['deadline', 20_000],
    ['deadline', Number.NaN],
    ['deadline', '250'],
    ['deadline', 9],
    ['deadline', 10_001],
  ])('refuses %s: %p, by name', (option, value) => {
    expect(() => new RedisSessionStore({ client, [option]: value })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION_INVALID', message: expect.stringContaining(option) }),
    );
  });
});
