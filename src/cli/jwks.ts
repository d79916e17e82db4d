import { JwkSet } from '../keys/jwk-set.js';
import { PublicKeySet } from '../keys/public-key-set.js';
import { readPublicKey } from '../keys/read-public-key.js';
import type { VerificationKey } from '../keys/verification-key.js';
import { SystemClock } from '../time/clock.js';
import { DIRECTORY_FLAGS, DIRECTORY_HELP, openDirectory } from './directory-flags.js';
import { KeyError } from '../errors/developer-errors.js';
import { readCommandLine, textOf, wrongUsage } from './flags.js';
import { snapshotOf, warnOfFaults } from './key-folder.js';
import { POLICY_FLAGS, POLICY_HELP, readPolicy } from './policy-flags.js';
import { printable, printableJson } from './printable.js';
import type { Terminal } from './terminal.js';

const HELP = `Prints the JWK Set (RFC 7517) of a folder of keys: those that will sign, the one that signs, and those whose tokens may
still be valid. Only public members.

Usage: jwt-rs256 jwks [options]

Options:
${DIRECTORY_HELP}
  -k, --key <path>              of one public key file instead
      --json                    on one line
  -h, --help                    this text

${POLICY_HELP}

Exit codes:
  0  the set was printed, and it is whole
  1  it was not: there is no key, or one cannot be read
  2  wrong usage`;

const SYNTAX = { command: 'jwks', flags: [...DIRECTORY_FLAGS, ...POLICY_FLAGS, 'key'] } as const;

export async function jwks(args: string[], { out, err }: Terminal): Promise<void> {
  const { flags } = readCommandLine(args, SYNTAX);
  if (flags.help === true) return void out.write(`${HELP}\n`);
  const file = textOf('jwks', flags, 'key');
  if (file !== undefined && flags.directory !== undefined)
    throw wrongUsage('jwks', '--key and --directory do not go together.');
  const keys = file === undefined ? await keysOfFolder(flags, err) : keyOfFile(file, err);
  const { text } = new JwkSet(new PublicKeySet(keys));
  out.write(`${flags.json === true ? text : printableJson(JSON.parse(text), 2)}\n`);
}

type Flags = ReturnType<typeof readCommandLine<(typeof SYNTAX.flags)[number]>>['flags'];

/** Whoever redirects this into a file publishes it, so one that is not whole is not printed. */
async function keysOfFolder(flags: Flags, err: Terminal['err']): Promise<readonly VerificationKey[]> {
  const directory = await openDirectory('jwks', flags);
  const snapshot = await snapshotOf(directory, readPolicy('jwks', flags), new SystemClock().now());
  const unread = snapshot.faulty.find(({ key }) => key === undefined);
  if (unread) throw unread.fault!;
  warnOfFaults(snapshot, err);
  const { verifying } = snapshot.state;
  if (verifying.length > 0) return verifying;
  throw new KeyError('ERR_KEY_DIRECTORY', `${directory.path} has no key to publish.`);
}

function keyOfFile(file: string, err: Terminal['err']): readonly VerificationKey[] {
  const { key, warnings } = readPublicKey({ file }, new SystemClock().now());
  for (const warning of warnings) err.write(`${printable(warning)}\n`);
  return [key];
}
