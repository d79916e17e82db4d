// Packs the library as `npm publish` would (which builds it first), under a name without the version.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const directory = join(import.meta.dirname, '../build/package');
rmSync(directory, { recursive: true, force: true });
mkdirSync(directory, { recursive: true });
execFileSync('npm', ['pack', '--loglevel', 'error', '--pack-destination', directory], { stdio: 'inherit' });
renameSync(join(directory, readdirSync(directory)[0]), join(directory, 'nestjs-jwt-rs256.tgz'));
