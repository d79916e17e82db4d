import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

// The rules of .dependency-cruiser.cjs, tried on a tree made for it: every import that is forbidden is there once, and
// so is every import between folders that is allowed. A rule that stops catching, or catches too much, fails here.

const root = join(import.meta.dirname, '../..');

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

/** The picture once more, written by hand: what each folder may import besides itself. */
const picture: Record<string, readonly string[]> = {
  events: [],
  errors: ['events'],
  time: ['events', 'errors'],
  keys: ['events', 'errors', 'time'],
  tokens: ['events', 'errors', 'time', 'keys'],
  sessions: ['events', 'errors', 'time', 'keys', 'tokens'],
  auth: ['events', 'errors', 'time', 'keys', 'tokens', 'sessions'],
  http: ['events', 'errors', 'time', 'keys', 'tokens', 'sessions', 'auth'],
  module: ['events', 'errors', 'time', 'keys', 'tokens', 'sessions', 'auth', 'http'],
  redis: ['events', 'errors', 'time', 'keys', 'tokens', 'sessions'],
  cli: ['events', 'errors', 'time', 'keys', 'tokens'],
  testing: ['errors', 'time', 'sessions'],
};
const folders = Object.keys(picture);
const pairs = folders.flatMap((from) => folders.filter((to) => to !== from).map((to) => ({ from, to })));
const isForbidden = ({ from, to }: { from: string; to: string }) => !picture[from]?.includes(to);

/** Files of which one breaks the rule: the file that is at fault, then what each file imports. */
interface Plant {
  readonly rule: string;
  readonly at: string;
  readonly files: Record<string, readonly string[]>;
}

const plants: readonly Plant[] = [
  ...['redis', 'cli', 'testing'].map((folder) => ({
    rule: `nobody-imports-${folder}`,
    at: `src/module/imports-${folder}.ts`,
    files: {},
  })),
  plant('nobody-imports-the-index', 'src/keys/imports-index.ts', ['../index.js']),
  plant('cli-never-loads-nest', 'src/cli/imports-nest.ts', ['@nestjs/common']),
  plant('testing-never-loads-nest', 'src/testing/imports-nest.ts', ['@nestjs/common']),
  // Through a file that has a role suffix, and so may import Nest itself.
  plant('cli-never-loads-nest', 'src/cli/reaches-nest.ts', ['../keys/knows-nest.service.js'], {
    'src/keys/knows-nest.service.ts': ['@nestjs/common'],
  }),
  plant('cli-never-loads-nest', 'src/cli/imports-passport.ts', ['passport']),
  plant('no-cycles', 'src/time/egg.ts', ['./hen.js'], { 'src/time/hen.ts': ['./egg.js'] }),
  plant('no-nest-without-a-role', 'src/auth/credentials.ts', ['@nestjs/common']),
  plant('no-nest-without-a-role', 'src/auth/knows-nest-types.ts', ['type @nestjs/common']),
  plant('no-vague-names', 'src/auth/names-utils.ts', ['./utils.js'], { 'src/auth/utils.ts': [] }),
  plant('no-vague-names', 'src/auth/names-shared.ts', ['../keys/shared/thing.js'], {
    'src/keys/shared/thing.ts': [],
  }),
  plant('no-vague-names', 'src/auth/names-types.ts', ['../types.js'], { 'src/types.ts': [] }),
  plant('no-orphans', 'src/keys/alone.ts', []),
  plant('no-dev-dependencies', 'src/keys/imports-jose.ts', ['jose']),
  plant('no-undeclared-dependencies', 'src/keys/imports-undeclared.ts', ['rxjs']),
  plant('no-undeclared-dependencies', 'src/keys/imports-missing.ts', ['no-such-package']),
  ...[
    'auth/principal',
    'http/publisher.service',
    'http/published-document',
    'keys/verification-key-source',
    'keys/jwk-set',
  ].map((file) => reachesPrivateKey(`src/${file}.ts`, 'src/keys/signing-key.ts')),
  reachesPrivateKey('src/tokens/token-verifier.ts', 'src/keys/ring/key-ring.ts'),
  reachesPrivateKey('src/keys/remote/remote-jwk-set.ts', 'src/keys/ring/held-key.ts'),
  plant('keys-know-no-room', 'src/keys/knows-ring.ts', ['./ring/key-life.js'], {
    'src/keys/ring/key-life.ts': ['node:path'],
  }),
  plant('ring-and-remote-stay-apart', 'src/keys/ring/knows-remote.ts', ['../remote/address.js'], {
    'src/keys/remote/address.ts': ['node:net'],
  }),
  reachesPrivateKey('src/tokens/verified-token-cache.ts', 'src/tokens/token-issuer.ts'),
  reachesPrivateKey('src/tokens/trusted-issuers.ts', 'src/keys/key-pair.ts'),
  reachesPrivateKey('src/keys/only-verification-key.ts', 'src/keys/signing-key.ts'),
  reachesPrivateKey('src/auth/reads-key.ts', 'src/keys/read-private-key.ts'),
  reachesPrivateKey('src/auth/makes-pair.ts', 'src/keys/key-pair-generation.ts'),
];

/** Not one of these is a violation, however near they come. */
const innocent: Record<string, readonly string[]> = {
  'src/index.ts': ['@nestjs/common', './module/stub.js'],
  'src/module/resolve-anything.ts': [
    '@nestjs/common',
    '../keys/signing-key.js',
    '../tokens/token-verifier.js',
  ],
  'src/auth/thing.guard.ts': ['@nestjs/common', 'passport-jwt', '../tokens/stub.js'],
  'src/cli/signs.ts': ['../keys/signing-key.js', '../tokens/token-issuer.js'],
  'src/keys/uses-node.ts': ['node:crypto'],
  'src/keys/ring/holds-keys.ts': ['../uses-node.js'],
};

