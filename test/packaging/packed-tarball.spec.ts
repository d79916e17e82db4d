import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
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
import { promisify } from 'node:util';

// `npm run test:packaging` packs the library and builds the demo. Here the tarball is installed into empty projects,
// outside this repository, and used as users use it.

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const tarball = join(root, 'build/package/nestjs-jwt-rs256.tgz');
const minutes = 60_000;

/** Installs the tarball, Nest and nothing else into an empty folder. */
async function install(nest: string): Promise<string> {
  const project = mkdtempSync(join(tmpdir(), `nest-${nest}-`));
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true }));
  const packages = ['common', 'core', 'passport', 'platform-express'].map(
    (name) => `@nestjs/${name}@${nest}`,
  );
  const others = ['passport@0.7', 'reflect-metadata@0.2', 'rxjs@7', '@types/node@20'];
  await run('npm', ['install', '--no-audit', '--no-fund', tarball, ...packages, ...others], { cwd: project });
  return project;
}

/** Compiles the fixture into a folder of the project. */
async function compile(
  project: string,
  type: 'module' | 'commonjs',
  options: readonly string[] = [],
): Promise<string> {
  const directory = join(project, type);
  mkdirSync(directory, { recursive: true });
  cpSync(join(root, 'test/packaging/fixtures/app.ts'), join(directory, 'app.ts'));
  await compileFolder(directory, type, options);
  return join(directory, 'app.js');
}

/** Compiles what is in a folder, as the tsconfig.json of a new Nest project does. */
async function compileFolder(
  directory: string,
  type: 'module' | 'commonjs',
  options: readonly string[] = [],
): Promise<void> {
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ type }));
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2023',
    strict: true,
    isolatedModules: true,
    esModuleInterop: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    skipLibCheck: true,
    types: ['node'],
  };
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  await run(process.execPath, [tsc, '--project', directory, ...options]).catch(
    (error: { stdout: string }) => {
      throw new Error(error.stdout);
    },
  );
}

/** The packages of node_modules of which a script loads at least one file, by the coverage that Node itself records. */
async function packagesLoadedBy(project: string, file: string, script: string): Promise<readonly string[]> {
  const coverage = mkdtempSync(join(project, 'coverage-'));
  writeFileSync(join(project, file), script);
  await run(process.execPath, [file], { cwd: project, env: { ...process.env, NODE_V8_COVERAGE: coverage } });
  const reports = readdirSync(coverage).map((name) => readFileSync(join(coverage, name), 'utf8'));
  const urls = reports.flatMap((report) => (JSON.parse(report) as { result: { url: string }[] }).result);
  const names = urls.map(({ url }) => /.*[/]node_modules[/]((?:@[^/]+[/])?[^/]+)[/]/.exec(url)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))];
}

const projects = new Map<string, string>();
function project(nest: string): string {
  const directory = projects.get(nest);
  if (directory === undefined) throw new Error(`Nest ${nest} was not installed`);
  return directory;
}

beforeAll(async () => {
  for (const nest of ['12', '11']) projects.set(nest, await install(nest));
}, 10 * minutes);

afterAll(() => {
  for (const directory of projects.values()) rmSync(directory, { recursive: true, force: true });
});

