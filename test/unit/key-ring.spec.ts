import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { KeyError, OptionError, VerifyOnlyError } from '../../src/errors/developer-errors.js';
import { TokenKeyUnknownError } from '../../src/errors/token-errors.js';
import { KeysUnavailableError } from '../../src/errors/unavailable-errors.js';
import { FixedKeyRing } from '../../src/keys/ring/fixed-key-ring.js';
import { parseKeyFileName, stemOf } from '../../src/keys/ring/key-file-name.js';
import { activeOf, lifeOf, stateOf, type LivingKey } from '../../src/keys/ring/key-life.js';
import { loadKeyPair } from '../../src/keys/key-pair.js';
import { nextRotation } from '../../src/keys/ring/next-rotation.js';
import { assertRotationPolicy, leadOf, retentionOf } from '../../src/keys/ring/rotation-policy.js';
import { TestClock } from '../../src/testing/index.js';
import { TokenVerifier } from '../../src/tokens/token-verifier.js';
import { KeyFolder, kidOf, LEAD, POLICY, RETENTION } from '../support/key-folder.js';
import { keyPairOf } from '../support/keys.js';
import { issuerWith, NOW, VERIFYING } from '../support/mint.js';
import { KilledRotation } from '../support/killed-rotation.js';

const DAY = 86_400;

let folder: KeyFolder;
beforeEach(() => void (folder = new KeyFolder()));
afterEach(() => folder.remove());

/** What a promise is rejected with. */
async function refusalOf(promise: Promise<unknown>): Promise<KeyError> {
  const error: unknown = await promise.then(
    () => new Error('It was accepted'),
    (refusal: unknown) => refusal,
  );
  if (error instanceof KeyError) return error;
  throw error;
}

describe('The name of a key file', () => {
  it.each([
    ['rs256.pem', 'rs256', -Infinity, 'private'],
    ['rs256.pub', 'rs256', -Infinity, 'public'],
    ['rs256-20261122T100000Z.pem', 'rs256-20261122T100000Z', Date.UTC(2026, 10, 22, 10) / 1000, 'private'],
    ['rs256-19700101T000000Z.pub', 'rs256-19700101T000000Z', 0, 'public'],
  ])('%s says which key it is and from when it signs', (name, stem, signsFrom, half) => {
    expect(parseKeyFileName(name)).toEqual({ stem, signsFrom, half });
  });

  it.each([
    'RS256.pem',
    'rs256.PEM',
    'rs256-.pem',
    'rs256-20260231T100000Z.pem',
    'rs256-20261122T250000Z.pem',
    'rs256-20261122T100060Z.pem',
    'rs256-20261122T100000.pem',
    'rs256-20261122T100000Z.pem.tmp',
    'rs256.pem.bak',
    'xrs256.pem',
    'rs256.key',
    '../rs256.pem',
    'rs256.pem\n',
  ])('%j is the name of none', (name) => {
    expect(parseKeyFileName(name)).toBeUndefined();
  });

  it('reads back every time that it can say', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (signsFrom) => {
        expect(parseKeyFileName(`${stemOf(signsFrom)}.pem`)?.signsFrom).toBe(signsFrom);
      }),
    );
  });
});

