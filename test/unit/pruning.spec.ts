import { describe, expect, it } from '@jest/globals';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import fc from 'fast-check';
import { POLICY_FLAGS, readPolicy } from '../../src/cli/policy-flags.js';
import { printable, printableJson } from '../../src/cli/printable.js';
import { KeyError } from '../../src/errors/developer-errors.js';
import { DirectorySnapshot } from '../../src/keys/ring/directory-snapshot.js';
import { HeldKey } from '../../src/keys/ring/held-key.js';
import type { DirectoryFile } from '../../src/keys/ring/key-directory.js';
import { stemOf } from '../../src/keys/ring/key-file-name.js';
import type { KeyFiles, KeyListing } from '../../src/keys/ring/key-listing.js';
import { prunableFiles } from '../../src/keys/ring/pruning.js';
import { planRotation } from '../../src/keys/ring/rotation-plan.js';
import {
  leadOf,
  retentionOf,
  soonestStart,
  type RotationPolicy,
} from '../../src/keys/ring/rotation-policy.js';
import { SigningKey } from '../../src/keys/signing-key.js';
import { VerificationKey } from '../../src/keys/verification-key.js';
import { resolveOptions } from '../../src/module/resolve-options.js';
import { formatInstant, formatSpan } from '../../src/time/time-text.js';
import { LEAD, POLICY, RETENTION } from '../support/key-folder.js';
import { keyPairOf } from '../support/keys.js';
import { NOW } from '../support/mint.js';

const HOUR = 3600;
const DAY = 86_400;

const privateKey = createPrivateKey(keyPairOf('alice').privateKey);
const publicKey = createPublicKey(privateKey);
const bad = new KeyError('ERR_KEY_FORMAT', 'It is damaged.');

/** A key of a folder, made up. */
interface MadeUpKey {
  readonly signsFrom: number;
  /** `unread`: nothing of it is known. `half`: its private half is bad. */
  readonly kind: 'private' | 'public' | 'unread' | 'half';
  readonly isRevoked: boolean;
}

const stemOfKey = ({ signsFrom }: MadeUpKey): string =>
  Number.isFinite(signsFrom) ? stemOf(signsFrom) : 'rs256';
const kidOfKey = (key: MadeUpKey): string => stemOfKey(key).padEnd(43, '_');

function filesOf(key: MadeUpKey): KeyFiles {
  return {
    stem: stemOfKey(key),
    signsFrom: key.signsFrom,
    privateMark: key.kind === 'public' ? undefined : 'a',
    publicMark: key.kind === 'private' ? undefined : 'b',
    publishedAt: NOW,
  };
}

function held(key: MadeUpKey): HeldKey {
  const made = new HeldKey(filesOf(key));
  const verificationKey = new VerificationKey(publicKey, kidOfKey(key));
  const signer = key.kind === 'private' ? new SigningKey(privateKey, kidOfKey(key)) : undefined;
  const isBad = key.kind === 'unread' || key.kind === 'half';
  made.take(
    {
      ...(key.kind === 'unread' ? {} : { key: { signer, verificationKey, warnings: [] } }),
      ...(isBad ? { fault: bad } : {}),
    },
    filesOf(key),
  );
  return made;
}

function snapshotOf(keys: readonly MadeUpKey[], now: number, retention = RETENTION): DirectorySnapshot {
  const revoked = new Map(keys.filter(({ isRevoked }) => isRevoked).map((one) => [kidOfKey(one), NOW]));
  const listing: KeyListing = { keys: keys.map(filesOf), revoked, strangers: [] };
  return new DirectorySnapshot(keys.map(held), listing, retention, now);
}

const namesOf = (keys: readonly MadeUpKey[]): string[] =>
  keys.flatMap((key) => {
    const { privateMark, publicMark } = filesOf(key);
    return [
      ...(privateMark ? [`${stemOfKey(key)}.pem`] : []),
      ...(publicMark ? [`${stemOfKey(key)}.pub`] : []),
    ];
  });

