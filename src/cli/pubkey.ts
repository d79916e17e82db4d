import { createPublicKey } from 'node:crypto';
import { KeyError } from '../errors/developer-errors.js';
import type { VerificationKey } from '../keys/verification-key.js';
import { replace, writeNew } from '../keys/whole-file.js';
import { SystemClock } from '../time/clock.js';
import { DIRECTORY_FLAGS, DIRECTORY_HELP, openDirectory, readPassphrase } from './directory-flags.js';
import { readCommandLine, textOf, wrongUsage } from './flags.js';
import { keyOfFile } from './key-of-file.js';
import { snapshotOf } from './key-folder.js';
import { POLICY_FLAGS, readPolicy } from './policy-flags.js';
import { printableJson } from './printable.js';
import type { Terminal } from './terminal.js';

const HELP = `Prints the public key of the key that signs, of another key of the folder, or of a private key file, as PEM (SPKI).

Usage: jwt-rs256 pubkey [<kid>] [options]

Options:
${DIRECTORY_HELP}
  -k, --key <path>              of a key file instead, private or public
      --jwk                     as a JWK
  -o, --out <path>              into a file, which must not be there yet
  -f, --force                   it may be there
      --json                    print kid, bits and key as JSON
  -h, --help                    this text

Exit codes:
  0  the key was printed, or written
  1  it was not: there is no such key, or it cannot be read or written
  2  wrong usage`;

const SYNTAX = {
  command: 'pubkey',
  flags: [...DIRECTORY_FLAGS, ...POLICY_FLAGS, 'key', 'jwk', 'out', 'force'],
  operands: 1,
} as const;

type Flags = ReturnType<typeof readCommandLine<(typeof SYNTAX.flags)[number]>>['flags'];

export async function pubkey(args: string[], { out, err }: Terminal): Promise<void> {
  const { flags, operands } = readCommandLine(args, SYNTAX);
  if (flags.help === true) return void out.write(`${HELP}\n`);
  const [kid] = operands;
  const file = textOf('pubkey', flags, 'key');
  if (file !== undefined && (kid !== undefined || flags.directory !== undefined))
    throw wrongUsage('pubkey', '--key goes with neither a kid nor --directory.');
  const key =
    file === undefined
      ? await keyOfFolder(flags, kid)
      : keyOfFile(file, await readPassphrase('pubkey', flags));
  const jwk = key.toJwk();
  const publicKey = createPublicKey({ key: { ...jwk }, format: 'jwk' }).export({
    type: 'spki',
    format: 'pem',
  });
  const text = flags.jwk === true ? `${printableJson(jwk, 2)}\n` : (publicKey as string);
  const target = textOf('pubkey', flags, 'out');
  if (target !== undefined) await write(target, text, flags.force === true);
  const { bits } = key;
  const shape = flags.jwk === true ? { jwk } : { publicKey };
  if (flags.json === true)
    return void out.write(
      `${printableJson({ kid: key.kid, bits, ...shape, ...(target === undefined ? {} : { file: target }) })}\n`,
    );
  if (target === undefined) out.write(text);
  else err.write(`The public key ${key.kid} is in ${target}.\n`);
}

async function keyOfFolder(flags: Flags, kid: string | undefined): Promise<VerificationKey> {
  const directory = await openDirectory('pubkey', flags);
  const snapshot = await snapshotOf(directory, readPolicy('pubkey', flags), new SystemClock().now());
  const { active } = snapshot.state;
  if (kid === undefined && active) return active.key.verificationKey;
  const isAsked = (key: VerificationKey): boolean =>
    kid === undefined ? !snapshot.hasPrivateFile : key.kid === kid;
  const found = snapshot.held.filter(({ key }) => key && isAsked(key.verificationKey));
  // Of a folder that only verifies, the one key that there is.
  if (found.length === 1 || (found.length > 0 && kid !== undefined)) return found[0]!.key!.verificationKey;
  const unread = snapshot.faulty.find(({ key }) => key === undefined || kid === undefined);
  if (unread) throw unread.fault!;
  throw new KeyError(
    'ERR_KEY_UNKNOWN',
    kid === undefined
      ? `${directory.path} has no key that signs, so say which one: its kid.`
      : `No key in ${directory.path} has this kid. 'npx jwt-rs256 doctor' lists those that there are.`,
  );
}

async function write(path: string, text: string, force: boolean): Promise<void> {
  const file = { path, text, mode: 0o644 };
  if (force) return replace(file);
  if (!(await writeNew(file)))
    throw new KeyError('ERR_KEY_FILE_EXISTS', `${path} is there already. Use --force to replace it.`);
}