describe('The arithmetic of rotation', () => {
  it('publishes a key for max-age and stale-while-revalidate before it signs, and 15 minutes at least', () => {
    expect(leadOf(POLICY)).toBe(900);
    expect(leadOf({ ...POLICY, maxAge: 1, staleWhileRevalidate: 0 })).toBe(900);
    expect(leadOf({ ...POLICY, maxAge: 3600, staleWhileRevalidate: 600 })).toBe(4200);
  });

  it('keeps a key until the last token that it can have signed has expired everywhere', () => {
    expect(retentionOf({ ...POLICY, notBefore: 7 })).toBe(86_400 + 7 + 10 + 300);
  });

  it.each([
    [
      { every: 1799 },
      /rotation\.every \(1799 s\).+max\(900 s, maxAge 300 s \+ staleWhileRevalidate 600 s\) = 900 s.+1800 s/,
    ],
    [
      { every: 3600, maxTokenTtl: 30 * DAY },
      /722 keys.+maxTokenTtl 2592000 s \+ notBefore 0 s \+ clockTolerance 10 s \+ maxAge 300 s/,
    ],
  ])('stops the boot for %j, and shows the sum', (options, sentence) => {
    const attempt = () => assertRotationPolicy({ ...POLICY, ...options });
    expect(attempt).toThrow(OptionError);
    expect(attempt).toThrow(sentence);
  });

  it.each([{ every: 1800, maxTokenTtl: 3600 }, { every: 30 * DAY }, { every: undefined }])(
    'accepts %j',
    (options) => {
      expect(() => assertRotationPolicy({ ...POLICY, ...options })).not.toThrow();
    },
  );

  it('never lets a key sign before its lead is over, nor skips a period, whenever it is asked', () => {
    const everies = fc.integer({ min: 1800, max: 90 * DAY });
    fc.assert(
      fc.property(everies, fc.double({ min: 0, max: 4e9, noNaN: true }), (every, now) => {
        const policy = { ...POLICY, every };
        const from = nextRotation(Number.NEGATIVE_INFINITY, policy, now)!;
        expect(from - now).toBeGreaterThanOrEqual(LEAD);
        // Once it is there, none is due for its period.
        expect(nextRotation(from, policy, now)).toBeUndefined();
        // And when that one's period is over, the next is.
        expect(nextRotation(from, policy, from + every)).toBeDefined();
      }),
    );
  });

  it('gives instances whose clocks differ the same name, in time for the period', () => {
    const every = 30 * DAY;
    const boundary = Math.ceil(NOW / every) * every;
    const newest = boundary - every;
    for (const before of [2 * LEAD, 2 * LEAD - 1, LEAD + 100, LEAD + 6])
      expect(nextRotation(newest, { ...POLICY, every }, boundary - before)).toBe(boundary);
    expect(nextRotation(newest, { ...POLICY, every }, boundary - 2 * LEAD - 1)).toBeUndefined();
    // Nobody was there in time: a step later, and the same step for all.
    for (const late of [-LEAD, 0, 10]) {
      const from = nextRotation(newest, { ...POLICY, every }, boundary + late)!;
      expect((from - boundary) % LEAD).toBe(0);
      expect(from - (boundary + late)).toBeGreaterThanOrEqual(LEAD);
    }
  });

  it('has at most one key that signs, at any time, and none that verifies is given up early', () => {
    const key = fc.record({
      signsFrom: fc.oneof(fc.constant(Number.NEGATIVE_INFINITY), fc.integer({ min: 0, max: 1000 })),
      canSign: fc.boolean(),
      mayBegin: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(key, { selector: ({ signsFrom }) => signsFrom }),
        fc.integer({ min: 0, max: 1000 }),
        (keys, now) => {
          const active = activeOf<LivingKey>(keys, [], now);
          if (!active)
            return expect(keys.some((k) => k.canSign && k.mayBegin && k.signsFrom <= now)).toBe(false);
          expect(stateOf(lifeOf(active, keys, 50), now)).toBe('active');
          for (const other of keys.filter((k) => k.canSign && k.mayBegin && k !== active))
            expect(stateOf(lifeOf(other, keys, 50), now)).not.toBe('active');
          return undefined;
        },
      ),
    );
  });
});

