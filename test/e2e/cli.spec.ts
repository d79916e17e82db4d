import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { inspect as inspectHere } from '../../src/cli/inspect.js';
import { stemOf } from '../../src/keys/ring/key-file-name.js';
import { loadKeyPair } from '../../src/keys/key-pair.js';
import { Cli, type CliResult, type Given } from '../support/cli.js';
import { document, JwkSetServer, jwkSet, status } from '../support/jwk-set-server.js';
import { HOSTILE_TOKENS } from '../support/hostile-tokens.js';
import { KeyFolder, kidOf, LEAD, POLICY, RETENTION } from '../support/key-folder.js';
import { leakInText } from '../support/key-leak.js';
import { keyPairOf } from '../support/keys.js';
import { claims, header, mint } from '../support/mint.js';

// The commands that work on a folder of keys, as processes of their own. Their time is the real one, so the names of the
// files are relative to now.

jest.setTimeout(60_000);

const DAY = 86_400;
const isPosix = process.platform !== 'win32';
const hasGit = spawnSync('git', ['--version']).status === 0;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

let cli: Cli;
let folder: KeyFolder;
/** Unix seconds. */
let now: number;
beforeAll(async () => void (cli = await Cli.compile()));
afterAll(() => cli.remove());
beforeEach(() => {
  folder = new KeyFolder();
  now = Math.floor(Date.now() / 1000);
});
afterEach(() => folder.remove());

/** Runs a command on the folder. No output may ever have a private key in it. */
async function run(command: string, args: readonly string[] = [], given?: Given): Promise<CliResult> {
  const result = await cli.run([command, ...args, '--directory', folder.path], folder.path, given);
  // Private and public keys begin alike.
  const said = (result.out + result.err).replaceAll(/-----BEGIN PUBLIC KEY-----[^-]+/g, '');
  for (const owner of ['alice', 'bob', 'carol', 'mallory']) {
    const { privateKey } = keyPairOf(owner);
    expect(leakInText(said, privateKey, createPrivateKey(privateKey))).toBeUndefined();
  }
  return result;
}

async function json<T = any>(
  command: string,
  args: readonly string[] = [],
  given?: Given,
): Promise<T & { exit: number }> {
  const { code, out, err } = await run(command, [...args, '--json'], given);
  expect([out, err]).toEqual([expect.stringMatching(/^\{.+\}\n$/), expect.any(String)]);
  return { ...(JSON.parse(out) as T), exit: code! };
}

const seconds = (instant: string): number => {
  expect(instant).toMatch(INSTANT);
  return Date.parse(instant) / 1000;
};
const age = (name: string, by: number): void => utimesSync(join(folder.path, name), now - by, now - by);
const encryptedPem = (owner: string, passphrase: string): string =>
  createPrivateKey(keyPairOf(owner).privateKey).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase,
  }) as string;

describe('jwt-rs256, any command', () => {
  it.each(['rotate', 'revoke', 'jwks', 'pubkey', 'doctor', 'inspect'])(
    '%s explains itself on stdout, refuses what it does not know with 2, and touches nothing',
    async (command) => {
      folder.put('alice');
      for (const option of ['--help', '-h']) {
        const { code, out, err } = await run(command, [option]);
        expect([code, err]).toEqual([0, '']);
        expect(out).toMatch(new RegExp(`Usage: jwt-rs256 ${command} `));
        expect(out).toMatch(/^ {2}0 .+\n {2}1 .+\n {2}2 .+$/m);
        for (const word of ['--directory', '--json', '(default: keys)']) expect(out).toContain(word);
      }
      for (const args of [
        ['--nonsense'],
        ['one', 'two'],
        ['--clock-tolerance', '10'],
        ['--max-token-ttl='],
      ]) {
        const { code, out, err } = await run(command, args);
        expect([code, out, err]).toEqual([2, '', expect.stringMatching(/^[^\n]+ --help\n$/)]);
      }
      expect(folder.list()).toEqual(['rs256.pem']);
    },
  );

  it('never takes a passphrase on the command line, and refuses an empty one', async () => {
    folder.put('alice');
    expect(await run('rotate', ['--passphrase', 'x'])).toMatchObject({ code: 2 });
    expect(await run('rotate', [], { env: { JWT_RS256_PASSPHRASE: '' } })).toMatchObject({ code: 2 });
    const file = folder.write('secret', '\n');
    expect(await run('rotate', ['--passphrase-file', file])).toMatchObject({ code: 2 });
    expect(folder.list()).toEqual(['rs256.pem', 'secret']);
  });
});

