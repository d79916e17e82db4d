// Runs the test suite on every Node version that the package supports, one after another, and prints a table.
// The binaries come from the package registry and stay in node_modules/.cache. `npm run test:nodes -- 22 26` runs a few.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const versions = process.argv.length > 2 ? process.argv.slice(2) : ['20.19', '22', '24', '26'];
const root = join(import.meta.dirname, '..');
const minutes = 60_000;

/** The path of a Node binary, downloaded unless it is there. */
function nodeBinary(version) {
  const directory = join(root, 'node_modules/.cache/nodes', version);
  const binary = join(directory, 'package/bin/node');
  if (existsSync(binary)) return binary;
  mkdirSync(directory, { recursive: true });
  const run = (command, ...args) =>
    spawnSync(command, args, { cwd: directory, encoding: 'utf8', timeout: 5 * minutes });
  const name = `node-${process.platform}-${process.arch}@${version}`;
  const packed = run('npm', 'pack', '--silent', name);
  if (packed.status !== 0) throw new Error(`npm pack ${name}: ${packed.stderr}`);
  const tarball = packed.stdout.trim().split('\n').at(-1);
  run('tar', '-xzf', tarball, 'package/bin/node');
  rmSync(join(directory, tarball));
  return binary;
}

/** Runs the `test` script of package.json with another Node, and reads what jest says at the end. */
function runTests(binary) {
  const [, ...args] = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts.test.split(' ');
  const { status, stderr } = spawnSync(binary, args, { cwd: root, encoding: 'utf8', timeout: 10 * minutes });
  const summary = /^Tests: +(.*)$/m.exec(stderr)?.[1] ?? 'no summary';
  if (status !== 0) console.error(stderr);
  return { passed: status === 0, summary };
}

const table = [];
for (const version of versions) {
  const binary = nodeBinary(version);
  const node = spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout.trim();
  console.log(`Node ${node} ...`);
  const { passed, summary } = runTests(binary);
  if (!passed) process.exitCode = 1;
  table.push({ node, result: passed ? 'ok' : 'FAILED', tests: summary });
}
console.table(table);