describe('A folder of keys', () => {
  it('has the oldest file sign since ever, a later one from its time on, and gives up the old one when its tokens have expired', async () => {
    folder.put('alice');
    folder.put('bob', NOW + 2000);
    const { ring, clock, told, states } = await folder.load();
    const next = stemOf(NOW + 2000);
    expect(ring.active.kid).toBe(kidOf('alice'));
    expect(states()).toEqual({ rs256: 'active', [next]: 'upcoming' });
    expect(ring.verificationKeys.map(({ kid }) => kid)).toEqual([kidOf('bob'), kidOf('alice')]);

    clock.advance(1999.9);
    expect(ring.active.kid).toBe(kidOf('alice'));
    clock.advance(0.1);
    expect(ring.active.kid).toBe(kidOf('bob'));
    expect(states()).toEqual({ rs256: 'retiring', [next]: 'active' });

    clock.advance(RETENTION - 0.5);
    expect(states()).toEqual({ rs256: 'retiring', [next]: 'active' });
    clock.advance(0.5);
    expect(states()).toEqual({ rs256: 'retired', [next]: 'active' });
    expect(ring.verificationKeys.map(({ kid }) => kid)).toEqual([kidOf('bob')]);
    expect(ring.publicKeys.find(kidOf('alice'))).toBeUndefined();
    expect(told('active')).toEqual(['rs256', next]);
    expect([told('upcoming'), told('retiring'), told('retired')]).toEqual([[next], ['rs256'], ['rs256']]);
    expect(folder.list()).toContain('rs256.pem');
  });

  it('verifies with a public key alone, and issues nothing', async () => {
    folder.putPublic('alice');
    folder.putPublic('bob', NOW - 5);
    const { ring, states } = await folder.load();
    expect(() => ring.active).toThrow(VerifyOnlyError);
    expect(states()).toEqual({ rs256: 'retiring', [stemOf(NOW - 5)]: 'active' });
    expect(ring.keys.map(({ canSign }) => canSign)).toEqual([false, false]);
  });

  it('lets a public key alone verify beside one that signs, and never makes it the one that signs', async () => {
    folder.put('alice');
    folder.putPublic('bob', NOW - 5);
    const { ring, states } = await folder.load();
    expect(ring.active.kid).toBe(kidOf('alice'));
    expect(states()).toEqual({ rs256: 'active', [stemOf(NOW - 5)]: 'retiring' });
  });

  it('starts issuing when a private key comes into a folder of public ones', async () => {
    folder.putPublic('alice');
    const { ring } = await folder.load();
    folder.put('alice');
    await ring.reload();
    expect(ring.active.kid).toBe(kidOf('alice'));
  });

  it('warns once of another .pem, and of no other file', async () => {
    folder.put('alice');
    folder.write('server.pem', 'something else');
    for (const name of ['README.md', 'notes.txt', 'rs256.pem.bak', 'rs256.pub.old', 'other.pub'])
      folder.write(name, 'x');
    const { ring, events } = await folder.load();
    await ring.reload();
    const notices = events.filter(({ type }) => type === 'notice');
    expect(notices).toEqual([{ type: 'notice', message: expect.stringContaining('server.pem') }]);
    expect(events.filter(({ type }) => type === 'faulty')).toEqual([]);
  });

  it.each([
    ['no key', () => undefined, 'ERR_KEY_DIRECTORY', /npx jwt-rs256 keygen --directory/],
    ['a damaged key', () => folder.write('rs256.pem', 'damaged'), 'ERR_KEY_FORMAT', /rs256\.pem/],
    [
      'a public key good and the private one not',
      () => (folder.putPublic('alice'), folder.write('rs256.pem', 'damaged')),
      'ERR_KEY_FORMAT',
      /rs256\.pem/,
    ],
    ['only keys to come', () => folder.put('alice', NOW + 5000), 'ERR_KEY_DIRECTORY', /rotate --now/],
    [
      'a pair that is none',
      () => (folder.put('alice'), folder.putPublic('bob')),
      'ERR_KEY_PAIR',
      /not a pair/,
    ],
    [
      'a private key as the public one',
      () => folder.write('rs256.pub', keyPairOf('alice').privateKey),
      'ERR_KEY_PRIVATE_IN_PUBLIC_SLOT',
      /rs256\.pub/,
    ],
  ])('stops the boot where there is %s', async (_, prepare, code, sentence) => {
    prepare();
    const error = await refusalOf(folder.load());
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(sentence)]);
    expect(error.message).not.toContain('BEGIN PRIVATE');
  });

  it('stops the boot where there is no folder, or a file in its place', async () => {
    const file = folder.write('a-file', '');
    expect((await refusalOf(folder.load({ path: file }))).message).toMatch(/is not a folder/);
    expect((await refusalOf(folder.load({ path: join(folder.path, 'none') }))).message).toMatch(
      /does not exist.+keygen/,
    );
  });

  it('opens encrypted keys with the passphrase, and encrypts new ones with it', async () => {
    const text = createPrivateKey(keyPairOf('alice').privateKey).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'open sesame',
    });
    folder.write('rs256.pem', text);
    expect((await refusalOf(folder.load())).code).toBe('ERR_KEY_ENCRYPTED');
    const { ring } = await folder.load({ passphrase: 'open sesame' });
    const { name } = await ring.rotate();
    expect(readFileSync(join(folder.path, `${name}.pem`), 'utf8')).toContain('BEGIN ENCRYPTED PRIVATE KEY');
    expect((await folder.load({ passphrase: 'open sesame' })).ring.keys).toHaveLength(2);
  });
});

