import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { keygen } from '../../src/cli/keygen.js';
import { showProgress, UsageError } from '../../src/cli/terminal.js';
import { thumbprint } from '../../src/keys/key-id.js';
import { loadKeyPair } from '../../src/keys/key-pair.js';
import { Cli, run, type CliResult } from '../support/cli.js';
import { leakInText } from '../support/key-leak.js';

// `jwt-rs256 keygen` as a process of its own, as a user starts it.

// Making a key takes as long as it takes to find two primes.
jest.setTimeout(60_000);

/** Back to the start of the line, and clear it. */
const WIPE = '\r\u001b[K';

const KID = /^[\w-]{43}$/;
const isPosix = process.platform !== 'win32';
const has = (program: string, ...args: string[]) => spawnSync(program, args).status === 0;

let cli: Cli;
let root: string;
beforeAll(async () => {
  cli = await Cli.compile();
  root = mkdtempSync(join(tmpdir(), 'jwt-rs256-keygen-'));
});
afterAll(() => {
  cli.remove();
  rmSync(root, { recursive: true, force: true });
});

const newFolder = () => mkdtempSync(join(root, 'project-'));
const modeOf = (file: string) => statSync(file).mode & 0o777;
const pairIn = (folder: string) => ({
  privateKey: readFileSync(join(folder, 'rs256.pem'), 'utf8'),
  publicKey: readFileSync(join(folder, 'rs256.pub'), 'utf8'),
});

/** That the pair in a folder is one that works, and that nothing but its file has the private key. */
async function expectPair(folder: string, result: CliResult, bits = 2048): Promise<string> {
  const files = {
    privateKey: { file: join(folder, 'rs256.pem') },
    publicKey: { file: join(folder, 'rs256.pub') },
  };
  const { verificationKey, warnings } = await loadKeyPair(files, Date.now() / 1000);
  expect([verificationKey.bits, warnings]).toEqual([bits, []]);
  expect(result.out).toContain(verificationKey.kid);
  expectNoPrivateKey(folder, result);
  return verificationKey.kid;
}

function expectNoPrivateKey(folder: string, { out, err }: CliResult): void {
  const { privateKey } = pairIn(folder);
  expect(out + err).not.toContain('PRIVATE KEY');
  expect(leakInText(out + err, privateKey, createPrivateKey(privateKey))).toBeUndefined();
}