describe('the tarball', () => {
  it('holds the library, its papers and nothing else', async () => {
    const { stdout } = await run('tar', ['-tzf', tarball]);
    const files = stdout
      .trim()
      .split('\n')
      .map((file) => file.replace(/^package\//, ''));
    expect([...new Set(files.map((file) => file.replace(/^dist\/.*$/, 'dist')))].sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'dist',
      'package.json',
    ]);
    expect(files.filter((file) => /[.]spec[.]|[^d][.]ts$/.test(file))).toEqual([]);
  });

  it('does not tell where it was built', () => {
    const dist = join(project('12'), 'node_modules/nestjs-jwt-rs256/dist');
    const files = readdirSync(dist, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const telling = files.filter((entry) =>
      readFileSync(join(entry.parentPath, entry.name), 'utf8').includes(root),
    );
    expect(telling).toEqual([]);
  });
});

describe.each([
  { nest: '12', type: 'module' },
  { nest: '12', type: 'commonjs' },
  { nest: '11', type: 'commonjs' },
] as const)('an application on Nest $nest, compiled to $type', ({ nest, type }) => {
  it('is served with a token and refused without, publishes its keys, logs in, and knows whether it can have cookies', async () => {
    const { stdout } = await run(process.execPath, [await compile(project(nest), type)]);
    expect(JSON.parse(stdout)).toEqual({
      withToken: { status: 200, challenge: null, body: { owner: 'alice' } },
      withoutToken: {
        status: 401,
        challenge: 'Bearer',
        body: expect.objectContaining({ statusCode: 401, errorCode: 'ERR_TOKEN_MISSING' }),
      },
      published: {
        type: 'application/jwk-set+json',
        members: [['kty', 'n', 'e', 'kid', 'alg', 'use']],
        issuer: 'https://auth.example.com',
      },
      logins: [
        [200, 'no-store', 'Bearer'],
        [401, 'no-store', 'invalid_grant'],
        [400, 'no-store', 'invalid_request'],
      ],
      cookies: nest === '12' ? 'boots' : expect.stringContaining('needs @nestjs/core 12.1 or newer'),
    });
  });
});

describe('the installed package', () => {
  it('has types that need nothing which is not installed with it', async () => {
    // Without skipLibCheck other packages have errors of their own.
    const errors = await compile(project('12'), 'module', ['--skipLibCheck', 'false', '--noEmit']).then(
      () => '',
      (error: Error) => error.message,
    );
    expect(errors.split('\n').filter((line) => line.includes('nestjs-jwt-rs256'))).toEqual([]);
  });

  it.each(['12', '11'])('is one package under import and under require, on Nest %s', async (nest) => {
    const script = `
      const required = require('nestjs-jwt-rs256');
      void import('nestjs-jwt-rs256').then((imported) => {
        const names = Object.keys(imported);
        console.log(JSON.stringify({ names, different: names.filter((name) => imported[name] !== required[name]) }));
      });`;
    writeFileSync(join(project(nest), 'identity.cjs'), script);
    const { stdout } = await run(process.execPath, ['identity.cjs'], { cwd: project(nest) });
    const { names, different } = JSON.parse(stdout) as { names: string[]; different: string[] };
    expect(names).toEqual(expect.arrayContaining(['JwtRs256Module', 'JwtRs256Guard', 'TokenService']));
    expect(different).toEqual([]);
  });

  it('has each class once, under its own name, whichever way in it comes by', async () => {
    const script = `
      import * as index from 'nestjs-jwt-rs256';
      import { RedisSessionStore } from 'nestjs-jwt-rs256/redis';
      import { TestClock } from 'nestjs-jwt-rs256/testing';
      const classes = Object.entries(index).filter(([, value]) => String(value).startsWith('class'));
      const renamed = classes.filter(([name, value]) => value.name !== name).map(([name]) => name);
      const isOne = RedisSessionStore.prototype instanceof index.SessionStore && new TestClock() instanceof index.Clock;
      console.log(JSON.stringify({ hasClasses: classes.length > 20, renamed, isOne }));`;
    writeFileSync(join(project('12'), 'names.mjs'), script);
    const { stdout } = await run(process.execPath, ['names.mjs'], { cwd: project('12') });
    expect(JSON.parse(stdout)).toEqual({ hasClasses: true, renamed: [], isOne: true });
  });

  it.each([
    ['import', 'loads.mjs', "import 'nestjs-jwt-rs256';"],
    ['require', 'loads.cjs', "require('nestjs-jwt-rs256');"],
  ])('loads no platform on %s', async (_, file, script) => {
    const loaded = await packagesLoadedBy(project('12'), file, script);
    expect(loaded).toEqual(expect.arrayContaining(['nestjs-jwt-rs256', '@nestjs/common']));
    expect(loaded.filter((name) => /^@nestjs[/]platform-|^(express|fastify)$/.test(name))).toEqual([]);
  });

  it('offers test support that loads neither Nest nor passport', async () => {
    const loaded = await packagesLoadedBy(project('12'), 'testing.mjs', "import 'nestjs-jwt-rs256/testing';");
    expect(loaded).toEqual(['nestjs-jwt-rs256']);
  });

  it('brings the command jwt-rs256', async () => {
    const { stdout } = await run(join(project('12'), 'node_modules/.bin/jwt-rs256'), ['--help']);
    expect(stdout).toMatch(/^ +keygen .+\n.*rotate.+\n[^]*inspect/m);
  });
});

interface Program {
  readonly url: string;
  readonly output: string;
  readonly stop: () => Promise<void>;
}

/** Starts an application as a child process on a free port, and waits until it has said all that it says at first. */
async function start(
  directory: string,
  [file, lastWords]: readonly [file: string, lastWords: string],
  variables: Record<string, string> = {},
): Promise<Program> {
  const env = { ...process.env, NO_COLOR: '1', PORT: '0', ...variables };
  const child = spawn(process.execPath, [file], {
    cwd: directory,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill();
    await exited;
  };
  let output = '';
  const said = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes(lastWords)) resolve();
    });
  });
  const ended = exited.then(() => {
    throw new Error(`${file} ended before it listened:\n${output}`);
  });
  await Promise.race([said, ended]);
  const url = /http:[/][/]localhost:[0-9]+/.exec(output)?.[0] ?? '';
  return { url, output, stop };
}