describe('A key file that goes bad', () => {
  const rsa = (bits: number) =>
    generateKeyPairSync('rsa', { modulusLength: bits }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  const ec = () =>
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  const good = () => keyPairOf('bob').privateKey;
  const faults: [string, (path: string) => void][] = [
    ...[0, 1, 30, 800, 1500].map((length): [string, (path: string) => void] => [
      `is cut after ${length} characters`,
      () => folder.write('rs256.pem', keyPairOf('alice').privateKey.slice(0, length)),
    ]),
    ['is full of NULs', () => folder.write('rs256.pem', Buffer.alloc(1704))],
    ['is deleted', (path) => rmSync(path)],
    ['is replaced by a directory', (path) => (rmSync(path), mkdirSync(path))],
    ['is a dangling link', (path) => (rmSync(path), symlinkSync('nowhere', path))],
    ['is a loop of links', (path) => (rmSync(path), symlinkSync('rs256.pem', path))],
    ['becomes an EC key', () => folder.write('rs256.pem', ec())],
    ['becomes a key of 1024 bits', () => folder.write('rs256.pem', rsa(1024))],
    ['becomes a public key', () => folder.write('rs256.pem', keyPairOf('alice').publicKey)],
    ['is huge', () => folder.write('rs256.pem', Buffer.alloc(2 * 1024 * 1024, 0x41))],
  ];

  it.each(faults)(
    'and %s: it signs on, one warning is told, and it is taken up again when it is good',
    async (_, damage) => {
      const path = folder.put('alice');
      const { ring, told } = await folder.load();
      damage(path);
      for (let look = 0; look < 3; look++) await ring.reload();
      expect(ring.active.kid).toBe(kidOf('alice'));
      expect(ring.publicKeys.find(kidOf('alice'))).toBeDefined();
      expect(told('faulty')).toEqual(['rs256']);
      rmSync(path, { recursive: true, force: true });
      folder.put('alice');
      await ring.reload();
      expect(told('recovered')).toEqual(['rs256']);
      expect(ring.active.kid).toBe(kidOf('alice'));
    },
  );

  it('is told each time it is gone, be it that it came back in between', async () => {
    const path = folder.put('alice');
    const { ring, told } = await folder.load();
    for (let time = 1; time <= 2; time++) {
      rmSync(path);
      await ring.reload();
      expect(told('faulty')).toHaveLength(time);
      folder.put('alice');
      await ring.reload();
      expect(told('recovered')).toHaveLength(time);
    }
  });

  it('signs no more where its private half is taken away and the public one stays', async () => {
    const path = folder.put('alice');
    folder.putPublic('alice');
    const { ring } = await folder.load();
    rmSync(path);
    await ring.reload();
    expect(() => ring.active).toThrow(VerifyOnlyError);
    expect(ring.publicKeys.find(kidOf('alice'))).toBeDefined();
  });

  it.each(faults)('and %s harms no other key, at boot either', async (_, damage) => {
    const path = folder.put('alice');
    folder.put('bob', NOW - 10);
    damage(path);
    const { ring } = await folder.load();
    expect(ring.active.kid).toBe(kidOf('bob'));
  });

  it('signs on where its public half is good and the private one is not', async () => {
    folder.put('alice');
    folder.putPublic('alice');
    const { ring, told } = await folder.load();
    folder.write('rs256.pem', 'damaged');
    await ring.reload();
    expect(ring.active.kid).toBe(kidOf('alice'));
    expect(told('faulty')).toEqual(['rs256']);
  });

  it('verifies where its public half is good and the private one never was', async () => {
    folder.put('bob', NOW - 5);
    folder.putPublic('alice', NOW - 10);
    folder.write(`${stemOf(NOW - 10)}.pem`, 'damaged');
    const { ring } = await folder.load();
    expect(ring.active.kid).toBe(kidOf('bob'));
    expect(ring.publicKeys.find(kidOf('alice'))).toBeDefined();
  });

  it('is used by nobody who has never seen it good, and is when it is whole', async () => {
    folder.put('alice');
    const path = folder.write(`${stemOf(NOW + 1000)}.pem`, good().slice(0, 900));
    const { ring, clock, told } = await folder.load();
    clock.advance(1500);
    await ring.reload();
    expect(ring.active.kid).toBe(kidOf('alice'));
    expect(ring.verificationKeys).toHaveLength(1);
    folder.write(path.split('/').pop()!, good());
    await ring.reload();
    expect(ring.active.kid).toBe(kidOf('bob'));
    expect(told('recovered')).toEqual([stemOf(NOW + 1000)]);
  });

  it('does not begin to sign while it is bad, though it was good when it was published', async () => {
    folder.put('alice');
    const path = folder.put('bob', NOW + 1000);
    const { ring, clock, states } = await folder.load();
    rmSync(path);
    await ring.reload();
    clock.advance(1001);
    await ring.reload();
    expect(ring.active.kid).toBe(kidOf('alice'));
    // Another instance may have it, and sign with it.
    expect(states()).toEqual({ rs256: 'active', [stemOf(NOW + 1000)]: 'retiring' });
    expect(ring.publicKeys.find(kidOf('bob'))).toBeDefined();
  });

  it('is forgotten after its end', async () => {
    const path = folder.put('alice');
    folder.put('bob', NOW + 1000);
    const { ring, clock } = await folder.load();
    clock.advance(1001);
    rmSync(path);
    await ring.reload();
    expect(ring.publicKeys.find(kidOf('alice'))).toBeDefined();
    clock.advance(RETENTION);
    await ring.reload();
    expect(ring.keys.map(({ kid }) => kid)).toEqual([kidOf('bob')]);
  });

  it('by its mode is found out again when the mode is right', async () => {
    // root reads everything, so the folder is asked through a name that cannot be followed.
    const path = folder.put('alice');
    const { ring, told } = await folder.load();
    renameSync(path, `${path}.away`);
    await ring.reload();
    renameSync(`${path}.away`, path);
    chmodSync(path, 0o644);
    await ring.reload();
    expect(told('recovered')).toEqual(['rs256']);
  });

  it('and the folder that vanishes leave the ring as it is, and are told once', async () => {
    folder.put('alice');
    const { ring, clock, told, events } = await folder.load();
    ring.open();
    renameSync(folder.path, `${folder.path}-away`);
    const looked = async (): Promise<void> => {
      clock.advance(1);
      await ring.reload().catch(() => undefined);
      await new Promise((resolve) => setImmediate(resolve));
    };
    for (let look = 0; look < 3; look++) await looked();
    expect(ring.active.kid).toBe(kidOf('alice'));
    expect(events.filter(({ type }) => type === 'faulty')).toHaveLength(1);
    renameSync(`${folder.path}-away`, folder.path);
    for (let look = 0; look < 2; look++) await looked();
    expect(told('recovered')).toEqual([folder.path]);
    ring.close();
  });
});

describe('A folder that is looked at', () => {
  it('is looked at every second, until the ring is closed', async () => {
    folder.put('alice');
    const { ring, clock } = await folder.load();
    ring.open();
    folder.put('bob', NOW + 5000);
    clock.advance(1);
    await ring.reload();
    expect(ring.keys).toHaveLength(2);
    ring.close();
    folder.put('carol', NOW + 9000);
    clock.advance(10);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(ring.keys).toHaveLength(2);
  });

  it('may be links into another folder, which is swapped as a whole, as Kubernetes does', async () => {
    const revision = (name: string, owners: Record<string, string>): void => {
      const path = join(folder.path, name);
      mkdirSync(path);
      for (const [file, owner] of Object.entries(owners)) {
        const other = new KeyFolder();
        renameSync(other.write(file, keyPairOf(owner).privateKey), join(path, file));
        other.remove();
      }
    };
    const next = `${stemOf(NOW + 2000)}.pem`;
    revision('..1', { 'rs256.pem': 'alice' });
    symlinkSync('..1', join(folder.path, '..data'));
    symlinkSync('..data/rs256.pem', join(folder.path, 'rs256.pem'));
    const { ring, told } = await folder.load();
    const swapTo = (name: string): void => {
      symlinkSync(name, join(folder.path, '..data_tmp'));
      renameSync(join(folder.path, '..data_tmp'), join(folder.path, '..data'));
    };
    revision('..2', { 'rs256.pem': 'alice', [next]: 'bob' });
    swapTo('..2');
    symlinkSync(`..data/${next}`, join(folder.path, next));
    rmSync(join(folder.path, '..1'), { recursive: true });
    await ring.reload();
    expect(ring.keys.map(({ kid }) => kid)).toEqual([kidOf('bob'), kidOf('alice')]);
    // The link itself stays the same, and leads to another key.
    revision('..3', { 'rs256.pem': 'alice', [next]: 'carol' });
    swapTo('..3');
    await ring.reload();
    expect(ring.keys.map(({ kid }) => kid)).toEqual([kidOf('carol'), kidOf('alice')]);
    expect(told('faulty')).toEqual([]);
  });

  it('warns of a key that appears later than others can learn of it', async () => {
    folder.put('alice');
    const { ring, events } = await folder.load();
    folder.put('bob', NOW + 60);
    folder.put('carol', NOW + LEAD + 1);
    await ring.reload();
    const notices = events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
    expect(notices).toEqual([expect.stringMatching(/appeared 60 s before it signs\. Others may need 900 s/)]);
  });

  it('asks the file of an upcoming key at boot since when it is there', async () => {
    folder.put('alice');
    const path = folder.put('bob', NOW + 60);
    utimesSync(path, NOW - LEAD, NOW - LEAD);
    const noticesOf = async () =>
      (await folder.load()).events.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
    expect(await noticesOf()).toEqual([]);
    utimesSync(path, NOW - 40, NOW - 40);
    expect(await noticesOf()).toEqual([
      expect.stringMatching(/was put here, as its file says, 100 s before it signs/),
    ]);
  });

  it('changes the version of its public keys when one comes or goes, and only then', async () => {
    folder.put('alice');
    const { ring, clock } = await folder.load();
    const { version } = ring.publicKeys;
    await ring.reload();
    clock.advance(5);
    await ring.reload();
    expect(ring.publicKeys.version).toBe(version);
    folder.put('bob', NOW + 5000);
    await ring.reload();
    expect(ring.publicKeys.version).not.toBe(version);
  });
});

describe('KeyRing.rotate()', () => {
  it('publishes a key that signs when everybody can have it, and until then changes nothing', async () => {
    folder.put('alice');
    const { ring, clock } = await folder.load();
    const next = await ring.rotate();
    expect(next.state).toBe('upcoming');
    expect(next.signsFrom - NOW).toBeGreaterThanOrEqual(LEAD);
    expect(next.signsFrom - NOW).toBeLessThan(LEAD + 10);
    expect(statSync(join(folder.path, `${next.name}.pem`)).mode & 0o777).toBe(0o600);
    expect(ring.active.kid).toBe(kidOf('alice'));
    clock.advance(next.signsFrom - NOW);
    expect(ring.active.kid).toBe(next.kid);
  });

  it('makes none where one is on its way, also when several ask at once', async () => {
    folder.put('alice');
    const { ring } = await folder.load();
    const made = await Promise.all([ring.rotate(), ring.rotate(), ring.rotate()]);
    expect(new Set(made.map(({ kid }) => kid)).size).toBe(1);
    expect(folder.list()).toHaveLength(2);
  });

  it('takes the next second where the name is that of a key that was revoked', async () => {
    folder.put('alice');
    const { ring } = await folder.load();
    const next = await ring.rotate();
    await ring.revokeKey(next.kid);
    expect((await ring.rotate()).signsFrom).toBe(next.signsFrom + 1);
  });

  it('makes a key as long as the one before', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 });
    folder.write('rs256.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }));
    expect((await (await folder.load()).ring.rotate()).bits).toBe(3072);
  });

  it('says what to do where the keys are not in a folder', async () => {
    const ring = new FixedKeyRing(await loadKeyPair({ privateKey: keyPairOf('alice').privateKey }, NOW));
    expect(ring.active.kid).toBe(kidOf('alice'));
    for (const attempt of [ring.rotate(), ring.revokeKey()]) {
      const error = await refusalOf(attempt);
      expect([error.code, error.message]).toEqual([
        'ERR_KEY_DIRECTORY',
        expect.stringContaining("keyDirectory: 'keys'"),
      ]);
    }
  });
});