describe('jwt-rs256 rotate', () => {
  it('makes the next key, which signs once everybody can have it, and makes no second one', async () => {
    folder.put('alice');
    const made = await json('rotate');
    expect(made).toMatchObject({ exit: 0, made: true, state: 'upcoming', bits: 2048 });
    const signsFrom = seconds(made.signsFrom);
    expect(signsFrom).toBeGreaterThanOrEqual(now + LEAD);
    expect(signsFrom).toBeLessThan(now + LEAD + 60);
    expect(seconds(made.oldKeyRetires)).toBe(signsFrom + RETENTION);
    expect(folder.list()).toEqual([`${made.name}.pem`, 'rs256.pem'].sort());
    expect(made.name).toBe(stemOf(signsFrom));
    const { verificationKey } = await loadKeyPair(
      { privateKey: { file: join(folder.path, `${made.name}.pem`) } },
      now,
    );
    expect(verificationKey.kid).toBe(made.kid);
    const again = await json('rotate');
    expect(again).toMatchObject({ exit: 0, made: false, kid: made.kid });
    const text = await run('rotate');
    expect(text).toMatchObject({
      code: 0,
      out: expect.stringContaining('on its way already; none was made'),
    });
    expect(text.err).toContain('Nothing has to be done until then.');
    expect(folder.list()).toHaveLength(2);
  });

  it('computes the lead and the end of the old key from the options of the module', async () => {
    folder.put('alice');
    const args = ['--jwks-max-age', '1h', '--jwks-stale-while-revalidate', '30m', '--max-token-ttl', '7d'];
    const made = await json('rotate', [...args, '--not-before', '60s', '--clock-tolerance', '0']);
    const signsFrom = seconds(made.signsFrom);
    expect(signsFrom).toBeGreaterThanOrEqual(now + 5400);
    expect(signsFrom).toBeLessThan(now + 5400 + 60);
    expect(seconds(made.oldKeyRetires) - signsFrom).toBe(7 * DAY + 60 + 3600);
  });

  it('plans without changing anything: times, and what each step waits for', async () => {
    folder.put('alice');
    const plan = await json('rotate', ['--plan']);
    expect(plan).toMatchObject({ exit: 0, active: 'rs256', upcoming: null });
    const [published, signs, retires, prunable] = plan.steps as {
      step: string;
      at: string;
      waitsFor: string;
    }[];
    expect([published!.step, signs!.step, retires!.step, prunable!.step]).toEqual([
      'published',
      'signs',
      'oldKeyRetires',
      'mayBePruned',
    ]);
    expect(seconds(signs!.at) - seconds(published!.at)).toBeGreaterThanOrEqual(LEAD);
    expect(signs!.waitsFor).toContain('max(900 s, maxAge 300 s + staleWhileRevalidate 600 s) = 900 s');
    expect(seconds(retires!.at) - seconds(signs!.at)).toBe(RETENTION);
    expect(retires!.waitsFor).toContain(
      'maxTokenTtl 86400 s + notBefore 0 s + clockTolerance 10 s + maxAge 300 s = 86710 s',
    );
    const { code, out } = await run('rotate', ['--plan']);
    expect(code).toBe(0);
    for (const word of [
      'published',
      'signs from',
      'old key retires',
      'may be pruned',
      published!.at.slice(0, 10),
    ])
      expect(out).toContain(word);
    expect(folder.list()).toEqual(['rs256.pem']);
  });

  it('plans with the key that is on its way, and with one that signs at once', async () => {
    folder.put('alice');
    folder.put('bob', now + 2 * DAY);
    const plan = await json('rotate', ['--plan']);
    expect(plan).toMatchObject({ upcoming: stemOf(now + 2 * DAY) });
    expect(seconds(plan.steps[1].at)).toBe(now + 2 * DAY);
    const atOnce = await json('rotate', ['--plan', '--now']);
    expect(seconds(atOnce.steps[1].at)).toBe(seconds(atOnce.steps[0].at));
    expect(folder.list()).toHaveLength(2);
  });

  it('refuses a key that signs at once while another one signs, with the arithmetic, unless forced', async () => {
    folder.put('alice');
    const refused = await run('rotate', ['--now']);
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toMatch(/^ERR_OPTION_ROTATION: .+max\(900 s, maxAge 300 s .+ = 900 s.+--force/);
    expect(folder.list()).toEqual(['rs256.pem']);
    const made = await json('rotate', ['--now', '--force']);
    expect(made).toMatchObject({ exit: 0, made: true, state: 'active' });
    expect(await json('doctor')).toMatchObject({
      keys: [
        { kid: made.kid, state: 'active' },
        { kid: kidOf('alice'), state: 'retiring' },
      ],
    });
  });

  it.each<[string, () => void]>([
    ['an empty folder', () => undefined],
    ['a folder whose keys are all upcoming', () => void folder.put('alice', now + DAY)],
    [
      'a folder whose keys are all revoked',
      () => {
        folder.put('alice');
        folder.write(`${kidOf('alice')}.revoked`, '');
      },
    ],
  ])('makes a key that signs at once in %s: there it is safe', async (_, prepare) => {
    prepare();
    expect(await json('rotate', ['--now'])).toMatchObject({ exit: 0, made: true, state: 'active' });
  });

  it('makes no key where it does not know what is there', async () => {
    folder.write('rs256.pem', 'damaged');
    expect(await run('rotate', ['--now'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^ERR_KEY_FORMAT/),
    });
    expect(await run('rotate')).toMatchObject({ code: 1, err: expect.stringMatching(/^ERR_KEY_FORMAT/) });
    expect(folder.list()).toEqual(['rs256.pem']);
    rmSync(join(folder.path, 'rs256.pem'));
    folder.putPublic('alice');
    for (const args of [[], ['--now']]) {
      const { code, err } = await run('rotate', args);
      expect([code, err]).toEqual([1, expect.stringMatching(/^ERR_KEY_DIRECTORY: .+public keys alone/)]);
    }
    expect(folder.list()).toEqual(['rs256.pub']);
    const nowhere = await cli.run(['rotate', '--now'], folder.path);
    expect(nowhere).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^ERR_KEY_DIRECTORY: .+does not exist/),
    });
  });

  it('makes an encrypted key in an encrypted folder, and never a plain one', async () => {
    folder.write('rs256.pem', encryptedPem('alice', 'open sesame'));
    for (const given of [{}, { env: { JWT_RS256_PASSPHRASE: 'wrong' } }]) {
      for (const args of [[], ['--now'], ['--now', '--force']]) {
        const { code, err } = await run('rotate', args, given);
        expect([code, err]).toEqual([
          1,
          expect.stringMatching(/^ERR_KEY_(ENCRYPTED|PASSPHRASE): .+JWT_RS256_PASSPHRASE/),
        ]);
        expect(err).not.toContain('wrong');
      }
    }
    expect(folder.list()).toEqual(['rs256.pem']);
    const file = folder.write('passphrase', 'open sesame\n');
    const made = await json('rotate', ['--passphrase-file', file]);
    const path = join(folder.path, `${made.name}.pem`);
    expect(readFileSync(path, 'utf8')).toContain('BEGIN ENCRYPTED PRIVATE KEY');
    expect(createPrivateKey({ key: readFileSync(path), passphrase: 'open sesame' }).type).toBe('private');
    const env = { JWT_RS256_PASSPHRASE: 'open sesame' };
    expect(await json('rotate', [], { env })).toMatchObject({ exit: 0, kid: made.kid });
  });

  it('says where a passphrase is given and the other keys have none', async () => {
    folder.put('alice');
    const { code, err } = await run('rotate', [], { env: { JWT_RS256_PASSPHRASE: 'open sesame' } });
    expect([code, err]).toEqual([
      0,
      expect.stringContaining('The new key is encrypted, and others here are not.'),
    ]);
  });
});