describe('jwt-rs256 keygen', () => {
  it('writes a pair of 2048 bits into keys/, says where and its kid, and nothing else', async () => {
    const folder = newFolder();
    const result = await cli.run(['keygen'], folder);
    expect(result).toMatchObject({ code: 0, err: '' });
    const keys = join(folder, 'keys');
    const kid = await expectPair(keys, result);
    expect(kid).toMatch(KID);
    expect(kid).toBe(thumbprint(createPublicKey(pairIn(keys).publicKey)));
    expect(result.out.replaceAll('\\', '/')).toBe(
      [
        'private key  keys/rs256.pem  (mode 0600; keep it out of git)',
        'public key   keys/rs256.pub',
        `kid          ${kid}`,
        '',
      ].join('\n'),
    );
    expect(readdirSync(keys).sort()).toEqual(['rs256.pem', 'rs256.pub']);
    expect(pairIn(keys).privateKey).toMatch(
      /^-----BEGIN PRIVATE KEY-----\n[^-]+-----END PRIVATE KEY-----\n$/,
    );
    expect(pairIn(keys).publicKey).toMatch(/^-----BEGIN PUBLIC KEY-----\n[^-]+-----END PUBLIC KEY-----\n$/);
  });

  it.each([
    ['a umask that forbids nothing', 'umask 000', 0o600, 0o644],
    ['a umask that forbids everything to others', 'umask 077', 0o600, 0o600],
  ])('keeps the private key from everybody else, under %s', async (_, umask, privateMode, publicMode) => {
    if (!isPosix) return;
    const folder = newFolder();
    const result = await cli.runInShell(`${umask}; jwt-rs256 keygen`, folder);
    expect(result.code).toBe(0);
    expect([modeOf(join(folder, 'keys/rs256.pem')), modeOf(join(folder, 'keys/rs256.pub'))]).toEqual([
      privateMode,
      publicMode,
    ]);
  });

  it('writes where --directory says, and makes the folders on the way', async () => {
    const folder = newFolder();
    const absolute = join(newFolder(), 'a b', 'ключи');
    for (const [args, target] of [
      [['--directory', 'config/jwt/keys'], join(folder, 'config/jwt/keys')],
      [['-d', absolute], absolute],
    ] as const) {
      const result = await cli.run(['keygen', ...args], folder);
      expect(result).toMatchObject({ code: 0, err: '' });
      await expectPair(target, result);
    }
  });

  it.each([
    ['-b', '3072', 3072],
    ['--bits', '4096', 4096],
  ])('makes a key of the size that %s %s asks for', async (option, value, bits) => {
    const folder = newFolder();
    const result = await cli.run(['keygen', option, value, '-d', '.'], folder);
    expect(result).toMatchObject({ code: 0, err: '' });
    await expectPair(folder, result, bits);
  });

  it('answers with one line of JSON for --json', async () => {
    const folder = newFolder();
    const result = await cli.run(['keygen', '--json', '-d', 'k'], folder);
    expect(result).toMatchObject({ code: 0, err: '' });
    expect(result.out).toMatch(/^\{.+\}\n$/);
    const kid = await expectPair(join(folder, 'k'), result);
    expect(JSON.parse(result.out)).toEqual({
      kid,
      bits: 2048,
      privateKeyFile: join('k', 'rs256.pem'),
      publicKeyFile: join('k', 'rs256.pub'),
    });
  });

  it('makes files that openssl finds good', async () => {
    const folder = newFolder();
    await cli.run(['keygen', '-d', '.'], folder);
    const { privateKey, publicKey } = pairIn(folder);
    if (!has('openssl', 'version')) {
      expect(createPublicKey(createPrivateKey(privateKey)).equals(createPublicKey(publicKey))).toBe(true);
      return;
    }
    const check = await run('openssl', ['rsa', '-in', 'rs256.pem', '-check', '-noout'], folder);
    expect([check.code, check.out.trim()]).toEqual([0, 'RSA key ok']);
    const derived = await run('openssl', ['rsa', '-in', 'rs256.pem', '-pubout', '-outform', 'PEM'], folder);
    expect([derived.code, derived.out]).toEqual([0, publicKey]);
    const read = await run('openssl', ['rsa', '-pubin', '-in', 'rs256.pub', '-noout', '-text'], folder);
    expect([read.code, read.out]).toEqual([0, expect.stringMatching(/2048 bit[^]+Exponent: 65537/)]);
  });
});

