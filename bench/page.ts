/**
 * Puts the numbers of build/bench.json (or of the file named on the command line) into docs/explanation/performance.md,
 * and draws its pictures.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { replaceSection } from './page/markdown.js';
import { picturesOf, sectionsOf } from './page/sections.js';
import { readResults } from './run/result-file.js';

const folder = join(import.meta.dirname, '../../docs/explanation');
const file = join(folder, 'performance.md');
const pictures = join(folder, 'performance');

const results = readResults(process.argv[2]);
let page = readFileSync(file, 'utf8');
for (const [name, text] of Object.entries(sectionsOf(results))) page = replaceSection(page, name, text);
writeFileSync(file, await format(page, { ...(await resolveConfig(file)), parser: 'markdown' }));

mkdirSync(pictures, { recursive: true });
for (const [name, picture] of Object.entries(picturesOf(results)))
  writeFileSync(join(pictures, name), picture);
console.log(`${file} and its pictures are up to date`);
