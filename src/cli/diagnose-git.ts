import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { DirectorySnapshot } from '../keys/ring/directory-snapshot.js';
import { error, ok, warning, type Finding } from './finding.js';

/** Whether git has, or would take, the private keys of a folder. */
export async function diagnoseGit(path: string, { listing }: DirectorySnapshot): Promise<readonly Finding[]> {
  const names = listing.keys.filter((key) => key.privateMark !== undefined).map(({ stem }) => `${stem}.pem`);
  if (names.length === 0) return [];
  if (!isInRepository(path)) return [ok(path, 'is in no git repository')];
  const tracked = await ask(path, ['ls-files', '--', ...names]);
  const ignored = await ask(path, ['check-ignore', '--', ...names]);
  if (!tracked || !ignored)
    return [
      warning(
        path,
        'is in a git repository, and git does not say what it ignores',
        'Run git check-ignore there by hand.',
      ),
    ];
  const findings = names.flatMap((name) => {
    if (tracked.has(name)) return [inGit(name)];
    return ignored.has(name) ? [] : [notIgnored(name, path)];
  });
  return findings.length > 0 ? findings : [ok(path, 'git ignores the private keys')];
}

function inGit(name: string): Finding {
  return error(
    name,
    'is a private key in git: whoever has the repository, or ever had it, can make tokens',
    `npx jwt-rs256 revoke <its kid>, then git rm --cached ${name} and a line in .gitignore. It stays in the history.`,
  );
}

function notIgnored(name: string, path: string): Finding {
  return error(
    name,
    'is a private key that git does not ignore',
    `echo '*.pem' >> ${join(path, '.gitignore')}`,
  );
}

function isInRepository(path: string): boolean {
  if (existsSync(join(path, '.git'))) return true;
  const parent = dirname(path);
  return parent !== path && isInRepository(parent);
}

/** The names that git prints. Undefined where it is not there, or refuses to look. */
async function ask(path: string, args: string[]): Promise<ReadonlySet<string> | undefined> {
  try {
    // A configuration that the repository brings must not run anything.
    const safe = ['-c', 'core.fsmonitor=false', '-C', path];
    const { stdout } = await promisify(execFile)('git', [...safe, ...args], { timeout: 5000 });
    return new Set(stdout.split('\n'));
  } catch (cause) {
    // check-ignore ends with 1 where it ignores none.
    return (cause as { code?: unknown }).code === 1 ? new Set() : undefined;
  }
}