describe('jwt-rs256 keygen, where there is a key already', () => {
  it.each(['rs256.pem', 'rs256.pub'])(
    'refuses to replace %s, with exit code 1 and the way out, and touches nothing',
    async (name) => {
      const folder = newFolder();
      writeFileSync(join(folder, name), 'precious');
      const result = await cli.run(['keygen', '-d', '.'], folder);
      expect(result).toMatchObject({ code: 1, out: '' });
      expect(result.err).toMatch(
        new RegExp(`^ERR_KEY_FILE_EXISTS: ${name} is there already\\..+--force.+\\n$`),
      );
      expect(readdirSync(folder)).toEqual([name]);
      expect(readFileSync(join(folder, name), 'utf8')).toBe('precious');
    },
  );

  it('refuses before it makes a key that would be for nothing', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'rs256.pub'), 'precious');
    const terminal = new FakeTerminal(true);
    await expect(keygen(['-d', folder, '-b', '4096'], terminal)).rejects.toMatchObject({
      code: 'ERR_KEY_FILE_EXISTS',
    });
    expect(terminal.shown).toBe('');
  });

  it('replaces both files for --force, and the private one is then for its owner alone', async () => {
    const folder = newFolder();
    const first = await cli.run(['keygen', '-d', '.'], folder);
    const before = await expectPair(folder, first);
    if (isPosix) chmodSync(join(folder, 'rs256.pem'), 0o644);
    const result = await cli.run(['keygen', '-d', '.', '--force'], folder);
    expect(result).toMatchObject({ code: 0, err: '' });
    expect(await expectPair(folder, result)).not.toBe(before);
    expect(readdirSync(folder).sort()).toEqual(['rs256.pem', 'rs256.pub']);
    if (isPosix) expect(modeOf(join(folder, 'rs256.pem'))).toBe(0o600);
  });

  it('leaves one whole pair when several run at once: one wins, the others refuse', async () => {
    const folder = newFolder();
    const results = await Promise.all(
      Array.from({ length: 3 }, () => cli.run(['keygen', '-d', '.'], folder)),
    );
    const winners = results.filter(({ code }) => code === 0);
    expect(winners).toHaveLength(1);
    await expectPair(folder, winners[0]!);
    for (const loser of results.filter((result) => result !== winners[0])) {
      expect(loser).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^ERR_KEY_FILE_EXISTS: /) });
    }
    expect(readdirSync(folder).sort()).toEqual(['rs256.pem', 'rs256.pub']);
  });
});

describe('jwt-rs256 keygen, where it cannot write', () => {
  it('says so in one line with exit code 1, and no stack', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'file'), '');
    for (const target of ['file', 'file/keys']) {
      const result = await cli.run(['keygen', '-d', target], folder);
      expect(result).toMatchObject({
        code: 1,
        out: '',
        err: expect.stringMatching(/^(ENOTDIR|EEXIST).+file.+\n$/),
      });
      expect(result.err.trimEnd()).not.toContain('\n');
      expect(result.err).not.toContain('there already. Replacing');
    }
    expect(readdirSync(folder)).toEqual(['file']);
  });

  it('leaves no half of a pair where one of the files cannot take its place', async () => {
    const folder = newFolder();
    mkdirSync(join(folder, 'rs256.pem'));
    const result = await cli.run(['keygen', '-d', '.', '--force'], folder);
    expect(result).toMatchObject({ code: 1, out: '' });
    expect(readdirSync(folder)).toEqual(['rs256.pem']);
  });
});