describe('jwt-rs256 rotate --prune', () => {
  /** A folder with everything that may go, and everything that may not. */
  function prepare(): { may: string[]; mayNot: string[] } {
    const old = stemOf(now - RETENTION - DAY);
    folder.put('alice', now - RETENTION - DAY);
    folder.putPublic('alice', now - RETENTION - DAY);
    folder.put('bob', now - RETENTION - 60);
    folder.put('carol', now + DAY);
    folder.put('mallory', now - 3 * DAY);
    folder.write(`${kidOf('mallory')}.revoked`, '');
    const spent = `${'s'.repeat(43)}.revoked`;
    const fresh = `${'f'.repeat(43)}.revoked`;
    const leftover = 'rs256.pem.0b0c8e2e-6f0a-4c57-9f0e-0d3f0c2b7a11.tmp';
    const young = 'rs256.pem.0b0c8e2e-6f0a-4c57-9f0e-0d3f0c2b7a12.tmp';
    for (const name of [spent, fresh, leftover, young, 'notes.txt', 'other.pem']) folder.write(name, 'x');
    age(spent, RETENTION + 60);
    age(leftover, 3700);
    for (const name of ['notes.txt', 'other.pem']) age(name, 999 * DAY);
    mkdirSync(join(folder.path, 'rs256.pub.0b0c8e2e-6f0a-4c57-9f0e-0d3f0c2b7a13.tmp'));
    const may = [`${old}.pem`, `${old}.pub`, `${stemOf(now - 3 * DAY)}.pem`, spent, leftover];
    return { may: may.sort(), mayNot: folder.list().filter((name) => !may.includes(name)) };
  }

  it('deletes what is over and nothing else, makes no key, and says what it deletes', async () => {
    const { may, mayNot } = prepare();
    const all = folder.list();
    const planned = await json('rotate', ['--prune', '--plan']);
    expect(planned.wouldDelete.map(({ name }: { name: string }) => name)).toEqual(may);
    expect(folder.list()).toEqual(all);
    const plannedText = await run('rotate', ['--prune', '--plan']);
    for (const name of may) expect(plannedText.out).toMatch(new RegExp(`^would delete +${name} `, 'm'));
    expect(folder.list()).toEqual(all);
    const { exit, deleted } = await json('rotate', ['--prune']);
    expect([exit, deleted]).toEqual([0, planned.wouldDelete]);
    expect(folder.list()).toEqual(mayNot);
    expect(await run('rotate', ['--prune'])).toMatchObject({ code: 0, out: 'nothing to delete\n' });
    expect(await run('rotate', ['--prune', '--now'])).toMatchObject({ code: 2 });
  });

  it('keeps a key for longer where tokens live longer', async () => {
    folder.put('alice');
    folder.put('bob', now - 3 * DAY);
    expect(await json('rotate', ['--prune', '--max-token-ttl', '7d'])).toMatchObject({ deleted: [] });
    expect(await json('rotate', ['--prune'])).toMatchObject({
      deleted: [{ name: 'rs256.pem', reason: 'retired' }],
    });
  });

  it('keeps what it cannot open, and says so', async () => {
    folder.write('rs256.pem', encryptedPem('alice', 'open sesame'));
    folder.write(`${stemOf(now - 9 * DAY)}.pem`, encryptedPem('bob', 'open sesame'));
    const { code, out, err } = await run('rotate', ['--prune']);
    expect([code, out, err]).toEqual([0, 'nothing to delete\n', expect.stringMatching(/^ERR_KEY_ENCRYPTED/)]);
    expect(folder.list()).toHaveLength(2);
  });
});

