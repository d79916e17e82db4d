import assert from 'node:assert/strict';
import {
  endedIds,
  hash,
  LONG,
  outcomeOf,
  rotateRequest,
  sidsOf,
  somebody,
  startSession,
  type ContractCase,
} from './session-store-contract-bed.js';

const { retention } = LONG;

/** How sessions end. */
export const endingCases: readonly ContractCase[] = [
  {
    name: 'ends a session for every token of it, at once and everywhere',
    async run({ store, peer = store }) {
      const { sid, sub, current } = await startSession(store, undefined, { device: 'a phone' });
      const successor = hash();
      await outcomeOf(store, sid, current, { successor });
      const ended = await store.end({ sid, retention });
      assert.deepEqual([ended?.sid, ended?.sub, ended?.device], [sid, sub, 'a phone']);
      for (const presented of [successor, current, hash()])
        assert.equal(await outcomeOf(peer, sid, presented), 'unknown');
      assert.deepEqual(await peer.list(sub), []);
    },
  },
  {
    name: 'ends a session once',
    async run({ store, peer = store }) {
      const { sid } = await startSession(store);
      const ends = await Promise.all(
        Array.from({ length: 20 }, (_, index) => (index % 2 ? store : peer).end({ sid, retention })),
      );
      assert.equal(ends.filter((ended) => ended !== undefined).length, 1);
    },
  },
  {
    name: 'lets a refresh and an end at the same time have one order, after which the session is over',
    async run({ store, peer = store }) {
      for (let count = 0; count < 20; count++) {
        const { sid, sub, current } = await startSession(store);
        const request = rotateRequest(sid, current);
        const [result] = await Promise.all([store.rotate(request), peer.end({ sid, retention })]);
        assert.ok(result.outcome === 'rotated' || result.outcome === 'unknown', result.outcome);
        assert.equal(await outcomeOf(store, sid, request.successor), 'unknown');
        assert.deepEqual(await store.list(sub), []);
      }
    },
  },
  {
    name: 'ends all sessions of a person but one, and those of nobody else',
    async run({ store, peer = store }) {
      const [sub, other] = [somebody(), somebody()];
      const sessions = [];
      for (let count = 0; count < 5; count++) sessions.push(await startSession(store, sub));
      await startSession(store, other);
      const [kept, ...rest] = sessions;
      const ended = await peer.endAll({ sub, except: kept!.sid, retention });
      assert.deepEqual(ended.map(({ sid }) => sid).sort(), rest.map(({ sid }) => sid).sort());
      assert.deepEqual(await sidsOf(store, sub), [kept!.sid]);
      for (const { sid, current } of rest) assert.equal(await outcomeOf(store, sid, current), 'unknown');
      assert.equal(await outcomeOf(store, kept!.sid, kept!.current), 'rotated');
      assert.equal((await store.list(other)).length, 1);
    },
  },
  {
    name: 'lets a session live that starts right after all were ended',
    async run({ store }) {
      const { sub } = await startSession(store);
      await store.endAll({ sub, retention });
      const after = await startSession(store, sub);
      assert.deepEqual(await sidsOf(store, sub), [after.sid]);
      assert.equal(await outcomeOf(store, after.sid, after.current), 'rotated');
      assert.ok(!(await endedIds(store)).ids.includes(`sid ${after.sid}`));
    },
  },
  {
    name: 'ends none of somebody who has none',
    async run({ store }) {
      assert.deepEqual(await store.endAll({ sub: somebody(), retention }), []);
    },
  },
  {
    name: 'ends hundreds of sessions of one person',
    async run({ store, peer = store }) {
      const sub = somebody();
      await Promise.all(Array.from({ length: 450 }, () => startSession(store, sub)));
      assert.equal((await peer.list(sub)).length, 450);
      assert.equal((await store.endAll({ sub, retention })).length, 450);
      assert.deepEqual(await peer.list(sub), []);
    },
  },
];
