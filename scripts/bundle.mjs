// Makes dist/ from what the compiler wrote: the declarations as they are, and the code of each way in to the package
// in one file, with what several of them need in chunks. Importing some hundred small files takes an application
// five times as long as importing these (docs/adr/0013).
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const root = join(import.meta.dirname, '..');
const compiled = join(root, 'build/compiled');
const dist = join(root, 'dist');

/** So that the maps lead to the sources, not to the compiler's output. */
const withSourceMap = {
  name: 'with-source-map',
  load: (id) => ({ code: readFileSync(id, 'utf8'), map: JSON.parse(readFileSync(`${id}.map`, 'utf8')) }),
};

rmSync(dist, { recursive: true, force: true });
cpSync(compiled, dist, { recursive: true, filter: (path) => !/[.]js([.]map)?$/.test(path) });

const bundle = await rolldown({
  input: Object.fromEntries(
    ['index', 'redis/index', 'testing/index', 'cli/main'].map((entry) => [
      entry,
      join(compiled, `${entry}.js`),
    ]),
  ),
  external: /^[^./]/,
  platform: 'node',
  plugins: [withSourceMap],
});
await bundle.write({
  dir: dist,
  format: 'esm',
  sourcemap: true,
  chunkFileNames: 'chunks/[name].js',
  // Nest, logs and errors show the names of classes.
  keepNames: true,
});
await bundle.close();