/** Puts the built demo into the project, so that it runs on the tarball and not on this repository. */
function installDemo(directory: string): void {
  cpSync(join(root, 'build/demo'), join(directory, 'demo'), { recursive: true });
  writeFileSync(join(directory, 'demo/package.json'), JSON.stringify({ type: 'module' }));
}

const DEMO = ['demo/main.js', 'Ctrl+C stops it.'] as const;

/** The lines that the demo prints to be pasted: the indented ones. */
const linesToPaste = ({ output }: Program) =>
  Array.from(output.matchAll(/^ {4}(.+)$/gm), ([, line]) => line ?? '');

/** What a POSIX shell shows for each line, pasted in their order. */
async function paste(lines: readonly string[]): Promise<readonly string[]> {
  const mark = '--- next line ---';
  const script = lines.map((line) => `${line}\nprintf '%s' '${mark}'\n`).join('');
  const { stdout } = await run('sh', ['-c', script]);
  return stdout.split(mark).slice(0, -1);
}

/** The status, the challenge and the body that `curl -i` shows. */
function parseAnswer(answer: string) {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  return {
    status: /^HTTP[/]1[.]1 (\d+)/.exec(head)?.[1],
    challenge: /^www-authenticate: (.*)$/im.exec(head)?.[1]?.trim(),
    body: body === '' ? '' : (JSON.parse(body) as unknown),
  };
}