describe('jwt-rs256 revoke', () => {
  it('revokes the key that signs, for good, and makes one that signs at once', async () => {
    folder.put('alice');
    const revoked = await json('revoke', [kidOf('alice')]);
    expect(revoked).toMatchObject({ exit: 0, kid: kidOf('alice'), revoked: true, madeSuccessor: true });
    expect(folder.list()).toContain(`${kidOf('alice')}.revoked`);
    expect(revoked.active).not.toBe(kidOf('alice'));
    expect(await json('doctor')).toMatchObject({
      exit: 0,
      keys: [
        { kid: revoked.active, state: 'active' },
        { kid: kidOf('alice'), state: 'revoked' },
      ],
    });
    const { out } = await run('jwks');
    expect(out).not.toContain(kidOf('alice'));
  });

  it('says what follows, here and elsewhere', async () => {
    folder.put('alice');
    folder.put('bob', now - 60);
    const { code, out } = await run('revoke', [kidOf('alice'), '--jwks-max-age', '2m']);
    expect(code).toBe(0);
    expect(out).toMatch(/^here +.+within a second$/m);
    expect(out).toMatch(/^elsewhere +within 2 min, .+maxStale/m);
    expect(out).toContain(`${kidOf('bob')}  (${stemOf(now - 60)})`);
    expect(folder.list()).toHaveLength(3);
    expect(await run('revoke', [kidOf('alice')])).toMatchObject({
      code: 0,
      out: expect.stringContaining('already'),
    });
  });

  it('takes a kid that begins with a dash for a kid', async () => {
    folder.put('alice');
    const kids = [`-${'a'.repeat(42)}`, `--${'a'.repeat(41)}`];
    for (const command of ['revoke', 'pubkey'])
      for (const kid of kids)
        expect(await run(command, [kid])).toMatchObject({
          code: 1,
          err: expect.stringMatching(/^ERR_KEY_UNKNOWN/),
        });
  });

  it('revokes also where no key may sign: it is for emergencies', async () => {
    folder.put('alice', now + DAY);
    expect(await json('revoke', [kidOf('alice')])).toMatchObject({ exit: 0, active: null });
  });

  it('refuses a kid that is not in the ring, and changes nothing', async () => {
    folder.put('alice');
    for (const kid of [kidOf('bob'), '../../etc/passwd', '\u001b[31m', 'x'.repeat(5000)]) {
      const { code, err } = await run('revoke', [kid]);
      expect([code, err]).toEqual([1, expect.stringMatching(/^ERR_KEY_UNKNOWN: [ -~]+\n$/)]);
    }
    expect(await run('revoke')).toMatchObject({ code: 2 });
    expect(folder.list()).toEqual(['rs256.pem']);
  });

  it('revokes nothing while it cannot know whether another key has to be made, and with which passphrase', async () => {
    folder.write('rs256.pem', encryptedPem('alice', 'open sesame'));
    folder.putPublic('alice');
    expect(await run('revoke', [kidOf('alice')])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^ERR_KEY_ENCRYPTED/),
    });
    folder.write('rs256.pem', 'damaged');
    expect(await run('revoke', [kidOf('alice')])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^ERR_KEY_FORMAT/),
    });
    expect(folder.list()).toEqual(['rs256.pem', 'rs256.pub']);
  });
});

describe('jwt-rs256 jwks and pubkey', () => {
  it('print upcoming, active and retiring keys as a JWK Set, and no others', async () => {
    folder.put('mallory', now - RETENTION - DAY);
    folder.put('alice', now - RETENTION);
    folder.put('bob', now - 60);
    folder.put('carol', now + DAY);
    const { keys, exit } = await json('jwks');
    expect(exit).toBe(0);
    expect(keys.map(({ kid }: { kid: string }) => kid).sort()).toEqual(
      ['alice', 'bob', 'carol'].map(kidOf).sort(),
    );
    for (const key of keys) expect(Object.keys(key)).toEqual(['kty', 'n', 'e', 'kid', 'alg', 'use']);
    const { out } = await run('jwks');
    expect(JSON.parse(out)).toEqual({ keys });
  });

  it('print no set that is not whole', async () => {
    folder.put('alice');
    folder.write(`${stemOf(now - 60)}.pem`, 'damaged');
    expect(await run('jwks')).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/^ERR_KEY_FORMAT/),
    });
    folder.putPublic('bob', now - 60);
    expect(await run('jwks')).toMatchObject({ code: 0, err: expect.stringMatching(/^ERR_KEY_FORMAT/) });
  });

  it('print the set of a public key file, and of no private one', async () => {
    const file = folder.putPublic('alice');
    const pem = folder.write('private.pem', keyPairOf('bob').privateKey);
    const set = await cli.run(['jwks', '--key', file], folder.path);
    expect(JSON.parse(set.out)).toMatchObject({ keys: [{ kid: kidOf('alice'), use: 'sig' }] });
    const refused = await cli.run(['jwks', '--key', pem], folder.path);
    expect(refused).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/^ERR_KEY_PRIVATE_IN_PUBLIC_SLOT/),
    });
    expect(await run('jwks', ['--key', file])).toMatchObject({ code: 2 });
  });

  it('print the public key of the key that signs, of a kid, and of a file', async () => {
    const file = folder.put('alice');
    folder.put('bob', now - 60);
    expect(await run('pubkey')).toMatchObject({ code: 0, out: keyPairOf('bob').publicKey, err: '' });
    expect(await run('pubkey', [kidOf('alice')])).toMatchObject({
      code: 0,
      out: keyPairOf('alice').publicKey,
    });
    const ofFile = await cli.run(['pubkey', '--key', file], folder.path);
    expect(ofFile).toMatchObject({ code: 0, out: keyPairOf('alice').publicKey });
    const jwk = await run('pubkey', ['--jwk']);
    expect(
      createPublicKey({ key: JSON.parse(jwk.out), format: 'jwk' }).export({ type: 'spki', format: 'pem' }),
    ).toBe(keyPairOf('bob').publicKey);
    expect(await json('pubkey')).toMatchObject({
      kid: kidOf('bob'),
      bits: 2048,
      publicKey: keyPairOf('bob').publicKey,
    });
    expect(await run('pubkey', [kidOf('carol')])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^ERR_KEY_UNKNOWN/),
    });
  });

  it('print the key of an encrypted file, and write into a file that was not there', async () => {
    const file = folder.write('secret.pem', encryptedPem('alice', 'open sesame'));
    const target = join(folder.path, 'alice.pub');
    const args = ['pubkey', '--key', file, '--out', target];
    expect(await cli.run(args, folder.path)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^ERR_KEY_ENCRYPTED/),
    });
    const given = { env: { JWT_RS256_PASSPHRASE: 'open sesame' } };
    expect(await cli.run(args, folder.path, given)).toMatchObject({ code: 0, out: '' });
    expect(readFileSync(target, 'utf8')).toBe(keyPairOf('alice').publicKey);
    expect(await cli.run(args, folder.path, given)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^ERR_KEY_FILE_EXISTS/),
    });
  });
});

