import { KeyError } from '../errors/developer-errors.js';
import { EventSource } from '../events/event-source.js';
import { DirectoryKeyRing } from '../keys/ring/directory-key-ring.js';
import type { DirectorySnapshot } from '../keys/ring/directory-snapshot.js';
import { revokedName } from '../keys/ring/key-listing.js';
import type { KeyRingEvent } from '../keys/ring/key-ring-events.js';
import { SystemClock } from '../time/clock.js';
import { formatSpan } from '../time/time-text.js';
import { DIRECTORY_FLAGS, DIRECTORY_HELP, openDirectory } from './directory-flags.js';
import { readCommandLine, wrongUsage } from './flags.js';
import { assertSameEncryption, snapshotOf, warnOfFaults } from './key-folder.js';
import { POLICY_FLAGS, POLICY_HELP, readPolicy } from './policy-flags.js';
import { printableJson } from './printable.js';
import { showProgress, table, type Terminal } from './terminal.js';

const HELP = `Takes a key out of use at once and for good: every token that it signed becomes invalid. Where it is the key that signs,
another one is made, which signs at once.

Usage: jwt-rs256 revoke <kid> [options]

Options:
${DIRECTORY_HELP}
      --json                    print the result as JSON
  -h, --help                    this text

${POLICY_HELP}

Exit codes:
  0  the key is revoked
  1  it is not: no key has this kid, or the folder cannot be read or written
  2  wrong usage`;

const SYNTAX = { command: 'revoke', flags: [...DIRECTORY_FLAGS, ...POLICY_FLAGS], operands: 1 } as const;

/** Revokes a key, and says what follows. It asks nothing: it is for the middle of the night. */
export async function revoke(args: string[], terminal: Terminal): Promise<void> {
  const { flags, operands } = readCommandLine(args, SYNTAX);
  const { out, err } = terminal;
  if (flags.help === true) return void out.write(`${HELP}\n`);
  const [kid] = operands;
  if (kid === undefined) throw wrongUsage('revoke', 'Say which key: its kid.');
  const policy = readPolicy('revoke', flags);
  const directory = await openDirectory('revoke', flags);
  const clock = new SystemClock();
  const before = await snapshotOf(directory, policy, clock.now());
  if (!before.listing.revoked.has(kid)) {
    await assertSameEncryption(directory, before, err);
    assertReadable(before, kid);
  }
  const ring = new DirectoryKeyRing({
    directory,
    policy,
    clock,
    events: new EventSource<KeyRingEvent>(() => undefined),
  });
  await showProgress(err, 'Revoking', ring.revokeKey(kid));
  warnOfFaults(before, err);
  const { active } = (await snapshotOf(directory, policy, clock.now())).state;
  const signs = active?.key.verificationKey.kid;
  const isSuccessor = active !== undefined && !before.held.some(({ name }) => name === active.name);
  if (flags.json === true)
    return void out.write(
      `${printableJson({ kid, revoked: true, active: signs ?? null, madeSuccessor: isSuccessor })}\n`,
    );
  out.write(
    table([
      ['revoked', `${kid}${before.listing.revoked.has(kid) ? '  (it was already)' : ''}`],
      ['mark', `${revokedName(kid)}  (keep it: it wins over the key file, also at boot)`],
      [
        'signs now',
        signs === undefined ? 'no key' : `${signs}  (${active!.name}${isSuccessor ? ', made just now' : ''})`,
      ],
      ['here', 'its tokens are refused wherever this folder is seen, within a second'],
      [
        'elsewhere',
        `within ${formatSpan(policy.maxAge)}, the max-age of the JWK Set; at worst after maxStale (24 h unless set)`,
      ],
    ]),
  );
  err.write(
    'Verifiers that cannot reach the JWK Set, or have a copy of the public key, go on until somebody tells them.\n',
  );
}

/** Whether it signs has to be known: without a successor, nothing would. @throws KeyError */
function assertReadable(snapshot: DirectorySnapshot, kid: string): void {
  const named = snapshot.held.filter(({ key }) => key?.verificationKey.kid === kid);
  const fault = named.find((held) => held.fault)?.fault;
  if (fault) throw fault;
  const [unread] = snapshot.faulty.filter(({ key }) => key === undefined);
  if (named.length > 0 || !unread) return;
  throw new KeyError(
    'ERR_KEY_UNKNOWN',
    `No key that can be read has this kid, and ${unread.name} cannot be read: ${unread.fault!.message}`,
  );
}
