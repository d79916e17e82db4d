import { relative } from 'node:path';
import { generateKeyPair, type KeySize } from '../keys/generate-key-pair.js';
import { assertWritable, keyPairFiles, writeKeyPair } from '../keys/key-pair-files.js';
import { readCommandLine, textOf, wrongUsage } from './flags.js';
import { showProgress, type Terminal } from './terminal.js';

const HELP = `Makes an RSA key pair: rs256.pem (private, mode 0600) and rs256.pub (public).

Usage: jwt-rs256 keygen [options]

Options:
  -d, --directory <path>  where to write          (default: keys)
  -b, --bits <size>       2048, 3072 or 4096      (default: 2048)
  -f, --force             replace files that are there; tokens that the old key signed become invalid
      --json              print the result as JSON
  -h, --help              this text

Exit codes:
  0  the pair was written
  1  it was not: a file is there already, or the folder cannot be written
  2  wrong usage`;

interface KeygenOptions {
  readonly directory: string;
  readonly bits: KeySize;
  readonly force: boolean;
  readonly json: boolean;
}

/** Makes a key pair and writes it. The private key goes into its file and nowhere else. */
export async function keygen(args: string[], { out, err }: Terminal): Promise<void> {
  const options = readOptions(args);
  if (!options) return void out.write(`${HELP}\n`);
  const { directory, bits, force, json } = options;
  await assertWritable(keyPairFiles(directory), force);
  const pair = await showProgress(err, `Making an RSA key of ${bits} bits`, generateKeyPair(bits));
  const files = await writeKeyPair(directory, pair, { force });
  if (json) return void out.write(`${JSON.stringify({ kid: pair.kid, bits, ...files })}\n`);
  out.write(`private key  ${shown(files.privateKeyFile)}  (mode 0600; keep it out of git)\n`);
  out.write(`public key   ${shown(files.publicKeyFile)}\n`);
  out.write(`kid          ${pair.kid}\n`);
}

const SYNTAX = { command: 'keygen', flags: ['directory', 'bits', 'force'] } as const;

/** @returns undefined when help was asked for. */
function readOptions(args: string[]): KeygenOptions | undefined {
  const { flags } = readCommandLine(args, SYNTAX);
  if (flags.help === true) return undefined;
  const bits = Number(flags.bits ?? 2048);
  if (bits !== 2048 && bits !== 3072 && bits !== 4096)
    throw wrongUsage('keygen', '--bits must be 2048, 3072 or 4096.');
  return {
    directory: textOf('keygen', flags, 'directory') ?? 'keys',
    bits,
    force: flags.force === true,
    json: flags.json === true,
  };
}

function shown(file: string): string {
  return relative('.', file) || file;
}
