import type { ImportCost } from '../import.js';
import { atMost, figure } from '../run/result.js';
import { runProgram } from '../run/program.js';
import { exactly, spreadOf } from '../run/statistics.js';
import type { Suite } from './suite.js';

export const IMPORT = 'import, on top of Nest and passport';
export const LOADED = 'files that an import loads, on top of Nest and passport';

const NEST = ['reflect-metadata', '@nestjs/common', '@nestjs/core', '@nestjs/passport', 'passport'];

/** What each package is imported on top of. */
const CONTESTANTS: readonly { readonly name: string; readonly packages: readonly string[] }[] = [
  { name: 'passport-jwt', packages: [...NEST, 'passport-jwt'] },
  {
    name: 'nestjs-jwt-rs256, with passport-jwt there',
    packages: [...NEST, 'passport-jwt', 'nestjs-jwt-rs256'],
  },
  { name: 'nestjs-jwt-rs256, passport-jwt included', packages: [...NEST, 'nestjs-jwt-rs256'] },
  { name: '@nestjs/jwt', packages: [...NEST, '@nestjs/jwt'] },
];

/** How much longer an application takes to start. Each import happens in a process of its own. */
export const startSuite: Suite = async ({ quick, progress }) => {
  const rounds = quick ? 3 : 31;
  const times = new Map(CONTESTANTS.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round <= rounds; round++) {
    for (const { name, packages } of CONTESTANTS) {
      const { ms } = await runProgram<ImportCost>('import', packages);
      // The first round fills the disk's cache.
      if (round > 0) times.get(name)!.push(ms);
    }
    if (round > 0) progress.round('imports', round, rounds);
  }
  const [, onTop] = CONTESTANTS as [unknown, { name: string; packages: readonly string[] }];
  const { loaded } = await runProgram<ImportCost>('import', ['--list', ...onTop.packages]);
  const own = loaded.filter((url) => url.includes('/dist/'));
  const others = loaded.filter((url) => !url.includes('/dist/'));
  return {
    figures: [
      ...[...times].map(([name, ms]) => figure(IMPORT, name, 'ms', spreadOf(ms))),
      figure(LOADED, 'of nestjs-jwt-rs256 itself', 'count', exactly(own.length)),
      figure(LOADED, 'of others', 'count', exactly(others.length)),
    ],
    targets: [
      atMost(
        'importing the package on top of Nest, passport and passport-jwt',
        20,
        spreadOf(times.get(onTop.name)!),
        'ms',
      ),
    ],
    notes: [
      `On top of those three it loads, besides its own files: ${others.length === 0 ? 'nothing' : others.map(shorten).join(', ')}.`,
    ],
  };
};

function shorten(url: string): string {
  return url.replace(/^.*\/node_modules\//, '');
}