function plant(rule: string, at: string, imports: readonly string[], others: Plant['files'] = {}): Plant {
  return { rule, at, files: { [at]: imports, ...others } };
}

/** `at` reaches the private key at the end of a chain of two. */
function reachesPrivateKey(at: string, privateKey: string): Plant {
  const middle = `src/tokens/between-${at.replaceAll(/\W/g, '-')}.ts`;
  const way = (from: string, to: string) => `./${relative(dirname(from), to).replace(/ts$/, 'js')}`;
  return plant('verifiers-never-reach-a-private-key', at, [way(at, middle)], {
    [middle]: [way(middle, privateKey)],
    [privateKey]: ['node:crypto'],
  });
}

/** Runs dependency-cruiser on `directory`/src; its exit code is the number of violations, so it is not looked at. */
function cruise(directory: string): Promise<readonly Violation[]> {
  const depcruise = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  return new Promise((resolve, reject) => {
    const options = { cwd: directory, maxBuffer: 64 * 1024 * 1024 };
    execFile(process.execPath, [depcruise, 'src', '--output-type', 'json'], options, (_, stdout, stderr) => {
      if (stdout === '') reject(new Error(stderr));
      else resolve((JSON.parse(stdout) as { summary: { violations: Violation[] } }).summary.violations);
    });
  });
}

/** Writes files of imports only; 'type x' stands for `import type` from x. */
function writeTree(directory: string, files: Record<string, readonly string[]>): void {
  for (const [file, imports] of Object.entries(files)) {
    const lines = imports.map((what) => `import ${what.replace(/^(type )?(.*)$/, "$1{} from '$2'")};\n`);
    const path = join(directory, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${lines.join('')}export {};\n`);
  }
}

/** Packages of which nothing is needed but that they resolve. */
function writePackages(directory: string): void {
  for (const name of ['@nestjs/common', 'passport', 'passport-jwt', 'jose', 'rxjs']) {
    writeTree(directory, { [`node_modules/${name}/index.js`]: [] });
    writeFileSync(
      join(directory, 'node_modules', name, 'package.json'),
      JSON.stringify({ name, main: 'index.js' }),
    );
  }
  const nest = { '@nestjs/common': '*', passport: '*' };
  const manifest = {
    dependencies: { 'passport-jwt': '*' },
    peerDependencies: nest,
    devDependencies: { ...nest, jose: '*' },
  };
  writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest));
}

describe('architecture', () => {
  let planted: string;
  let found: readonly Violation[];
  const rulesAt = (file: string) => found.filter(({ from }) => from === file).map(({ rule }) => rule.name);

  beforeAll(async () => {
    planted = mkdtempSync(join(tmpdir(), 'architecture-'));
    cpSync(join(root, '.dependency-cruiser.cjs'), join(planted, '.dependency-cruiser.cjs'));
    writeFileSync(join(planted, 'tsconfig.json'), '{}');
    writePackages(planted);
    for (const folder of folders) writeTree(planted, { [`src/${folder}/stub.ts`]: ['node:crypto'] });
    for (const { from, to } of pairs)
      writeTree(planted, { [`src/${from}/imports-${to}.ts`]: [`../${to}/stub.js`] });
    for (const { files } of plants) writeTree(planted, files);
    writeTree(planted, innocent);
    found = await cruise(planted);
  }, 60_000);

  afterAll(() => rmSync(planted, { recursive: true }));

  it('finds nothing to say about the source', async () => {
    expect(await cruise(root)).toEqual([]);
  }, 60_000);

  it.each(pairs.filter(isForbidden))('$from may not import $to', ({ from, to }) => {
    expect(rulesAt(`src/${from}/imports-${to}.ts`)).toContain(`${from}-imports-only-its-left`);
  });

  it('lets every other folder import as the picture says', () => {
    const allowed = pairs.filter((pair) => !isForbidden(pair));
    expect(allowed.flatMap(({ from, to }) => rulesAt(`src/${from}/imports-${to}.ts`))).toEqual([]);
  });

  it.each(plants)('$rule catches $at', ({ rule, at }) => {
    expect(rulesAt(at)).toContain(rule);
  });

  it.each(Object.keys(innocent))('has nothing against %s', (file) => {
    expect(rulesAt(file)).toEqual([]);
  });

  it('breaks every rule there is', () => {
    const config = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
      forbidden: { name: string; severity: string }[];
    };
    expect(config.forbidden.filter(({ severity }) => severity !== 'error')).toEqual([]);
    expect(new Set(found.map(({ rule }) => rule.name))).toEqual(
      new Set(config.forbidden.map(({ name }) => name)),
    );
  });

  // The rule about private keys names files: one that is renamed would slip out of it.
  it.each([
    'keys/signing-key.ts',
    'keys/read-private-key.ts',
    'keys/key-pair.ts',
    'keys/generate-key-pair.ts',
    'keys/ring/key-ring.ts',
    'keys/remote/remote-jwk-set.ts',
    'keys/only-verification-key.ts',
    'keys/published-keys.ts',
    'keys/read-public-key.ts',
    'keys/verification-key.ts',
    'keys/public-key-set.ts',
    'keys/jwk-set.ts',
    'tokens/token-issuer.ts',
    'tokens/token-verifier.ts',
  ])('%s still has the name that the rule about private keys knows', (file) => {
    expect(existsSync(join(root, 'src', file))).toBe(true);
  });
});
