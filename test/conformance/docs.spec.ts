import 'reflect-metadata';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Injectable, type INestApplication, Module, type Type } from '@nestjs/common';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import jsonwebtoken from 'jsonwebtoken';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { doctor } from '../../src/cli/doctor.js';
import { inspect } from '../../src/cli/inspect.js';
import { jwks } from '../../src/cli/jwks.js';
import { keygen } from '../../src/cli/keygen.js';
import { pubkey } from '../../src/cli/pubkey.js';
import { revoke } from '../../src/cli/revoke.js';
import { rotate } from '../../src/cli/rotate.js';
import {
  Auth,
  CurrentUser,
  generateKeyPair,
  JwtRs256Guard,
  JwtRs256Module,
  TokenService,
  TokenVerifier,
  type JwtRs256ModuleOptions,
  type JwtRs256OptionsFactory,
} from '../../src/index.js';

// What the pages say, held against the source: an option, a code or an export without its place in the reference fails
// here, and so does a link to nowhere.

const root = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

function filesIn(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

const topPages = readdirSync(root).filter((name) => name.endsWith('.md'));
const pages = [...topPages, ...filesIn('docs', '.md'), ...filesIn('keys', '.md')];
const reference = filesIn('docs/reference', '.md').map(read).join('\n');

/** The members of an interface of the source, by its own syntax tree. */
function membersOf(file: string, name: string): string[] {
  const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest);
  const declaration = source.statements.find(
    (statement): statement is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(statement) && statement.name.text === name,
  );
  return (declaration?.members ?? []).map((member) => member.name?.getText(source) ?? '');
}

/** The names that a package entry exports, types too. */
function exportsOf(file: string): string[] {
  const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest);
  return source.statements.flatMap((statement) =>
    ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause)
      ? statement.exportClause.elements.map(({ name }) => name.text)
      : [],
  );
}

const codesIn = (text: string): string[] => [...new Set(text.match(/\bERR_[A-Z0-9_]*[A-Z0-9]\b/g))];
const codes = codesIn(
  filesIn('src/errors', '.ts')
    .map((file) => read(file))
    .join('\n')
    .replaceAll(/^ *(\/?\*|\/\/).*$/gm, ''),
);

describe('the reference', () => {
  it.each(codes)('explains %s, with its cause and its fix', (code) => {
    const row = read('docs/reference/errors.md')
      .split('\n')
      .find((line) => line.startsWith(`| \`${code}\` `));
    const cells = row?.split(/(?<!\\)\|/).slice(1, -1) ?? [];
    expect(cells.map((cell) => cell.trim().length > 2)).toEqual(expect.arrayContaining([true, true, true]));
    expect(cells).not.toContain('');
  });

  it.each([
    {
      page: 'docs/reference/options.md',
      file: 'src/module/options.ts',
      names: ['JwtRs256ModuleOptions', 'JwtRs256ModuleExtras'],
    },
    {
      page: 'docs/reference/decorators-and-guard.md',
      file: 'src/auth/route-access.ts',
      names: ['AuthOptions'],
    },
    {
      page: 'docs/reference/token-endpoints.md',
      file: 'src/http/endpoint-options.ts',
      names: ['TokenEndpointsOptions', 'TokenEndpoints', 'LoginEndpointOptions', 'EndpointOptions'],
    },
    {
      page: 'docs/reference/token-endpoints.md',
      file: 'src/http/token-endpoints.module.ts',
      names: ['TokenEndpointsExtras'],
    },
    {
      page: 'docs/reference/token-service.md',
      file: 'src/tokens/token-issuer.ts',
      names: ['IssueOptions'],
    },
    {
      page: 'docs/reference/token-service.md',
      file: 'src/tokens/token-verifier.ts',
      names: ['VerifyOptions'],
    },
  ])('$page has a row for every option of $names', ({ page, file, names }) => {
    const rows = new Set(Array.from(read(page).matchAll(/^\| `(\w+)`/gm), ([, option]) => option));
    for (const name of names) {
      const options = membersOf(file, name);
      expect(options).not.toEqual([]);
      expect(options.filter((option) => !rows.has(option))).toEqual([]);
    }
  });

  it.each(['src/index.ts', 'src/testing/index.ts'])('mentions everything that %s exports', (entry) => {
    const words = new Set(reference.match(/\w+/g));
    const names = exportsOf(entry);
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => !words.has(name))).toEqual([]);
  });

  const commands = { keygen, rotate, revoke, jwks, pubkey, doctor, inspect };
  it.each(Object.entries(commands))('shows the help of %s as it is', async (_, command) => {
    let help = '';
    const out = { write: (text: string) => ((help += text), true) } as unknown as NodeJS.WritableStream;
    await command(['--help'], { out, err: out });
    expect(read('docs/reference/command-line.md')).toContain(help);
  });
});