const aged = (names: readonly string[], age: number): DirectoryFile[] =>
  names.map((name) => ({ name, changedAt: NOW - age }));

/** What would be deleted, by name. */
function pruned(
  keys: readonly MadeUpKey[],
  files: readonly DirectoryFile[],
  now = NOW,
): Record<string, string> {
  const found = prunableFiles(snapshotOf(keys, now), files, { retention: RETENTION, now });
  return Object.fromEntries(found.map(({ name, reason }) => [name, reason]));
}

const key = (signsFrom: number, kind: MadeUpKey['kind'] = 'private', isRevoked = false): MadeUpKey => ({
  signsFrom,
  kind,
  isRevoked,
});

/** Folders with keys of every kind, near each other and far apart. */
const folders = fc
  .uniqueArray(
    fc.record({
      signsFrom: fc.oneof(
        fc.constant(Number.NEGATIVE_INFINITY),
        fc.integer({ min: -4 * DAY, max: DAY }).map((offset) => NOW + offset),
        fc.constantFrom(-RETENTION - 1, -RETENTION, -RETENTION + 1, 0, 1).map((offset) => NOW + offset),
      ),
      kind: fc.constantFrom('private', 'private', 'private', 'public', 'unread', 'half'),
      isRevoked: fc.boolean(),
    }) as fc.Arbitrary<MadeUpKey>,
    { selector: ({ signsFrom }) => signsFrom, maxLength: 7 },
  )
  .map((keys) => keys.map((one) => ({ ...one, isRevoked: one.isRevoked && one.signsFrom % 3 === 0 })));