describe('jwt-rs256 keygen, misused', () => {
  it.each([
    [['--bits', '1024'], '--bits must be 2048, 3072 or 4096.'],
    [['--bits', '0'], '--bits must be'],
    [['--bits', ''], '--bits must be'],
    [['--bits', 'many'], '--bits must be'],
    [['--bits', '2048.5'], '--bits must be'],
    [['--bits', '8192'], '--bits must be'],
    [['--bits'], 'bits'],
    [['--directory', ''], '--directory must not be empty.'],
    [['--directory='], '--directory must not be empty.'],
    [['-d'], 'directory'],
    [['--colour'], "Unknown option '--colour'"],
    [['-x'], "Unknown option '-x'"],
    [['--force=yes'], 'force'],
    [['2048'], 'Unexpected argument'],
  ])(
    'keygen %j is exit code 2, one sentence and where to read on, and writes nothing',
    async (args, sentence) => {
      const folder = newFolder();
      const terminal = new FakeTerminal(false);
      const misuse = await keygen(args, terminal).catch((error: unknown) => error);
      expect(misuse).toBeInstanceOf(UsageError);
      expect((misuse as UsageError).message).toContain(sentence);
      expect((misuse as UsageError).help).toBe('jwt-rs256 keygen --help');
      expect([terminal.written, terminal.shown, readdirSync(folder)]).toEqual(['', '', []]);
    },
  );

  it('ends as a process with exit code 2, and says on stderr where to read on', async () => {
    const folder = newFolder();
    const runs: [string[], RegExp][] = [
      [['keygen', '--bits', '1024'], /^--bits must be 2048, 3072 or 4096\. See jwt-rs256 keygen --help\n$/],
      [['keygen', '--nonsense'], /Unknown option '--nonsense'.+See jwt-rs256 keygen --help\n$/s],
      [['keygen', 'stray'], /stray.+See jwt-rs256 keygen --help\n$/s],
      [['kegyen'], /^There is no command "kegyen"\. See jwt-rs256 --help\n$/],
      [['constructor'], /^There is no command "constructor"\./],
    ];
    for (const [args, sentence] of runs) {
      const result = await cli.run(args, folder);
      expect(result).toMatchObject({ code: 2, out: '', err: expect.stringMatching(sentence) });
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it('explains itself and its exit codes with --help, on stdout, and does nothing else', async () => {
    const folder = newFolder();
    for (const option of ['--help', '-h']) {
      const { code, out, err } = await cli.run(['keygen', option], folder);
      expect([code, err]).toEqual([0, '']);
      for (const word of [
        '--directory',
        '--bits',
        '--force',
        '--json',
        '2048, 3072 or 4096',
        '(default: keys)',
        'Exit codes:',
      ]) {
        expect(out).toContain(word);
      }
      expect(out).toMatch(/^ {2}0 .+\n {2}1 .+\n {2}2 .+$/m);
    }
    for (const args of [[], ['--help'], ['-h'], ['help']]) {
      expect(await cli.run(args, folder)).toMatchObject({
        code: 0,
        err: '',
        out: expect.stringMatching(/keygen[^]+Exit codes/),
      });
    }
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('the progress of jwt-rs256 keygen', () => {
  it('is shown where a terminal watches, on stderr, and wiped away at the end, so that JSON on stdout stays whole', async () => {
    const folder = newFolder();
    const terminal = new FakeTerminal(true);
    await keygen(['-d', folder, '--json'], terminal);
    expect(terminal.shown.startsWith('\rMaking an RSA key of 2048 bits ... 0 s')).toBe(true);
    expect(terminal.shown.endsWith(WIPE)).toBe(true);
    expect(JSON.parse(terminal.written)).toMatchObject({ bits: 2048, kid: expect.stringMatching(KID) });
    expectNoPrivateKey(folder, { code: 0, out: terminal.written, err: terminal.shown });
  });

  it('is wiped away also when the work fails, and lets the failure through', async () => {
    const terminal = new FakeTerminal(true);
    const failure = new Error('no entropy');
    await expect(showProgress(terminal.err, 'Working', Promise.reject(failure))).rejects.toBe(failure);
    expect(terminal.shown).toBe(`\rWorking ... 0 s${WIPE}`);
  });

  it('is seen in a real terminal, where `script` can make one', async () => {
    if (process.platform !== 'linux' || !has('script', '--version')) return;
    const folder = newFolder();
    const command = `'${process.execPath}' '${cli.main}' keygen -d .`;
    const { code, out, err } = await run(
      'script',
      ['--quiet', '--return', '--command', command, '/dev/null'],
      folder,
    );
    expect(code).toBe(0);
    expect(out).toContain('\rMaking an RSA key of 2048 bits ... 0 s');
    expect(out).toContain(`${WIPE}private key  rs256.pem`);
    expect(existsSync(join(folder, 'rs256.pub'))).toBe(true);
    expectNoPrivateKey(folder, { code, out, err });
  });
});

/** What a command writes to, kept as text. */
class FakeTerminal {
  written = '';
  shown = '';
  readonly out = sink((text) => (this.written += text));
  readonly err: NodeJS.WritableStream & { isTTY?: boolean };

  constructor(isTTY: boolean) {
    this.err = Object.assign(
      sink((text) => (this.shown += text)),
      isTTY ? { isTTY } : {},
    );
  }
}

function sink(keep: (text: string) => void): Writable {
  return new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      keep(chunk);
      done();
    },
  });
}