/** The messages and the levels of what the doctor found. */
interface Diagnosis {
  readonly ok: boolean;
  readonly keys: readonly { name: string; state: string; kid: string | null }[];
  readonly findings: readonly { level: string; about: string; message: string; fix?: string }[];
}

describe('jwt-rs256 doctor', () => {
  const doctor = async (args: readonly string[] = [], given?: Given) => {
    const diagnosis = await json<Diagnosis>('doctor', args, given);
    // Every finding has its fix.
    for (const { level, fix } of diagnosis.findings)
      expect(typeof fix).toBe(level === 'ok' ? 'undefined' : 'string');
    expect(diagnosis.exit).toBe(diagnosis.findings.some(({ level }) => level === 'error') ? 1 : 0);
    expect(diagnosis.ok).toBe(diagnosis.exit === 0);
    const at = (level: string) =>
      diagnosis.findings
        .filter((one) => one.level === level)
        .map(({ about, message }) => `${about} ${message}`);
    return { ...diagnosis, errors: at('error'), warnings: at('warning') };
  };
  /** Nothing but what is expected. */
  const only = (...patterns: RegExp[]) => patterns.map((pattern) => expect.stringMatching(pattern));

  it('finds nothing in a good folder, and says what is in it', async () => {
    folder.put('alice');
    folder.putPublic('alice');
    folder.put('bob', now + DAY);
    const { exit, errors, warnings, keys } = await doctor();
    expect([exit, errors, warnings]).toEqual([0, [], []]);
    expect(keys).toMatchObject([
      { name: stemOf(now + DAY), state: 'upcoming', kid: kidOf('bob') },
      { name: 'rs256', state: 'active', kid: kidOf('alice') },
    ]);
    const { code, out } = await run('doctor');
    expect([code, out]).toEqual([0, expect.stringMatching(/^rs256 +active +.+2048 bits +private/m)]);
  });

  it('finds what is wrong with files, each with its fix', async () => {
    folder.put('alice');
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
    folder.write(`${stemOf(now - 5)}.pem`, weak.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    folder.write(`${stemOf(now - 4)}.pem`, keyPairOf('bob').privateKey);
    folder.write(`${stemOf(now - 4)}.pub`, keyPairOf('carol').publicKey);
    folder.write(`${stemOf(now - 3)}.pem`, '');
    folder.write(`${stemOf(now - 2)}.pem`, encryptedPem('carol', 'open sesame'));
    folder.write('other.pem', 'x');
    const { errors, warnings, keys } = await doctor();
    expect(errors).toEqual(
      expect.arrayContaining(only(/TOO_SHORT/, /ERR_KEY_PAIR/, /FILE_EMPTY/, /ERR_KEY_ENCRYPTED/)),
    );
    expect(errors).toHaveLength(4);
    expect(warnings).toEqual(only(/^other\.pem is not used/));
    expect(keys.filter(({ state }) => state === 'unreadable')).toHaveLength(4);
    const { code, out } = await run('doctor');
    expect([code, out]).toEqual([1, expect.stringMatching(/^error .+\n +fix: /m)]);
  });

  it('finds modes that let others read a private key, or write the folder', async () => {
    if (!isPosix) return;
    const file = folder.put('alice');
    chmodSync(file, 0o640);
    expect(await doctor()).toMatchObject({ exit: 0, warnings: only(/^rs256\.pem .+group/) });
    chmodSync(file, 0o644);
    expect(await doctor()).toMatchObject({ exit: 1, errors: only(/^rs256\.pem .+every user/) });
    chmodSync(file, 0o600);
    chmodSync(folder.path, 0o777);
    expect(await doctor()).toMatchObject({ exit: 1, errors: only(/can be written by others/) });
  });

  it('finds that no key may sign, that there is none, that there is no folder, and one key under two names', async () => {
    expect(await doctor()).toMatchObject({ exit: 1, errors: only(/has no key$/) });
    folder.put('alice', now + DAY);
    expect(await doctor()).toMatchObject({ exit: 1, errors: only(/no private key that may sign/) });
    folder.put('bob');
    folder.put('bob', now + 2 * DAY);
    expect(await doctor()).toMatchObject({ exit: 0, warnings: only(/is the same key as rs256$/) });
    const nowhere = await cli.run(['doctor'], folder.path);
    expect(nowhere).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^error .+ERR_KEY_DIRECTORY.+does not exist/),
    });
  });

  it('takes a folder of public keys for what it is', async () => {
    folder.putPublic('alice');
    expect(await doctor()).toMatchObject({ exit: 0, errors: [], warnings: [] });
  });

  it('finds an upcoming key that comes too soon for others to know it, and one that does not', async () => {
    folder.put('alice');
    folder.put('bob', now + LEAD - 60);
    expect(await doctor()).toMatchObject({
      exit: 0,
      errors: [],
      warnings: only(/signs in 1\d min.+as its file says.+max\(900 s.+ = 900 s/),
    });
    // Published long ago.
    age(`${stemOf(now + LEAD - 60)}.pem`, 120);
    expect(await doctor()).toMatchObject({ exit: 0, errors: [], warnings: [] });
    const longer = await doctor(['--jwks-max-age', '2h']);
    expect(longer).toMatchObject({ exit: 0, warnings: only(/maxAge 7200 s/) });
  });

  it('finds what may be pruned', async () => {
    folder.put('alice');
    folder.put('bob', now - 9 * DAY);
    expect(await doctor()).toMatchObject({ exit: 0, warnings: only(/not needed any more: rs256\.pem$/) });
  });

  it('finds a private key that git has, or would take', async () => {
    if (!hasGit) return;
    const git = (...args: string[]) => expect(spawnSync('git', ['-C', folder.path, ...args]).status).toBe(0);
    folder.put('alice');
    git('init', '--quiet');
    expect(await doctor()).toMatchObject({ exit: 1, errors: only(/^rs256\.pem .+git does not ignore/) });
    writeFileSync(join(folder.path, '.gitignore'), '*.pem\n');
    expect(await doctor()).toMatchObject({ exit: 0, errors: [], warnings: [] });
    git('add', '--force', 'rs256.pem');
    expect(await doctor()).toMatchObject({ exit: 1, errors: only(/^rs256\.pem is a private key in git/) });
  });
});