describe('Rotation by itself', () => {
  const every = 30 * DAY;

  it('makes the first key of an empty folder, which signs at once', async () => {
    const { ring } = await folder.load({ policy: { every } });
    expect(ring.active.kid).toBe(ring.keys[0]!.kid);
    expect(folder.list()).toEqual([`${stemOf(Math.floor(NOW / every) * every)}.pem`]);
  });

  it('stops the boot where the folder cannot be written', async () => {
    const path = folder.write('a-file', 'x');
    const error = await refusalOf(folder.load({ path: join(path, 'below'), policy: { every } }));
    expect([error.code, error.message]).toEqual([
      'ERR_KEY_DIRECTORY',
      expect.stringMatching(/cannot be written.+leave the option rotation out/),
    ]);
  });

  it('makes one key for each period, in time, however often it is looked at', async () => {
    const { ring, clock } = await folder.load({ policy: { every } });
    const kids = new Set<string>();
    for (let step = 0; step < 4 * 30 * 4; step++) {
      clock.advance(DAY / 4);
      await ring.reload();
      kids.add(ring.active.kid);
    }
    expect(kids.size).toBe(5);
    expect(folder.list()).toHaveLength(5);
  }, 60_000);

  it('makes exactly one with four instances on one folder whose clocks differ, and they agree on it', async () => {
    folder.put('alice', Math.floor(NOW / every) * every);
    const boundary = Math.ceil(NOW / every) * every;
    const instances = await Promise.all(
      [0, 0.4, 1.3, 2.9].map((ahead) =>
        folder.load({ clock: new TestClock(boundary - LEAD * 2 + ahead - 5), policy: { every } }),
      ),
    );
    for (let second = 0; second < 8; second++) {
      for (const { clock } of instances) clock.advance(1);
      await Promise.all(instances.map(({ ring }) => ring.reload()));
    }
    expect(folder.list()).toHaveLength(2);
    await Promise.all(instances.map(({ ring }) => ring.reload()));
    const kids = instances.map(({ ring }) => ring.keys.map(({ kid }) => kid).join());
    expect(new Set(kids).size).toBe(1);
  });

  it.each(KilledRotation.STEPS)(
    'that is killed %s leaves a ring that boots, with one key that signs and none lost',
    async (step) => {
      folder.put('alice');
      const killed = await KilledRotation.run(folder.path, step);
      expect(killed.signal).toBe('SIGKILL');
      const { ring, states, told } = await folder.load();
      expect(ring.active.kid).toBe(kidOf('alice'));
      expect(told('faulty')).toEqual([]);
      expect(Object.values(states()).filter((state) => state === 'active')).toHaveLength(1);
      // The next one goes on as if nothing had been.
      const next = await ring.rotate();
      expect(next.state).toBe('upcoming');
      expect(folder.list().filter((name) => name.endsWith('.pem'))).toHaveLength(2);
    },
  );
});

