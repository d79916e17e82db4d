// Compiles every ```ts block of README.md, of docs/ and of the @example tags in src/, so that no example can rot.
// A block stands alone: it imports what it uses. One that is fenced as ```ts ignore-compile is left out, and counted.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
const directory = join(root, 'build/snippets');

/** The files with this ending in a folder of the project and below it. */
function filesIn(folder, ending) {
  if (!existsSync(join(root, folder))) return [];
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

/** The TypeScript blocks of a text: where the code starts, and its lines without the margin (spaces, or ` * `). */
function blocksOf(text) {
  const blocks = [];
  let open;
  for (const [index, line] of text.split('\n').entries()) {
    const [, margin, fence] = /^(\s*(?:\* )?\s*)(```.*)$/.exec(line) ?? [];
    if (fence === undefined) {
      open?.lines.push(line.slice(open.margin.length));
    } else if (open === undefined) {
      open = { margin, language: fence.slice(3).trim(), firstLine: index + 1, lines: [] };
    } else {
      if (/^(ts|typescript)\b/.test(open.language)) blocks.push(open);
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`a code fence opens at line ${open.firstLine} and never closes`);
  return blocks;
}

rmSync(directory, { recursive: true, force: true });
mkdirSync(directory, { recursive: true });

let compiled = 0;
let ignored = 0;
const sources = new Map();
for (const file of ['README.md', ...filesIn('docs', '.md'), ...filesIn('src', '.ts')]) {
  if (!existsSync(join(root, file))) continue;
  for (const { language, firstLine, lines } of blocksOf(readFileSync(join(root, file), 'utf8'))) {
    if (language.includes('ignore-compile')) {
      ignored += 1;
      continue;
    }
    compiled += 1;
    const snippet = `snippet-${compiled}.ts`;
    sources.set(snippet, file);
    // Empty lines above, so that an error names the line of the page.
    writeFileSync(join(directory, snippet), '\n'.repeat(firstLine) + lines.join('\n') + '\n');
  }
}

writeFileSync(
  join(directory, 'tsconfig.json'),
  JSON.stringify({
    extends: '../../tsconfig.json',
    compilerOptions: { rootDir: '../..', noUnusedLocals: false, noUnusedParameters: false },
    include: ['*.ts'],
  }),
);
if (compiled > 0) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [tsc, '--project', directory, '--pretty', 'false'], {
    cwd: directory,
    encoding: 'utf8',
  });
  process.stdout.write(stdout.replaceAll(/^snippet-\d+\.ts/gm, (snippet) => sources.get(snippet)));
  process.exitCode = status ?? 1;
}
console.log(`snippets: ${compiled} compiled, ${ignored} ignored`);