describe('the demo', () => {
  let demo: Program;
  let answers: readonly string[];

  beforeAll(async () => {
    installDemo(project('12'));
    demo = await start(project('12'), DEMO);
    answers = await paste(linesToPaste(demo));
  });

  afterAll(() => demo.stop());

  const login = (body: string, type = 'application/json', { url } = demo) =>
    fetch(`${url}/auth`, { method: 'POST', headers: { 'content-type': type }, body });

  it('makes its keys where there are none, the private one for its owner only', () => {
    const keys = join(project('12'), 'keys');
    expect(readdirSync(keys).sort()).toEqual(['rs256.pem', 'rs256.pub']);
    expect(statSync(join(keys, 'rs256.pem')).mode & 0o777).toBe(0o600);
  });

  it('prints lines that show, pasted in their order, what it says they show', () => {
    const [prices, refused = '', granted = '', captured, mine = '', stranger, alice, changed = ''] = answers;
    expect(answers).toHaveLength(14);
    expect(prices).toBe('{"apples":3,"bread":2,"cheese":5}');
    expect(parseAnswer(refused)).toEqual({
      status: '401',
      challenge: 'Bearer realm="orders"',
      body: expect.objectContaining({ error: 'Unauthorized', errorCode: 'ERR_TOKEN_MISSING' }),
    });
    expect(JSON.parse(granted)).toEqual({
      access_token: expect.stringMatching(/^[\w-]+[.][\w-]+[.][\w-]+$/),
      token_type: 'Bearer',
      expires_in: 300,
      refresh_token: expect.stringMatching(/^[\w-]+[.][\w-]+$/),
    });
    expect(captured).toBe('');
    expect(JSON.parse(mine)).toEqual([
      { id: 1, owner: 'alice', item: 'apples' },
      { id: 3, owner: 'alice', item: 'cheese' },
    ]);
    expect(stranger).toBe('{"hello":"stranger"}');
    expect(alice).toBe('{"hello":"alice"}');
    expect(parseAnswer(changed)).toEqual({
      status: '401',
      challenge:
        'Bearer realm="orders", error="invalid_token", error_description="The signature of the access token is invalid"',
      body: expect.objectContaining({ error: 'invalid_token', errorCode: 'ERR_TOKEN_SIGNATURE' }),
    });
  });

  it('prints lines that refresh a session, end it, and end all of them', () => {
    const [captured, refreshed = '', left = '', refused = '', everywhere = '', gone = ''] = answers.slice(8);
    expect(captured).toBe('');
    expect(JSON.parse(refreshed)).toMatchObject({ token_type: 'Bearer', refresh_token: expect.any(String) });
    expect(parseAnswer(left)).toMatchObject({ status: '204', body: '' });
    expect(parseAnswer(refused)).toMatchObject({ status: '400', body: { error: 'invalid_grant' } });
    // Two logins were pasted before the one that is over.
    expect(JSON.parse(everywhere)).toEqual({ ended: 2 });
    expect(parseAnswer(gone)).toMatchObject({ status: '401', body: { errorCode: 'ERR_TOKEN_REVOKED' } });
  });

  it('does what the README shows', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const transcript = readme.split(/^```/m).find((block) => block.includes('$ curl -i')) ?? '';
    const shown = transcript.replaceAll('http://localhost:3000', demo.url).split('\n').slice(1, -1);
    const printed = linesToPaste(demo).map((line) => `$ ${line}`);
    const answered = answers.flatMap((answer) => answer.split(/\r?\n/));
    expect(shown.length).toBeGreaterThan(10);
    expect(shown.filter((line) => !printed.includes(line) && !answered.includes(line))).toEqual([]);
  });

  it('answers a login as RFC 6749 wants it, and nobody may store the answer', async () => {
    const response = await login('{"username":"bob","password":"battery staple"}');
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const { access_token: token } = (await response.json()) as { access_token: string };
    const orders = await fetch(`${demo.url}/orders`, { headers: { authorization: `Bearer ${token}` } });
    expect(await orders.json()).toEqual([{ id: 2, owner: 'bob', item: 'bread' }]);
  });

  it.each([
    ['a wrong password', '{"username":"alice","password":"battery staple"}'],
    ['a stranger', '{"username":"mallory","password":"correct horse"}'],
    ['a name that every object knows', '{"username":"constructor","password":"correct horse"}'],
  ])('answers 401 to %s, and does not say which it was', async (_, body) => {
    const response = await login(body);
    const challenge = response.headers.get('www-authenticate');
    expect([response.status, challenge]).toEqual([401, 'Bearer realm="orders"']);
    expect(await response.json()).toMatchObject({
      statusCode: 401,
      error: 'invalid_grant',
      message: 'Wrong username or password',
    });
  });

  it.each([
    ['no body', '', 'application/json'],
    ['half a body', '{"username":"alice","pass', 'application/json'],
    ['a body that is no object', 'null', 'application/json'],
    ['a list', '["alice","correct horse"]', 'application/json'],
    ['no password', '{"username":"alice"}', 'application/json'],
    ['an empty password', '{"username":"alice","password":""}', 'application/json'],
    ['a password that is no text', '{"username":"alice","password":["correct horse"]}', 'application/json'],
    ['a form', 'username=alice&password=correct+horse', 'application/x-www-form-urlencoded'],
    ['JSON that says it is text', '{"username":"alice","password":"correct horse"}', 'text/plain'],
  ])('answers 400 to %s', async (_, body, type) => {
    expect((await login(body, type)).status).toBe(400);
  });

  it('takes the pair that the two openssl commands of the README make', async () => {
    const directory = mkdtempSync(join(project('12'), 'openssl-'));
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const commands = readme.match(/^openssl .+$/gm) ?? [];
    expect(commands).toHaveLength(2);
    await run('sh', ['-ec', commands.join('\n').replaceAll('keys/', '')], { cwd: directory });
    const before = readFileSync(join(directory, 'rs256.pem'), 'utf8');
    const other = await start(project('12'), DEMO, { KEYS_DIRECTORY: directory });
    try {
      const response = await login('{"username":"alice","password":"correct horse"}', undefined, other);
      expect(response.status).toBe(200);
      expect(readFileSync(join(directory, 'rs256.pem'), 'utf8')).toBe(before);
    } finally {
      await other.stop();
    }
  });
});

/** The blocks of a page that are fenced with this language. */
const blocksOf = (page: string, language: string) =>
  Array.from(
    page.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm')),
    ([, block]) => block ?? '',
  );

describe('the tutorial', () => {
  it('leads to the answers that it shows', async () => {
    const page = readFileSync(join(root, 'docs/tutorial/first-protected-route.md'), 'utf8');
    const directory = join(project('12'), 'tutorial');
    mkdirSync(directory);
    await run(join(project('12'), 'node_modules/.bin/jwt-rs256'), ['keygen'], { cwd: directory });
    writeFileSync(join(directory, 'app.module.ts'), blocksOf(page, 'ts')[0] ?? '');
    // As `nest new` makes it, but for what it prints.
    const main = `
      import { NestFactory } from '@nestjs/core';
      import { AppModule } from './app.module.js';
      const app = await NestFactory.create(AppModule);
      await app.listen(process.env.PORT ?? 3000);
      console.log('http://localhost:' + app.getHttpServer().address().port, 'listens');`;
    writeFileSync(join(directory, 'main.ts'), main);
    await compileFolder(directory, 'module');
    const app = await start(directory, ['main.js', 'listens']);
    try {
      expect(app.output).toContain('signs and verifies: issuer https://auth.example.com, kid ');
      const lines = blocksOf(page, 'sh').flatMap((block) => block.trim().split('\n'));
      const commands = lines.filter((line) => /^(curl|TOKEN=|node -p)/.test(line));
      const answers = await paste(commands.map((line) => line.replace('http://localhost:3000', app.url)));
      const [prices = '', refused = '', , mine = '', claims = '', changed = ''] = answers;
      expect(answers).toHaveLength(6);
      expect(JSON.parse(prices)).toEqual({ apples: 3, cheese: 5 });
      expect(JSON.parse(mine)).toEqual(JSON.parse(blocksOf(page, 'json')[0] ?? ''));
      expect(claims).toMatch(/iss: 'https:[/][/]auth[.]example[.]com',\s+aud: 'orders',\s+sub: 'alice'/);
      for (const answer of [refused, changed]) {
        const { challenge, body } = parseAnswer(answer);
        expect(page).toContain(`WWW-Authenticate: ${challenge}\n`);
        expect(body).toMatchObject({ statusCode: 401 });
      }
      expect(page).toContain(refused.split('\r\n\r\n')[1]);
    } finally {
      await app.stop();
    }
  });
});

describe('the recipe for limits', () => {
  it('slows down who guesses, by address and by account, and who refreshes', async () => {
    const page = readFileSync(join(root, 'docs/how-to/rate-limit-login.md'), 'utf8');
    const directory = join(project('12'), 'limits');
    mkdirSync(directory);
    const options = ['install', '--no-save', '--no-audit', '--no-fund', '@nestjs/throttler@6'];
    await run('npm', options, { cwd: project('12') });
    await run(join(project('12'), 'node_modules/.bin/jwt-rs256'), ['keygen'], { cwd: directory });
    writeFileSync(join(directory, 'app.module.ts'), blocksOf(page, 'ts')[0] ?? '');
    const main = `
      import { NestFactory } from '@nestjs/core';
      import { AppModule } from './app.module.js';
      const app = await NestFactory.create(AppModule);
      await app.listen(process.env.PORT ?? 3000);
      console.log('http://localhost:' + app.getHttpServer().address().port, 'listens');`;
    writeFileSync(join(directory, 'main.ts'), main);
    await compileFolder(directory, 'module');
    const app = await start(directory, ['main.js', 'listens']);
    const post = async (path: string, body: object) => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(app.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
      return { status: response.status, store: response.headers.get('cache-control') };
    };
    const repeat = async (times: number, path: string, body: (n: number) => object) => {
      const statuses: number[] = [];
      for (let n = 0; n < times; n++) statuses.push((await post(path, body(n))).status);
      return statuses;
    };
    try {
      const guess = (username: string) => (n: number) => ({ username, password: `guess ${n}` });
      // Five guesses at one account, spelled in whatever case; the sixth is not looked at, though it is right.
      expect(await repeat(5, '/auth/login', (n) => guess(n % 2 ? 'alice' : 'ALICE')(n))).toEqual(
        Array(5).fill(401),
      );
      const right = { username: 'alice', password: 'correct horse' };
      expect(await post('/auth/login', right)).toEqual({ status: 429, store: 'no-store' });
      // Somebody else is not in the way of that, until the address has had its twenty.
      expect(await repeat(14, '/auth/login', (n) => guess(`user ${n}`)(n))).toEqual(Array(14).fill(401));
      expect((await post('/auth/login', guess('another')(0))).status).toBe(429);
      const refreshes = await repeat(61, '/auth/refresh', () => ({ refresh_token: 'x' }));
      expect(refreshes).toEqual([...Array<number>(60).fill(400), 429]);
      expect((await post('/auth/logout', { refresh_token: 'x' })).status).toBe(204);
    } finally {
      await app.stop();
    }
  });
});