describe('A key that is revoked', () => {
  async function tokensOf(ring: Awaited<ReturnType<KeyFolder['load']>>) {
    const verifier = new TokenVerifier(ring.ring.publicKeys, ring.clock, VERIFYING);
    const issue = () => issuerWith({}, ring.ring.active, ring.clock).issue({ sub: 'alice' });
    return { verifier, issue };
  }

  it('makes its tokens invalid at once, those in the cache too, and another key signs at once', async () => {
    folder.put('alice');
    const instance = await folder.load();
    const { verifier, issue } = await tokensOf(instance);
    const token = await issue();
    const accepted = await verifier.verify(token);
    expect(verifier.accept(token)).toBe(accepted);
    await instance.ring.revokeKey(kidOf('alice'));
    expect(() => verifier.accept(token)).toThrow(TokenKeyUnknownError);
    await expect(verifier.verify(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_KEY_UNKNOWN' });
    expect(instance.ring.active.kid).not.toBe(kidOf('alice'));
    await verifier.verify(await issue());
    expect(instance.told('revoked')).toEqual(['rs256']);
    expect(folder.list()).toContain(`${kidOf('alice')}.revoked`);
  });

  it('may have begun in this very second: its successor is not ended by it, whatever else is revoked', async () => {
    folder.put('alice', NOW);
    folder.put('bob', NOW + 1000);
    const { ring, clock } = await folder.load();
    await ring.revokeKey(kidOf('alice'));
    const [, successor] = ring.keys;
    expect(successor).toMatchObject({ state: 'upcoming', signsFrom: NOW + 1 });
    // The first to sign, though nothing does yet.
    await ring.revokeKey(successor!.kid);
    clock.advance(2);
    const { kid } = ring.active;
    expect([kidOf('alice'), kidOf('bob'), successor!.kid]).not.toContain(kid);
    expect((await folder.load({ clock })).ring.active.kid).toBe(kid);
  });

  it('is known to every instance that sees the folder, and at the next boot', async () => {
    folder.put('alice');
    const [here, there] = [await folder.load(), await folder.load()];
    await here.ring.revokeKey(kidOf('alice'));
    await there.ring.reload();
    expect(there.ring.publicKeys.find(kidOf('alice'))).toBeUndefined();
    expect(there.ring.active.kid).toBe(here.ring.active.kid);
    const rebooted = await folder.load();
    expect(rebooted.ring.keys.map(({ kid }) => kid)).toEqual([here.ring.active.kid]);
  });

  it('does not come back when its mark is taken away, while the process lives', async () => {
    folder.put('alice');
    folder.put('bob', NOW - 5);
    const { ring } = await folder.load();
    await ring.revokeKey(kidOf('alice'));
    rmSync(join(folder.path, `${kidOf('alice')}.revoked`));
    await ring.reload();
    expect(ring.publicKeys.find(kidOf('alice'))).toBeUndefined();
  });

  it('has ended what came before it, also when its own file is gone', async () => {
    folder.put('alice');
    const path = folder.put('bob', NOW - RETENTION - 100);
    const { ring } = await folder.load();
    await ring.revokeKey(kidOf('bob'));
    rmSync(path);
    await ring.reload();
    await ring.reload();
    const alices = ring.keys.find(({ kid }) => kid === kidOf('alice'));
    expect(alices ?? { state: 'retired' }).toMatchObject({ state: 'retired' });
    expect(ring.publicKeys.find(kidOf('alice'))).toBeUndefined();
  });

  it('wins over its file, whatever name that has, and over a copy', async () => {
    folder.put('alice');
    folder.put('alice', NOW - 100);
    folder.put('bob', NOW - 50);
    folder.write(`${kidOf('alice')}.revoked`, '');
    const { ring } = await folder.load();
    expect(ring.keys.map(({ kid }) => kid)).toEqual([kidOf('bob')]);
  });

  it('is published once, however often it is in the folder', async () => {
    folder.put('alice');
    folder.put('alice', NOW - 100);
    const { ring } = await folder.load();
    expect(ring.publicKeys.published).toHaveLength(1);
  });

  it('brings back none that it had followed, which may have been given up years ago', async () => {
    folder.put('alice');
    folder.put('bob', NOW - 2 * RETENTION);
    const { ring, clock, states } = await folder.load();
    expect(states().rs256).toBe('retired');
    await ring.revokeKey(kidOf('bob'));
    expect(states().rs256).toBe('retired');
    expect(ring.publicKeys.find(kidOf('alice'))).toBeUndefined();
    expect((await folder.load({ clock })).states().rs256).toBe('retired');
    // Nor where somebody revoked it by hand, and nothing follows.
    const by = new KeyFolder();
    by.put('alice');
    by.put('bob', NOW - 2 * RETENTION);
    by.write(`${kidOf('bob')}.revoked`, '');
    expect((await refusalOf(by.load())).code).toBe('ERR_KEY_DIRECTORY');
    by.remove();
  });

  it('before its time has ended none: the key that signs goes on', async () => {
    folder.put('alice');
    folder.put('bob', NOW + 1000);
    const { ring, clock, states } = await folder.load();
    await ring.revokeKey(kidOf('bob'));
    clock.advance(RETENTION + 2000);
    await ring.reload();
    expect(ring.active.kid).toBe(kidOf('alice'));
    expect(states()).toEqual({ rs256: 'active' });
    // The mark says when it was, whatever the time of the file.
    utimesSync(join(folder.path, `${kidOf('bob')}.revoked`), NOW + 5000, NOW + 5000);
    expect((await folder.load({ clock })).ring.active.kid).toBe(kidOf('alice'));
    // Without a word of ours, the time of the file counts.
    folder.write(`${kidOf('bob')}.revoked`, '');
    utimesSync(join(folder.path, `${kidOf('bob')}.revoked`), NOW + 5000, NOW + 5000);
    expect((await refusalOf(folder.load({ clock }))).message).toMatch(/rotate --now/);
    // What is longer than any mark of ours is none of ours, and is not read.
    const said = `Revoked ${new Date(NOW * 1000).toISOString()}.`;
    folder.write(`${kidOf('bob')}.revoked`, said.padEnd(1025));
    utimesSync(join(folder.path, `${kidOf('bob')}.revoked`), NOW + 5000, NOW + 5000);
    expect((await refusalOf(folder.load({ clock }))).message).toMatch(/rotate --now/);
  });

  it('was revoked when its mark says so, even if it could not be told at first', async () => {
    folder.put('alice');
    folder.put('bob', NOW + 1000);
    const mark = join(folder.path, `${kidOf('bob')}.revoked`);
    symlinkSync('swapped', mark);
    const { ring, clock } = await folder.load();
    expect(ring.publicKeys.find(kidOf('bob'))).toBeUndefined();
    folder.write('swapped', `Revoked ${new Date(NOW * 1000).toISOString()}.`);
    await ring.reload();
    clock.advance(2000);
    expect(ring.active.kid).toBe(kidOf('alice'));
  });

  it('whose mark is a pipe is revoked, and nobody waits for a writer', async () => {
    if (process.platform === 'win32') return;
    folder.put('alice');
    folder.put('bob', NOW - 5);
    const { ring } = await folder.load();
    execFileSync('mkfifo', [join(folder.path, `${kidOf('alice')}.revoked`)]);
    await ring.reload();
    expect(ring.publicKeys.find(kidOf('alice'))).toBeUndefined();
  });

  it('may be revoked twice, and another is not touched', async () => {
    folder.put('alice');
    folder.put('bob', NOW - 5);
    const { ring } = await folder.load();
    await ring.revokeKey(kidOf('alice'));
    await ring.revokeKey(kidOf('alice'));
    expect(ring.active.kid).toBe(kidOf('bob'));
    expect(folder.list()).toHaveLength(3);
  });

  it.each(['nobody', '', '../../etc/passwd', '*', 'a'.repeat(43), 7, null, undefined, {}, ['x']])(
    'must be in the ring: %j is refused, and nothing is written',
    async (kid) => {
      folder.put('alice');
      const { ring } = await folder.load();
      expect((await refusalOf(ring.revokeKey(kid as string))).code).toBe('ERR_KEY_UNKNOWN');
      expect(folder.list()).toEqual(['rs256.pem']);
    },
  );

  it('leaves nobody who signs where all are, which is 503 and not 401, and at boot says what to do', async () => {
    folder.put('alice');
    const { ring } = await folder.load();
    folder.write(`${kidOf('alice')}.revoked`, '');
    await ring.reload();
    expect(() => ring.active).toThrow(KeysUnavailableError);
    expect((await refusalOf(folder.load())).message).toMatch(/all are revoked.+rotate --now/);
  });

  it('is replaced at boot where keys rotate by themselves', async () => {
    folder.put('alice');
    folder.write(`${kidOf('alice')}.revoked`, '');
    const { ring } = await folder.load({ policy: { every: 30 * DAY } });
    expect(ring.active.kid).not.toBe(kidOf('alice'));
  });
});

describe('The time', () => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'that is %d lets nothing sign or verify that should not',
    async (now) => {
      folder.put('alice', NOW - 5);
      const { ring, clock } = await folder.load();
      clock.now = () => now;
      expect(() => ring.active).toThrow(KeysUnavailableError);
    },
  );

  it('may step back: then who signed signs again', async () => {
    folder.put('alice');
    folder.put('bob', NOW + 100);
    const { ring, clock } = await folder.load();
    clock.advance(200);
    expect(ring.active.kid).toBe(kidOf('bob'));
    clock.setNow(NOW);
    expect(ring.active.kid).toBe(kidOf('alice'));
  });
});

/** A folder that is not the tests' own, so that a left-over is found. */
it('leaves no temporary file behind', async () => {
  const before = mkdtempSync(join(tmpdir(), 'jwt-rs256-none-'));
  rmSync(before, { recursive: true });
  folder.put('alice');
  const { ring } = await folder.load();
  await ring.rotate();
  await ring.revokeKey(kidOf('alice'));
  expect(folder.list().filter((name) => name.endsWith('.tmp'))).toEqual([]);
});
