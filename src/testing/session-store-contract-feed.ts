import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  endedIds,
  LONG,
  LONGER_THAN_SHORT,
  startSession,
  type ContractCase,
} from './session-store-contract-bed.js';

const { retention } = LONG;

/** How other processes learn of what ended. */
export const feedCases: readonly ContractCase[] = [
  {
    name: 'reports what ended in each way, and what was revoked',
    async run({ store, peer = store }) {
      const { cursor } = await endedIds(peer);
      const [one, all] = [await startSession(store), await startSession(store)];
      const jti = `a jti: ${randomUUID()} | é`;
      await store.end({ sid: one.sid, retention });
      await store.endAll({ sub: all.sub, retention });
      await store.revoke({ jti, retention });
      const expected = [`sid ${one.sid}`, `sid ${all.sid}`, `jti ${jti}`];
      const since = await endedIds(peer, cursor);
      const fromTheBeginning = await endedIds(peer);
      for (const id of expected) {
        assert.ok(since.ids.includes(id), `${id} is missing`);
        assert.ok(fromTheBeginning.ids.includes(id), `${id} is missing`);
        assert.ok(
          since.ages.get(id)! >= 0 && since.ages.get(id)! < 10,
          `the age of ${id} is ${since.ages.get(id)}`,
        );
      }
    },
  },
  {
    name: 'goes on where the last report ended',
    async run({ store, peer = store }) {
      const first = await startSession(store);
      await store.end({ sid: first.sid, retention });
      const { cursor } = await endedIds(peer);
      const second = await startSession(store);
      await store.end({ sid: second.sid, retention });
      const { ids } = await endedIds(peer, cursor);
      assert.ok(ids.includes(`sid ${second.sid}`));
      assert.ok(!ids.includes(`sid ${first.sid}`));
    },
  },
  {
    name: 'misses nothing that ends while somebody asks',
    async run({ store, peer = store }) {
      const sessions = await Promise.all(Array.from({ length: 100 }, () => startSession(store)));
      const seen = new Set<string>();
      let { cursor } = await endedIds(peer);
      let isOver = false;
      const watch = async (): Promise<void> => {
        for (let rounds = 1; rounds > 0; rounds -= isOver ? 1 : 0) {
          const since = await endedIds(peer, cursor);
          for (const id of since.ids) seen.add(id);
          cursor = since.cursor;
          await new Promise((resolve) => void setImmediate(resolve));
        }
        for (const id of (await endedIds(peer, cursor)).ids) seen.add(id);
      };
      const watching = watch();
      await Promise.all(sessions.map(({ sid }) => store.end({ sid, retention })));
      isOver = true;
      await watching;
      assert.deepEqual(
        sessions.filter(({ sid }) => !seen.has(`sid ${sid}`)),
        [],
      );
    },
  },
  {
    name: 'reports more than a thousand, in pieces',
    async run({ store, peer = store }) {
      const { cursor } = await endedIds(peer);
      const jtis = Array.from({ length: 1200 }, () => randomUUID());
      for (let at = 0; at < jtis.length; at += 250) {
        await Promise.all(jtis.slice(at, at + 250).map((jti) => store.revoke({ jti, retention })));
      }
      const { ids } = await endedIds(peer, cursor);
      const reported = new Set(ids);
      assert.equal(jtis.filter((jti) => !reported.has(`jti ${jti}`)).length, 0);
    },
  },
  {
    name: 'says how long ago something ended',
    async run({ store, peer = store, wait }) {
      const { sid } = await startSession(store);
      await store.end({ sid, retention });
      await wait(LONGER_THAN_SHORT);
      const age = (await endedIds(peer)).ages.get(`sid ${sid}`)!;
      assert.ok(age >= LONGER_THAN_SHORT - 0.02 && age < 10, `the age is ${age}`);
    },
  },
  {
    name: 'reports nothing where nothing has to be known',
    async run({ store }) {
      const { sid } = await startSession(store);
      const { cursor } = await endedIds(store);
      await store.end({ sid, retention: 0 });
      assert.ok(!(await endedIds(store, cursor)).ids.includes(`sid ${sid}`));
    },
  },
  {
    name: 'knows at once what has ended, where it says that it does',
    async run({ store }) {
      if (!store.endedHere) return;
      const { sid } = await startSession(store);
      const jti = randomUUID();
      assert.ok(!store.endedHere.has('sid', sid) && !store.endedHere.has('jti', jti));
      await Promise.all([store.end({ sid, retention }), store.revoke({ jti, retention })]);
      assert.ok(store.endedHere.has('sid', sid) && store.endedHere.has('jti', jti));
      assert.ok(!store.endedHere.has('jti', sid) && !store.endedHere.has('sid', jti));
    },
  },
];
