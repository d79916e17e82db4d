import { EventSource } from '../events/event-source.js';
import { DirectoryKeyRing } from '../keys/ring/directory-key-ring.js';
import type { DirectorySnapshot } from '../keys/ring/directory-snapshot.js';
import { freeStart, type KeyDirectory } from '../keys/ring/key-directory.js';
import type { KeyRingEvent } from '../keys/ring/key-ring-events.js';
import type { RingKey } from '../keys/ring/key-ring.js';
import { refuseToSignAtOnce } from '../keys/ring/rotation-plan.js';
import { leadOf, leadSum, retentionOf, type RotationPolicy } from '../keys/ring/rotation-policy.js';
import { SystemClock } from '../time/clock.js';
import { formatInstant, formatSpan } from '../time/time-text.js';
import { assertIssuing, assertSameEncryption, snapshotOf, warnOfFaults } from './key-folder.js';
import { DIRECTORY_FLAGS, DIRECTORY_HELP, openDirectory } from './directory-flags.js';
import { readCommandLine, wrongUsage } from './flags.js';
import { POLICY_FLAGS, POLICY_HELP, readPolicy } from './policy-flags.js';
import { prune } from './prune.js';
import { showPlan } from './show-plan.js';
import { printableJson } from './printable.js';
import { showProgress, table, type Terminal } from './terminal.js';

const HELP = `Makes the next key of a folder of keys. It is published now, and signs as soon as everybody can have it. Where one
is on its way already, none is made.

Usage: jwt-rs256 rotate [options]

Options:
${DIRECTORY_HELP}
      --plan                    change nothing; say what would happen, when, and what each step waits for
      --now                     make a key that signs at once; refused while another one signs
      --prune                   make no key; delete the files of keys that are retired or revoked, left-overs of
                                interrupted writes, and revocations of which nothing depends any more
  -f, --force                   with --now: although another key signs. Others may refuse tokens for some minutes
      --json                    print the result as JSON
  -h, --help                    this text

${POLICY_HELP}

Exit codes:
  0  done
  1  it was not: a step that is not safe was refused, or the folder cannot be read or written
  2  wrong usage`;

const SYNTAX = {
  command: 'rotate',
  flags: [...DIRECTORY_FLAGS, ...POLICY_FLAGS, 'plan', 'now', 'prune', 'force'],
} as const;

/** What rotating works on. */
interface Rotation {
  readonly directory: KeyDirectory;
  readonly policy: RotationPolicy;
  readonly snapshot: DirectorySnapshot;
  /** Unix seconds. */
  readonly now: number;
}

/** Makes the next key, or says what would happen, or deletes what is over. */
export async function rotate(args: string[], terminal: Terminal): Promise<void> {
  const { flags } = readCommandLine(args, SYNTAX);
  if (flags.help === true) return void terminal.out.write(`${HELP}\n`);
  if (flags.prune === true && flags.now === true)
    throw wrongUsage('rotate', '--prune makes no key: --now does not go with it.');
  const { plan = false, json = false, force = false, now: atOnce = false } = flags;
  const policy = readPolicy('rotate', flags);
  const directory = await openDirectory('rotate', flags);
  const now = new SystemClock().now();
  const snapshot = await snapshotOf(directory, policy, now);
  if (flags.prune === true) return prune({ directory, snapshot, policy, now, plan, json }, terminal);
  if (plan) return showPlan({ snapshot, policy, now, atOnce, json }, terminal);
  await assertSameEncryption(directory, snapshot, terminal.err);
  assertIssuing(snapshot, directory.path, force);
  const rotation = { directory, policy, snapshot, now };
  const making = atOnce ? signingAtOnce(rotation, force) : next(rotation);
  const made = await showProgress(terminal.err, 'Making an RSA key', making);
  warnOfFaults(snapshot, terminal.err);
  show(made, rotation, json, terminal);
}

async function next({ directory, policy }: Rotation): Promise<RingKey> {
  const events = new EventSource<KeyRingEvent>(() => undefined);
  const ring = new DirectoryKeyRing({ directory, policy, clock: new SystemClock(), events });
  await ring.load();
  return ring.rotate();
}

async function signingAtOnce(rotation: Rotation, force: boolean): Promise<RingKey> {
  const { directory, policy, snapshot, now } = rotation;
  const { active, keys } = snapshot.state;
  if (active && !force) refuseToSignAtOnce(policy, active.name);
  const [faulty] = snapshot.faulty.filter(({ isPrivate }) => isPrivate);
  // It may sign all the same, where the application runs as another user.
  if (faulty?.fault && !force) throw faulty.fault;
  const bits = keys.find(({ canSign }) => canSign)?.bits;
  const stem = await directory.make(freeStart(snapshot.listing, now), bits);
  const { state } = await snapshotOf(directory, policy, now);
  const made = state.keys.find(({ name }) => name === stem);
  if (made?.state === 'active') return made;
  throw new Error(
    `${stem} was made and does not sign: another key began in the same second. Run this again.`,
  );
}

function show(made: RingKey, rotation: Rotation, json: boolean, { out, err }: Terminal): void {
  const { policy, snapshot, now } = rotation;
  const isNew = !snapshot.held.some(({ name }) => name === made.name);
  const { kid, bits, name, state, signsFrom } = made;
  const end = signsFrom + retentionOf(policy);
  const { active } = snapshot.state;
  if (json) {
    const times = { signsFrom: formatInstant(signsFrom), oldKeyRetires: active ? formatInstant(end) : null };
    return void out.write(`${printableJson({ made: isNew, kid, name, bits, state, ...times })}\n`);
  }
  const left = signsFrom - now;
  out.write(
    table([
      [
        'key',
        `${name}.pem  (${isNew ? 'mode 0600; keep it out of git' : 'on its way already; none was made'})`,
      ],
      ['kid', kid],
      ['signs from', `${formatInstant(signsFrom)}  (${left > 0 ? `in ${formatSpan(left)}` : 'now'})`],
      ...(active ? [['old key', `${active.name} verifies until ${formatInstant(end)}`]] : []),
    ]),
  );
  if (left <= 0) return;
  err.write(
    `Nothing has to be done until then. Verifiers need up to ${formatSpan(leadOf(policy))} to learn of it: `,
  );
  err.write(
    `${leadSum(policy)}. Verifiers with a copy of the folder, or of a public key, need the new one by then.\n`,
  );
}
