import assert from 'node:assert/strict';
import {
  LONG,
  LONGER_THAN_SHORT,
  outcomeOf,
  SHORT,
  sidsOf,
  somebody,
  startRequest,
  startSession,
  type ContractCase,
} from './session-store-contract-bed.js';

const AWKWARD = 'a "quoted" | {braced} [x] *?\\ %s \n\t\u0000 \u2028 é e\u0301 😀 -- ; \' ${1} $1';

/** How sessions are kept and listed, and how long. */
export const keepingCases: readonly ContractCase[] = [
  {
    name: 'lists a session with what was said of it, and the times of the store',
    async run({ store, peer = store }) {
      const sub = somebody();
      const claims = {
        sub,
        roles: ['a', 'b'],
        nested: { empty: {}, list: [], none: null },
        number: 1e21,
        zero: 0,
      };
      const { sid } = await startSession(store, sub, { claims, device: 'a phone', authTime: 12_345 });
      const [session, ...others] = await peer.list(sub);
      assert.deepEqual(others, []);
      assert.ok(session);
      const { started, refreshed, secondsLeft, ...rest } = session;
      assert.deepEqual(rest, { sid, sub, claims, authTime: 12_345, device: 'a phone' });
      assert.equal(typeof started, 'number');
      assert.equal(started, refreshed);
      assert.ok(
        secondsLeft > LONG.sessionTtl - 5 && secondsLeft <= LONG.sessionTtl,
        `${secondsLeft} seconds left`,
      );
    },
  },
  {
    name: 'keeps texts of every kind as they are, and the persons apart that they name',
    async run({ store }) {
      const suffix = somebody();
      const subs = ['', AWKWARD, AWKWARD.toUpperCase(), AWKWARD.normalize('NFC'), ' '].map(
        (text) => text + suffix,
      );
      for (const sub of subs)
        await startSession(store, sub, { claims: { sub, [AWKWARD]: AWKWARD }, device: AWKWARD });
      for (const sub of subs) {
        const sessions = await store.list(sub);
        assert.equal(sessions.length, 1);
        assert.deepEqual(sessions[0]!.claims, { sub, [AWKWARD]: AWKWARD });
        assert.equal(sessions[0]!.sub, sub);
        assert.equal(sessions[0]!.device, AWKWARD);
      }
    },
  },
  {
    name: 'lists the sessions of one person, and nobody of a stranger',
    async run({ store }) {
      const [one, other, stranger] = [somebody(), somebody(), somebody()];
      const sids = [];
      for (let count = 0; count < 3; count++) sids.push((await startSession(store, one)).sid);
      await startSession(store, other);
      assert.deepEqual(await sidsOf(store, one), sids.sort());
      assert.equal((await store.list(other)).length, 1);
      assert.deepEqual(await store.list(stranger), []);
    },
  },
  {
    name: 'keeps a session once that is started twice, with what was said first',
    async run({ store }) {
      const sub = somebody();
      const request = startRequest(sub, { device: 'first' });
      await store.start(request);
      await store.start({ ...request, details: { ...request.details, device: 'second' } });
      assert.deepEqual(
        (await store.list(sub)).map(({ device }) => device),
        ['first'],
      );
    },
  },
  {
    name: 'forgets a session that is not refreshed within refreshTokenTtl',
    async run({ store, wait }) {
      const { sub, sid, current } = await startSession(store, somebody(), { refreshTokenTtl: SHORT });
      await wait(LONGER_THAN_SHORT);
      assert.deepEqual(await store.list(sub), []);
      assert.equal(await outcomeOf(store, sid, current), 'unknown');
      assert.equal(await store.end({ sid, retention: LONG.retention }), undefined);
    },
  },
  {
    name: 'counts refreshTokenTtl anew from each refresh',
    async run({ store, wait }) {
      const { sub, sid, current } = await startSession(store, somebody(), { refreshTokenTtl: SHORT });
      assert.equal(await outcomeOf(store, sid, current, { refreshTokenTtl: 60 }), 'rotated');
      await wait(LONGER_THAN_SHORT);
      const [session] = await store.list(sub);
      assert.ok(session);
      assert.ok(session.refreshed >= session.started);
    },
  },
  {
    name: 'forgets a session after sessionTtl, however often it is refreshed',
    async run({ store, wait }) {
      const { sub, sid, current } = await startSession(store, somebody(), { sessionTtl: SHORT });
      const successor = 'the successor';
      assert.equal(await outcomeOf(store, sid, current, { successor }), 'rotated');
      await wait(LONGER_THAN_SHORT);
      assert.equal(await outcomeOf(store, sid, successor), 'unknown');
      assert.equal(await outcomeOf(store, sid, current), 'unknown');
      assert.deepEqual(await store.list(sub), []);
      assert.equal(await store.end({ sid, retention: LONG.retention }), undefined);
    },
  },
  {
    name: 'does not report a session as ended that was merely forgotten',
    async run({ store, wait }) {
      const { sub, sid } = await startSession(store, somebody(), { refreshTokenTtl: SHORT });
      await wait(LONGER_THAN_SHORT);
      await store.list(sub);
      const { ended } = await store.endedSince(undefined);
      assert.ok(!ended.some(({ id }) => id === sid));
    },
  },
  {
    name: 'says what an operator should read, in sentences',
    async run({ store }) {
      for (const sentence of await store.inspect()) assert.match(sentence, /^[A-Z].*\.$/s);
    },
  },
];