describe('jwt-rs256, asking an issuer', () => {
  let server: JwkSetServer;
  const jwkOf = (owner: string) => ({
    ...createPublicKey(keyPairOf(owner).publicKey).export({ format: 'jwk' }),
    kid: kidOf(owner),
    alg: 'RS256',
    use: 'sig',
  });
  beforeEach(async () => void (server = await JwkSetServer.start(status(404))));
  afterEach(() => server.refuse());

  const diagnose = async (args: readonly string[]) => {
    const { findings, exit } = await json<Diagnosis>('doctor', args);
    const texts = findings.map(({ level, about, message }) => `${level} ${about} ${message}`);
    return { exit, findings: texts.filter((text) => !text.includes(folder.path)) };
  };

  it('doctor finds every key there, through the metadata of the issuer too', async () => {
    folder.put('alice');
    folder.put('bob', now + DAY);
    server.at.set('/jwks.json', jwkSet([jwkOf('alice'), jwkOf('bob')]));
    server.at.set(
      '/.well-known/openid-configuration',
      document({ issuer: server.origin, jwks_uri: server.jwksUri }),
    );
    for (const args of [
      ['--jwks-uri', server.jwksUri],
      ['--issuer', server.origin],
    ]) {
      expect(await diagnose(args)).toEqual({
        exit: 0,
        findings: [
          expect.stringMatching(/^ok .+answers with 2 keys for RS256$/),
          expect.stringMatching(/^ok clock agrees/),
          expect.stringMatching(/^ok .+has every key of the folder, upcoming ones too$/),
        ],
      });
    }
  });

  it('doctor finds keys that are missing there, revoked ones that are not, strange ones, and another under a kid', async () => {
    folder.put('alice', now - 120);
    folder.put('bob', now + DAY);
    folder.put('carol', now - 60);
    folder.put('mallory');
    folder.write(`${kidOf('mallory')}.revoked`, '');
    server.answer = jwkSet([
      { ...jwkOf('alice'), kid: kidOf('carol') },
      jwkOf('mallory'),
      { ...jwkOf('bob'), kid: 'strange' },
    ]);
    const { exit, findings } = await diagnose(['--jwks-uri', server.jwksUri]);
    expect(exit).toBe(1);
    expect(findings).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^error .+ is retiring, and .+ does not have it/),
        expect.stringMatching(/^warning .+ is upcoming, and .+ does not have it.+It was put here/),
        expect.stringMatching(/^error .+has the kid .+ of another key/),
        expect.stringMatching(/^error .+still has the revoked key/),
        expect.stringMatching(/^warning .+has 1 key that is not in this folder: strange$/),
      ]),
    );
    // Not new any more, so no cache is to blame.
    age(`${stemOf(now + DAY)}.pem`, POLICY.maxAge + POLICY.staleWhileRevalidate + 60);
    expect((await diagnose(['--jwks-uri', server.jwksUri])).findings).toContainEqual(
      expect.stringMatching(/^error .+ is upcoming, and .+ does not have it/),
    );
  });

  it.each<[string, number, number, RegExp]>([
    ['that is right', 0, 0, /^ok clock/],
    ['that is a little ahead', -5, 0, /^warning clock is [456] s ahead/],
    ['that is ahead', -60, 1, /^error clock is ([345]\d s|1 min).* ahead.+clockTolerance is 10 s/],
    ['that is behind', 3600, 1, /^error clock is (59 min|1 h).* behind/],
  ])('doctor finds a clock %s', async (_, offset, exit, finding) => {
    folder.put('alice');
    const date = () => new Date(Date.now() + offset * 1000).toUTCString();
    server.answer = (response, request) => jwkSet([jwkOf('alice')], { date: date() })(response, request);
    const diagnosis = await diagnose(['--jwks-uri', server.jwksUri]);
    expect(diagnosis.exit).toBe(exit);
    expect(diagnosis.findings).toContainEqual(expect.stringMatching(finding));
  });

  it('doctor says what is wrong with an issuer that does not answer, or must not be asked', async () => {
    folder.put('alice');
    expect(await diagnose(['--issuer', server.origin])).toMatchObject({
      exit: 1,
      findings: [expect.stringMatching(/^error .+ERR_KEYS_UNAVAILABLE.+has no metadata/)],
    });
    expect(await diagnose(['--jwks-uri', 'http://example.com/jwks.json'])).toMatchObject({
      exit: 1,
      findings: [expect.stringMatching(/^error .+ERR_OPTION_INVALID: .+not https/)],
    });
    const { jwksUri } = server;
    await server.refuse();
    expect(await diagnose(['--jwks-uri', jwksUri])).toMatchObject({
      exit: 1,
      findings: [expect.stringMatching(/^error .+ERR_KEYS_UNAVAILABLE.+ECONNREFUSED/)],
    });
  });

  it('inspect verifies with the keys of a JWK Set, and of an issuer', async () => {
    server.at.set('/jwks.json', jwkSet([jwkOf('alice')]));
    server.at.set(
      '/.well-known/openid-configuration',
      document({ issuer: server.origin, jwks_uri: server.jwksUri }),
    );
    const token = mint(header(), { iss: server.origin, sub: 'alice', iat: now, exp: now + 300 });
    for (const args of [
      ['--jwks-uri', server.jwksUri],
      ['--issuer', server.origin],
    ]) {
      const { code, out } = await cli.run(['inspect', ...args], folder.path, { input: token });
      expect([code, out]).toEqual([0, expect.stringMatching(/^verdict +good$/m)]);
    }
    const other = mint(
      header({ kid: kidOf('mallory') }),
      {},
      createPrivateKey(keyPairOf('mallory').privateKey),
    );
    const refused = await cli.run(['inspect', '--jwks-uri', server.jwksUri], folder.path, { input: other });
    expect([refused.code, refused.out]).toEqual([1, expect.stringContaining('ERR_TOKEN_KEY_UNKNOWN')]);
    await server.refuse();
    const down = await cli.run(['inspect', '--jwks-uri', server.jwksUri], folder.path, { input: token });
    expect([down.code, down.out]).toEqual([
      1,
      expect.stringMatching(/nothing was verified: ERR_KEYS_UNAVAILABLE/),
    ]);
  });
});