/** The fragments that GitHub makes of the headings of a page. */
function anchorsOf(page: string): string[] {
  const headings = read(page)
    .replaceAll(/^```[\s\S]*?^```/gm, '')
    .matchAll(/^#+ +(.+)$/gm);
  return Array.from(headings, ([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}

/** The relative links of a page: the file, from the root of the project, and the fragment. */
function linksOf(page: string): { link: string; file: string; fragment: string | undefined }[] {
  const links = read(page).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g);
  return Array.from(links, ([, link = '']) => {
    const [path = '', fragment] = link.split('#');
    const file = path === '' ? page : relative(root, resolve(root, dirname(page), path));
    return { link, file, fragment };
  });
}

describe('the pages', () => {
  it.each(pages)('%s links only to what is there', (page) => {
    const broken = linksOf(page).filter(
      ({ file, fragment }) =>
        !existsSync(join(root, file)) || (fragment !== undefined && !anchorsOf(file).includes(fragment)),
    );
    expect(broken).toEqual([]);
  });

  it('can all be reached from the README', () => {
    const reached = new Set(['README.md']);
    for (const page of reached) {
      for (const { file } of linksOf(page))
        if (file.endsWith('.md') && pages.includes(file)) reached.add(file);
    }
    expect(pages.filter((page) => page.startsWith('docs/') && !reached.has(page))).toEqual([]);
  });

  it.each(pages)('%s names no error code that does not exist', (page) => {
    const prefixes = ['ERR_TOKEN', 'ERR_KEY', 'ERR_OPTION'];
    expect(codesIn(read(page)).filter((code) => !codes.includes(code) && !prefixes.includes(code))).toEqual(
      [],
    );
  });

  it('begin with a README of less than 150 lines', () => {
    expect(read('README.md').trimEnd().split('\n').length).toBeLessThan(150);
  });

  it('have a changelog for the version of the package', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(read('CHANGELOG.md')).toContain(`## [${version}]`);
  });

  it('have one decision for a number, each in the index, with context, decision and consequences', () => {
    const decisions = filesIn('docs/adr', '.md')
      .filter((file) => !file.endsWith('README.md'))
      .sort();
    const numbers = decisions.map((file) => /(\d{4})-[^/]+$/.exec(file)?.[1]);
    expect(numbers.length).toBeGreaterThan(10);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const [index, file] of decisions.entries()) {
      expect(read(file)).toMatch(new RegExp(`^# ${numbers[index]}: `));
      expect(read(file).match(/^## .*/gm)).toEqual(['## Context', '## Decision', '## Consequences']);
      expect(linksOf('docs/adr/README.md').map((link) => link.file)).toContain(file);
    }
  });
});

const { privateKey } = await generateKeyPair();
const ours: JwtRs256ModuleOptions = { privateKey, issuer: 'https://auth.example.com', audience: 'orders' };

@Injectable()
class JwtOptions implements JwtRs256OptionsFactory {
  create(): JwtRs256ModuleOptions {
    return ours;
  }
}

@Controller('guarded')
@Auth()
class GuardedController {
  @Get() who(@CurrentUser('sub') sub?: string) {
    return { sub: sub ?? null };
  }
}

@Controller('bare')
class BareController {
  @Get() who(@CurrentUser('sub') sub?: string) {
    return { sub: sub ?? null };
  }
}

function appModule(globalGuard: boolean): Type {
  @Module({
    imports: [JwtRs256Module.forRootAsync({ useClass: JwtOptions, globalGuard })],
    controllers: [globalGuard ? BareController : GuardedController],
  })
  class AppModule {}
  return AppModule;
}

describe('the how-to guides', () => {
  const apps: INestApplication[] = [];
  afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));

  async function start(builder: TestingModuleBuilder): Promise<INestApplication> {
    const app = (await builder.compile()).createNestApplication({ logger: false });
    apps.push(app);
    return app.listen(0, '127.0.0.1').then(() => app);
  }

  async function get(app: INestApplication, path: string, token?: string) {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(`${await app.getUrl()}${path}`, { headers });
    return { status: response.status, body: (await response.json()) as unknown };
  }

  const letAnyoneIn = { canActivate: () => true };
  const believe = { verify: async (token: string) => ({ sub: token }) };
  const testing = (globalGuard: boolean) => Test.createTestingModule({ imports: [appModule(globalGuard)] });

  it.each([
    { path: '/guarded', globalGuard: false },
    { path: '/bare', globalGuard: true },
  ])('are right that a stubbed TokenVerifier takes any text as a token: $path', async (scene) => {
    const app = await start(testing(scene.globalGuard).overrideProvider(TokenVerifier).useValue(believe));
    expect(await get(app, scene.path, 'alice')).toEqual({ status: 200, body: { sub: 'alice' } });
    expect(await get(app, scene.path)).toMatchObject({ status: 401 });
  });

  it('are right that overrideGuard takes the guard of @Auth() away, and the principal with it', async () => {
    const app = await start(testing(false).overrideGuard(JwtRs256Guard).useValue(letAnyoneIn));
    expect(await get(app, '/guarded', 'alice')).toEqual({ status: 200, body: { sub: null } });
  });

  it('are right that overrideProvider takes the global guard away', async () => {
    const app = await start(testing(true).overrideProvider(JwtRs256Guard).useValue(letAnyoneIn));
    expect(await get(app, '/bare')).toEqual({ status: 200, body: { sub: null } });
  });

  it('are right that a class of options can be replaced', async () => {
    const other = { create: () => ({ ...ours, realm: 'other' }) };
    const app = await start(testing(false).overrideProvider(JwtOptions).useValue(other));
    const response = await fetch(`${await app.getUrl()}/guarded`);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="other"');
  });

  it('are right about the options that keep tokens of jsonwebtoken good', async () => {
    const claims = { sub: 'alice', iss: ours.issuer, aud: ours.audience };
    const old = jsonwebtoken.sign(claims, privateKey, { algorithm: 'RS256', expiresIn: '7d' });
    const lenient = { typ: 'JWT', requiredClaims: ['exp', 'iat'], maxTokenTtl: '7d' } as const;
    const verify = async (options: Partial<JwtRs256ModuleOptions>) => {
      const forRoot = JwtRs256Module.forRoot({ ...ours, ...options });
      const module = await Test.createTestingModule({ imports: [forRoot] })
        .setLogger({ log: () => {}, error: () => {}, warn: () => {} })
        .compile();
      return module.get(TokenService).verify(old);
    };
    expect(await verify(lenient)).toMatchObject({ sub: 'alice' });
    await expect(verify({})).rejects.toMatchObject({ code: 'ERR_TOKEN_TYPE' });
    const { typ, requiredClaims, maxTokenTtl } = lenient;
    await expect(verify({ typ, maxTokenTtl })).rejects.toMatchObject({ claim: 'nbf' });
    await expect(verify({ typ, requiredClaims })).rejects.toMatchObject({ claim: 'exp' });
  });
});
