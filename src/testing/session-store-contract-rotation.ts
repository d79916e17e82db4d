import assert from 'node:assert/strict';
import {
  endedIds,
  hash,
  LONG,
  LONGER_THAN_SHORT,
  outcomeOf,
  rotateRequest,
  SHORT,
  sidsOf,
  startSession,
  type ContractCase,
} from './session-store-contract-bed.js';

const AT_ONCE = 200;

/** How a refresh token is spent, repeated and caught. */
export const rotationCases: readonly ContractCase[] = [
  {
    name: 'refreshes a session ten times in a row, each time with the successor of the last',
    async run({ store, peer = store }) {
      const { sid, sub, current } = await startSession(store);
      let presented = current;
      for (let count = 0; count < 10; count++) {
        const successor = hash();
        assert.equal(await outcomeOf(count % 2 ? store : peer, sid, presented, { successor }), 'rotated');
        presented = successor;
      }
      assert.deepEqual(await sidsOf(store, sub), [sid]);
    },
  },
  {
    name: 'answers a refresh with the session',
    async run({ store }) {
      const { sid, sub, current } = await startSession(store, undefined, { device: 'a phone', authTime: 99 });
      const result = await store.rotate(rotateRequest(sid, current));
      assert.ok(result.outcome === 'rotated');
      const { session } = result;
      assert.deepEqual(
        [session.sid, session.sub, session.device, session.authTime],
        [sid, sub, 'a phone', 99],
      );
      assert.deepEqual(session.claims, { sub });
      assert.ok(session.secondsLeft > LONG.sessionTtl - 5 && session.secondsLeft <= LONG.sessionTtl);
    },
  },
  {
    name: 'spends a token once, and gives all others that present it at the same time the same successor',
    async run({ store, peer = store }) {
      const { sid, current } = await startSession(store);
      const requests = Array.from({ length: AT_ONCE }, () => rotateRequest(sid, current));
      const results = await Promise.all(
        requests.map((request, index) => (index % 2 ? store : peer).rotate(request)),
      );
      const winner = requests[results.findIndex(({ outcome }) => outcome === 'rotated')]!;
      const sealed = results.flatMap((result) => (result.outcome === 'repeated' ? [result.sealed] : []));
      assert.equal(sealed.length, AT_ONCE - 1);
      assert.deepEqual([...new Set(sealed)], [winner.sealed]);
      assert.equal(await outcomeOf(store, sid, winner.successor), 'rotated');
    },
  },
  {
    name: 'without a reuse interval, has one winner among many, and the session is over',
    async run({ store, peer = store }) {
      const { sid, sub, current } = await startSession(store);
      const requests = Array.from({ length: AT_ONCE }, () =>
        rotateRequest(sid, current, { reuseInterval: 0 }),
      );
      const results = await Promise.all(
        requests.map((request, index) => (index % 2 ? store : peer).rotate(request)),
      );
      const count = (wanted: string): number => results.filter(({ outcome }) => outcome === wanted).length;
      assert.deepEqual([count('rotated'), count('reused'), count('unknown')], [1, 1, AT_ONCE - 2]);
      const winner = requests[results.findIndex(({ outcome }) => outcome === 'rotated')]!;
      assert.equal(await outcomeOf(store, sid, winner.successor), 'unknown');
      assert.deepEqual(await store.list(sub), []);
    },
  },
  {
    name: 'repeats the answer to the immediate predecessor, as often as it asks, and changes nothing by it',
    async run({ store }) {
      const { sid, sub, current } = await startSession(store);
      const first = rotateRequest(sid, current);
      await store.rotate(first);
      const before = await store.list(sub);
      for (let count = 0; count < 3; count++) {
        const again = await store.rotate(rotateRequest(sid, current));
        assert.ok(again.outcome === 'repeated');
        assert.equal(again.sealed, first.sealed);
      }
      const [session] = await store.list(sub);
      assert.equal(session!.refreshed, before[0]!.refreshed);
      assert.equal(await outcomeOf(store, sid, first.successor), 'rotated');
    },
  },
  {
    name: 'takes the predecessor for reuse when the reuse interval is over',
    async run({ store, wait }) {
      const { sid, sub, current } = await startSession(store);
      const successor = hash();
      await outcomeOf(store, sid, current, { successor, reuseInterval: SHORT });
      await wait(LONGER_THAN_SHORT);
      assert.equal(await outcomeOf(store, sid, current), 'reused');
      assert.equal(await outcomeOf(store, sid, successor), 'unknown');
      assert.deepEqual(await store.list(sub), []);
    },
  },
  {
    name: 'takes the predecessor for reuse when its successor has been used, however soon',
    async run({ store }) {
      const { sid, current } = await startSession(store);
      const [second, third] = [hash(), hash()];
      await outcomeOf(store, sid, current, { successor: second });
      await outcomeOf(store, sid, second, { successor: third });
      assert.equal(await outcomeOf(store, sid, current), 'reused');
      assert.equal(await outcomeOf(store, sid, third), 'unknown');
    },
  },
  ...([0, 1, 2, 3, 4].map((generation) => ({
    name: `takes token ${generation} of a chain of six for reuse`,
    async run({ store, peer = store }) {
      const { sid, current } = await startSession(store);
      const chain = [current, ...Array.from({ length: 5 }, hash)];
      for (let at = 0; at < 5; at++) {
        const reuseInterval = at % 2 ? 0 : LONG.reuseInterval;
        assert.equal(
          await outcomeOf(store, sid, chain[at]!, { successor: chain[at + 1]!, reuseInterval }),
          'rotated',
        );
      }
      // The last spent token is the predecessor, and what it gets depends on the interval.
      const expected = generation === 4 ? 'repeated' : 'reused';
      assert.equal(await outcomeOf(peer, sid, chain[generation]!), expected);
      assert.equal(await outcomeOf(peer, sid, chain[5]!), generation === 4 ? 'rotated' : 'unknown');
    },
  })) satisfies ContractCase[]),
  {
    name: 'takes a token that it never saw for reuse, where the session is the right one',
    async run({ store }) {
      const { sid, current } = await startSession(store);
      assert.equal(await outcomeOf(store, sid, hash()), 'reused');
      assert.equal(await outcomeOf(store, sid, current), 'unknown');
    },
  },
  {
    name: 'says of reuse whose session it was, and reports the session as ended',
    async run({ store, peer = store }) {
      const { sid, sub } = await startSession(store, undefined, { device: 'a phone' });
      const result = await store.rotate(rotateRequest(sid, hash()));
      assert.ok(result.outcome === 'reused');
      assert.deepEqual(
        [result.session.sid, result.session.sub, result.session.device],
        [sid, sub, 'a phone'],
      );
      assert.ok((await endedIds(peer)).ids.includes(`sid ${sid}`));
    },
  },
  {
    name: 'leaves the other sessions of a person alone when it catches reuse in one',
    async run({ store }) {
      const { sid, sub } = await startSession(store);
      const other = await startSession(store, sub);
      await outcomeOf(store, sid, hash());
      assert.deepEqual(await sidsOf(store, sub), [other.sid]);
      assert.equal(await outcomeOf(store, other.sid, other.current), 'rotated');
    },
  },
  ...([0, LONG.reuseInterval].map((reuseInterval) => ({
    name: `answers the same to a request that arrives twice, with a reuse interval of ${reuseInterval} s`,
    async run({ store, peer = store }) {
      const { sid, current } = await startSession(store);
      const request = rotateRequest(sid, current, { reuseInterval });
      assert.equal((await store.rotate(request)).outcome, 'rotated');
      assert.equal((await peer.rotate(request)).outcome, 'rotated');
      assert.equal(await outcomeOf(store, sid, request.successor), 'rotated');
    },
  })) satisfies ContractCase[]),
  {
    name: 'keeps no successor for later where the reuse interval is 0',
    async run({ store }) {
      const { sid, current } = await startSession(store);
      await outcomeOf(store, sid, current, { reuseInterval: 0 });
      assert.equal(await outcomeOf(store, sid, current), 'reused');
    },
  },
  {
    name: 'knows nothing of a session that there is not, and does nothing about it',
    async run({ store }) {
      const { sid, sub, current } = await startSession(store);
      const { cursor } = await endedIds(store);
      for (const unknown of [
        sid.slice(0, -1),
        `${sid}x`,
        sid.toLowerCase() + sid,
        '',
        '*',
        sid.slice(0, 2),
        '💥'.repeat(99),
      ]) {
        assert.equal(await outcomeOf(store, unknown, current), 'unknown');
        assert.equal(await store.end({ sid: unknown, retention: LONG.retention }), undefined);
      }
      const { ids } = await endedIds(store, cursor);
      assert.ok(!ids.includes(`sid ${sid}`));
      assert.deepEqual(await sidsOf(store, sub), [sid]);
      assert.equal(await outcomeOf(store, sid, current), 'rotated');
    },
  },
];