describe('jwt-rs256 inspect', () => {
  const times = (members: object = {}) => claims({ iat: now, nbf: now, exp: now + 300, ...members });
  const inspect = (token: string, args: readonly string[] = []) =>
    run('inspect', args, { input: `${token}\n` });
  beforeEach(() => void folder.put('alice'));

  it('verifies with the folder, and says by which key and each claim with its verdict', async () => {
    const args = ['--audience', 'orders', '--issuer', 'https://issuer.example'];
    const { code, out, err } = await inspect(mint(header(), times()), args);
    expect([code, err]).toEqual([0, '']);
    for (const line of [
      /^verdict +good$/,
      /^key +".+" +active \(rs256\)$/,
      /^signature +good$/,
      /^ +alg +"RS256"$/,
      /^ +iss +"https:\/\/issuer\.example" +ok$/,
      /^ +aud +"orders" +ok$/,
      /^ +exp +\d+ +ok +20.+Z: expires in (4 min|5 min)/,
    ])
      expect(out).toMatch(new RegExp(line.source, 'm'));
    const said = await json('inspect', args, { input: mint(header(), times()) });
    expect(said).toMatchObject({
      exit: 0,
      verified: true,
      code: null,
      signature: 'good',
      claims: { aud: 'orders' },
    });
  });

  it.each<[string, object, string, RegExp]>([
    [
      'has expired',
      { exp: -22 },
      'ERR_TOKEN_EXPIRED',
      /exp .+refused .+: expired [2345]\d s ago, tolerance 10 s: is this machine's clock right\?/,
    ],
    [
      'expired long ago',
      { exp: -9 * DAY, iat: -9 * DAY - 60 },
      'ERR_TOKEN_EXPIRED',
      /exp .+: expired 9 d ago, tolerance 10 s$/,
    ],
    [
      'is not valid yet',
      { nbf: 60 },
      'ERR_TOKEN_NOT_YET_VALID',
      /nbf .+refused .+not valid for another ([345]\d s|1 min), tolerance 10 s: is this machine's/,
    ],
    [
      'was issued in the future',
      { iat: 120 },
      'ERR_TOKEN_CLAIM',
      /iat .+refused .+issued (1 min \d+ s|2 min) in the future, tolerance 10 s: is/,
    ],
  ])('puts the clock into words where a token %s', async (_, offsets, code, words) => {
    const members = Object.fromEntries(
      Object.entries(offsets).map(([name, offset]) => [name, now + (offset as number)]),
    );
    const { code: exit, out } = await inspect(mint(header(), times({ iat: now - 300, ...members })));
    expect([exit, out]).toEqual([1, expect.stringContaining(code)]);
    expect(out).toMatch(new RegExp(words.source, 'm'));
    expect(out).toMatch(/^signature +good$/m);
  });

  it('accepts within the tolerance, says so, and takes another one', async () => {
    const token = mint(header(), times({ iat: now - 300, exp: now - 4 }));
    const { code, out } = await inspect(token, ['--clock-tolerance', '1h']);
    expect([code, out]).toEqual([0, expect.stringMatching(/expired .+ ago, within the tolerance of 3600 s/)]);
    expect(await inspect(token, ['--clock-tolerance', '0'])).toMatchObject({ code: 1 });
  });

  it('says what a retired, a retiring, an upcoming and a revoked key is', async () => {
    folder.put('bob', now - RETENTION - 60);
    expect(await inspect(mint(header(), times()))).toMatchObject({
      code: 1,
      out: expect.stringMatching(/ERR_TOKEN_KEY_UNKNOWN[^]+^key .+retired \(rs256\) since 20/m),
    });
    expect(await inspect(mint(header(), times()), ['--max-token-ttl', '7d'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^key .+retiring \(rs256\)/m),
    });
    folder.write(`${kidOf('alice')}.revoked`, '');
    expect(await inspect(mint(header(), times()))).toMatchObject({
      out: expect.stringMatching(/^key .+revoked \(rs256\)/m),
    });
  });

  it('verifies with a key file, and says where nothing is verified', async () => {
    const token = mint(header(), times());
    const file = folder.putPublic('alice');
    const given = { input: token };
    expect(await cli.run(['inspect', '--key', file], folder.path, given)).toMatchObject({ code: 0 });
    const without = await cli.run(['inspect'], folder.path, given);
    expect(without).toMatchObject({
      code: 1,
      out: expect.stringMatching(/nothing was verified: there is no key/),
    });
    expect(without.out).toMatch(/^claims: not verified, anybody can have written this$/m);
    expect(await cli.run(['inspect', '--key', join(folder.path, 'none')], folder.path, given)).toMatchObject({
      code: 1,
      out: expect.stringMatching(/nothing was verified: ERR_KEY_FILE_MISSING/),
    });
    expect(await run('inspect', ['--key', file], given)).toMatchObject({ code: 2 });
  });

  it('takes the token as an argument, after a dash from standard input, and with its header', async () => {
    const token = mint(header(), times());
    expect(await run('inspect', [token])).toMatchObject({ code: 0 });
    expect(await run('inspect', ['-'], { input: token })).toMatchObject({ code: 0 });
    expect(await inspect(`Authorization: Bearer ${token}`)).toMatchObject({ code: 0 });
    expect(await inspect('')).toMatchObject({ code: 2, err: expect.stringContaining('There is no token.') });
  });

  it('says which claims are compared with nothing, which are missing, and which typ a token has', async () => {
    const { out } = await inspect(mint(header(), times()));
    expect(out).toMatch(/^ +iss .+unchecked +not compared: give --issuer$/m);
    expect(out).toMatch(/^ +aud .+unchecked +not compared: give --audience$/m);
    const bare = await inspect(mint(header(), { sub: 'alice', iat: now, exp: now + 60 }));
    expect(bare).toMatchObject({ code: 1, out: expect.stringMatching(/^ +nbf +- +refused +is missing$/m) });
    const jwt = mint(header({ typ: 'JWT' }), times());
    expect(await inspect(jwt)).toMatchObject({
      code: 1,
      out: expect.stringContaining('it says "JWT". Give --typ JWT'),
    });
    expect(await inspect(jwt, ['--typ', 'JWT'])).toMatchObject({ code: 0 });
    expect(await inspect(jwt, ['--typ', 'none'])).toMatchObject({ code: 2 });
    expect(await inspect(mint(header(), times()), ['--audience', 'invoices'])).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^ +aud +"orders" +refused +does not name an audience/m),
    });
  });

  it('shows nothing of a token that a terminal would obey, nor its signature, nor the whole of it', async () => {
    const evil = '\u001b]0;owned\u0007\u001b[2J\u009b31m\r\nverdict    good\u202E\u2028\u{E0041}';
    const token = mint(
      header({ kid: evil, [evil]: evil }),
      times({ sub: evil, [evil]: [evil, { [evil]: evil }] }),
    );
    for (const text of [token, mint(header(), times({ sub: evil, [evil]: evil, exp: 1e300, nbf: -1e300 }))]) {
      for (const args of [[], ['--json']]) {
        const { code, out, err } = await inspect(text, args);
        expect(code).toBe(1);
        expect(out + err).not.toMatch(/(?!\n)[\p{C}\p{Zl}\p{Zp}]/u);
        expect(out).not.toMatch(/^verdict +good/m);
        for (const part of [text, text.split('.')[2]!, text.split('.')[1]!])
          expect(out + err).not.toContain(part);
      }
    }
  });

  it('answers every hostile token with 1 and a verdict', async () => {
    const tokens = HOSTILE_TOKENS.flatMap((kind) => kind.tokens);
    const texts = tokens.flatMap(({ token }) => (typeof token === 'string' ? [token] : []));
    // What is longer than any token, or nothing, is wrong usage: below, and above.
    const plausible = texts.filter((text) => text.trim() !== '' && text.length < 1024 * 1024);
    expect(plausible.length).toBeGreaterThan(300);
    for (const token of plausible) {
      let written = '';
      const out = { write: (text: string) => ((written += text), true) } as unknown as NodeJS.WritableStream;
      const terminal = { out, err: out, in: Readable.from([token]) };
      expect([token, await inspectHere(['--directory', folder.path], terminal)]).toEqual([token, 1]);
      expect(written).toMatch(/^verdict +refused: ERR_TOKEN/);
      expect(written).not.toMatch(/(?!\n)[\p{C}\p{Zl}\p{Zp}]/u);
    }
    const huge = await inspect('a'.repeat(2 * 1024 * 1024));
    expect(huge).toMatchObject({ code: 2, out: '' });
  });
});