describe('Pruning', () => {
  it('never deletes a key that signs, will sign or verifies, at any later moment', () => {
    fc.assert(
      fc.property(folders, fc.integer({ min: 0, max: 3 * DAY }), (keys, later) => {
        const deleted = new Set(Object.keys(pruned(keys, aged(namesOf(keys), 99 * DAY))));
        const at = NOW + later;
        for (const { name, state } of snapshotOf(keys, at).state.keys) {
          if (state !== 'retired')
            expect([deleted.has(`${name}.pem`), deleted.has(`${name}.pub`)]).toEqual([false, false]);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('changes nothing for the keys that stay: who signs and who verifies is the same at any later moment', () => {
    fc.assert(
      fc.property(folders, fc.integer({ min: 0, max: 3 * DAY }), (keys, later) => {
        const deleted = pruned(keys, aged(namesOf(keys), 99 * DAY));
        const left = keys.filter((one) => namesOf([one]).every((name) => !(name in deleted)));
        const [before, after] = [snapshotOf(keys, NOW + later).state, snapshotOf(left, NOW + later).state];
        expect(after.active?.name).toBe(before.active?.name);
        expect(after.verifying.map(({ kid }) => kid)).toEqual(before.verifying.map(({ kid }) => kid));
      }),
      { numRuns: 500 },
    );
  });

  it('deletes both halves of a key or none, and nothing of one that cannot be read', () => {
    fc.assert(
      fc.property(folders, (keys) => {
        const deleted = pruned(keys, aged(namesOf(keys), 99 * DAY));
        for (const one of keys) {
          const reasons = new Set(namesOf([one]).map((name) => deleted[name]));
          expect(reasons.size).toBe(1);
          if (one.kind === 'unread' || one.kind === 'half') expect([...reasons]).toEqual([undefined]);
        }
      }),
    );
  });

  it('deletes a key in the second in which its last token has expired, and not before', () => {
    const keys = [key(Number.NEGATIVE_INFINITY), key(NOW)];
    const files = aged(['rs256.pem', `${stemOf(NOW)}.pem`], 0);
    expect(pruned(keys, files, NOW + RETENTION - 1)).toEqual({});
    expect(pruned(keys, files, NOW + RETENTION)).toEqual({ 'rs256.pem': 'retired' });
  });

  it('keeps a key whose successor is damaged, or may not sign', () => {
    for (const kind of ['unread', 'half', 'public'] as const) {
      const keys = [key(Number.NEGATIVE_INFINITY), key(NOW - 9 * DAY, kind)];
      expect(pruned(keys, aged(namesOf(keys), 9 * DAY))).toEqual({});
    }
  });

  it('deletes the files of revoked keys when they end no other any more, and keeps what revokes them', () => {
    const keys = [key(NOW - 2, 'private', true), key(NOW - 1)];
    const mark = `${kidOfKey(keys[0]!)}.revoked`;
    const files = aged([...namesOf(keys), mark], 99 * DAY);
    const deleted = { [`${stemOf(NOW - 2)}.pem`]: 'revoked' };
    expect(pruned(keys, files, NOW - 1 + RETENTION - 1)).toEqual({});
    expect(pruned(keys, files, NOW - 1 + RETENTION)).toEqual(deleted);
    // One that was revoked before its time has ended nothing.
    const upcoming = [key(NOW - 9), key(NOW + 2, 'private', true)];
    expect(pruned(upcoming, aged(namesOf(upcoming), 0))).toEqual({ [`${stemOf(NOW + 2)}.pem`]: 'revoked' });
  });

  it('changes nothing about who signs and verifies, now or later', () => {
    fc.assert(
      fc.property(folders, fc.integer({ min: 0, max: 3 * DAY }), (keys, later) => {
        const deleted = pruned(keys, aged(namesOf(keys), 0));
        const left = keys.filter((one) => namesOf([one]).every((name) => deleted[name] === undefined));
        const stateAt = (some: readonly MadeUpKey[]) => {
          const { active, verifying } = snapshotOf(some, NOW + later).state;
          return [active?.name, verifying.map(({ kid }) => kid)];
        };
        expect(stateAt(left)).toEqual(stateAt(keys));
      }),
    );
  });

  it('deletes a revocation once its key is gone and nothing that it signed can be valid', () => {
    const mark = `${'k'.repeat(43)}.revoked`;
    const keys = [key(NOW - DAY)];
    expect(pruned(keys, aged([mark], RETENTION - 1))).toEqual({});
    expect(pruned(keys, aged([mark], -HOUR))).toEqual({});
    expect(pruned(keys, aged([mark], RETENTION))).toEqual({ [mark]: 'spent' });
    // It may be the key that is revoked.
    expect(pruned([...keys, key(NOW, 'unread')], aged([mark], RETENTION))).toEqual({});
  });

  it('deletes left-overs of our own writes after an hour', () => {
    const uuid = '0b0c8e2e-6f0a-4c57-9f0e-0d3f0c2b7a11';
    const ours = ['rs256.pem', `${stemOf(NOW)}.pem`, 'rs256.pub', `${'k'.repeat(43)}.revoked`].map(
      (name) => `${name}.${uuid}.tmp`,
    );
    ours.push('rs256.pem.tmp');
    expect(Object.keys(pruned([], aged(ours, HOUR)))).toEqual(ours);
    expect(pruned([], aged(ours, HOUR - 1))).toEqual({});
  });

  it.each([
    'notes.txt',
    'notes.tmp',
    'rs256.pem.a.b.tmp',
    'my-rs256.pem.tmp',
    'rs256.pem.bak',
    'other.pem',
    'RS256.pem',
    'README.md',
    '.gitignore',
    'k.revoked',
    '..data',
    'notes.0b0c8e2e-6f0a-4c57-9f0e-0d3f0c2b7a11.tmp',
    'rs256.pem.0b0c8e2e-6f0a-4c57-9f0e-0d3f0c2b7a11.tmp.old',
    'rs256-20260231T000000Z.pem',
  ])('leaves %s alone, however old it is', (name) => {
    expect(pruned([key(NOW - 99 * DAY), key(NOW - 50 * DAY)], aged([name], 999 * DAY))).toEqual({});
  });
});

describe('The plan of a rotation', () => {
  const policies: fc.Arbitrary<RotationPolicy> = fc.record({
    maxAge: fc.integer({ min: 0, max: DAY }),
    staleWhileRevalidate: fc.integer({ min: 0, max: DAY }),
    maxTokenTtl: fc.integer({ min: 1, max: 30 * DAY }),
    notBefore: fc.integer({ min: 0, max: HOUR }),
    clockTolerance: fc.integer({ min: 0, max: 60 }),
    every: fc.constant(undefined),
  });

  it('is published now, signs after a lead, and lets the old key end after the retention', () => {
    fc.assert(
      fc.property(policies, (policy) => {
        const signsFrom = soonestStart(policy, NOW);
        const steps = planRotation(policy, { publishedAt: NOW, signsFrom, hasPredecessor: true });
        expect(steps.map(({ step }) => step)).toEqual(['published', 'signs', 'oldKeyRetires', 'mayBePruned']);
        expect(steps.map(({ at }) => at)).toEqual([...steps.map(({ at }) => at)].sort((a, b) => a - b));
        expect(steps[1]!.at - steps[0]!.at).toBeGreaterThanOrEqual(leadOf(policy));
        expect(steps[2]!.at - steps[1]!.at).toBe(retentionOf(policy));
        expect(steps[1]!.waitsFor).toContain(`= ${leadOf(policy)} s`);
        expect(steps[2]!.waitsFor).toContain(`= ${retentionOf(policy)} s`);
      }),
    );
  });

  it('says of the last step what pruning does: not a second before it, and from then on', () => {
    const steps = planRotation(POLICY, { publishedAt: NOW, signsFrom: NOW + LEAD, hasPredecessor: true });
    const keys = [key(Number.NEGATIVE_INFINITY), key(NOW + LEAD)];
    const files = aged(namesOf(keys), 0);
    expect(pruned(keys, files, steps[3]!.at - 1)).toEqual({});
    expect(pruned(keys, files, steps[3]!.at)).toEqual({ 'rs256.pem': 'retired' });
  });

  it('ends with the signature where no key came before', () => {
    const steps = planRotation(POLICY, { publishedAt: NOW, signsFrom: NOW, hasPredecessor: false });
    expect(steps.map(({ step }) => step)).toEqual(['published', 'signs']);
  });
});

describe('The flags for times', () => {
  it('have the defaults of the module', () => {
    const { verifying, issuing } = resolveOptions({ privateKey: 'none' });
    expect(readPolicy('rotate', {})).toEqual({
      ...POLICY,
      maxTokenTtl: verifying.maxTokenTtl,
      clockTolerance: verifying.clockTolerance,
      notBefore: issuing.notBefore,
    });
  });

  it.each(POLICY_FLAGS)('--%s takes a duration with a unit, or 0', (flag) => {
    for (const wrong of ['', '10', '-1s', '1w', 'soon', '10 s', '1e3s'])
      expect(() => readPolicy('rotate', { [flag]: wrong })).toThrow(
        `--${flag} must be a duration with a unit`,
      );
    for (const good of ['0', '90s', '15m', '12h', '7d']) readPolicy('rotate', { [flag]: good });
  });
});

describe('Text for a terminal', () => {
  it('has no character that does something, and says the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const json = printableJson({ [text]: text });
        expect(json).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
        expect(JSON.parse(json)).toEqual({ [text]: text });
      }),
    );
    expect(printable('a\u001b[2J\u202Eb\u{E0041}\u2028\u009b')).toBe(
      'a\\u001b[2J\\u202eb\\udb40\\udc41\\u2028\\u009b',
    );
    expect(printable('Ünï 雪 ✓')).toBe('Ünï 雪 ✓');
  });

  it('says times in words', () => {
    expect(formatInstant(1_795_000_000.9)).toBe('2026-11-18T11:06:40Z');
    const spans = [0.5, 1, 59, 60, 905, 3600, 86_710, 86_400 * 30, -12.7].map(formatSpan);
    expect(spans).toEqual(['0 s', '1 s', '59 s', '1 min', '15 min 5 s', '1 h', '1 d', '30 d', '12 s']);
  });
});
