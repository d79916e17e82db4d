import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyError, KeyErrorCode } from '../errors/developer-errors.js';
import type { DirectorySnapshot } from '../keys/ring/directory-snapshot.js';
import type { HeldKey } from '../keys/ring/held-key.js';
import type { KeyDirectory } from '../keys/ring/key-directory.js';
import { prunableFiles } from '../keys/ring/pruning.js';
import { leadOf, leadSum, retentionOf, type RotationPolicy } from '../keys/ring/rotation-policy.js';
import { formatSpan } from '../time/time-text.js';
import { error, ok, warning, type Finding } from './finding.js';

/** What is looked at, and when. */
export interface Examination {
  readonly directory: KeyDirectory;
  readonly snapshot: DirectorySnapshot;
  readonly policy: RotationPolicy;
  /** Unix seconds. */
  readonly now: number;
}

/** Looks at a folder of keys: its files, their modes, whether the halves of a pair belong together, and their lives. */
export async function diagnoseFolder(examination: Examination): Promise<readonly Finding[]> {
  const { directory, snapshot } = examination;
  const findings = [
    ...(await diagnoseModes(directory, snapshot)),
    ...snapshot.held.flatMap((held) => diagnoseKey(held, examination)),
    ...diagnoseRing(examination),
    ...twice(snapshot),
    ...snapshot.listing.strangers.map((name) =>
      warning(name, 'is not used: no key of a ring has such a name', NAMES),
    ),
    ...(await diagnoseLeftovers(examination)),
  ];
  const isWell = !findings.some(({ level }) => level !== 'ok');
  return isWell
    ? [ok(directory.path, 'files, modes, pairs and sizes are as they should be'), ...findings]
    : findings;
}

const NAMES =
  'Rename it to rs256.pem, or to rs256-<time>.pem with the UTC time from which it signs (rs256-20261122T100000Z.pem), or take it away.';

async function diagnoseModes(
  directory: KeyDirectory,
  snapshot: DirectorySnapshot,
): Promise<readonly Finding[]> {
  if (process.platform === 'win32') return [];
  const findings: Finding[] = [];
  if (((await modeOf(directory.path)) & 0o022) !== 0) {
    const message = 'can be written by others than its owner, who could put their own keys into it';
    findings.push(error(directory.path, message, `chmod go-w ${directory.path}`));
  }
  for (const { name, isPrivate } of snapshot.held) {
    const path = join(directory.path, `${name}.pem`);
    const mode = isPrivate ? await modeOf(path) : 0;
    const fix = `chmod 600 ${path}`;
    if ((mode & 0o007) !== 0)
      findings.push(error(`${name}.pem`, 'is a private key that every user can read', fix));
    else if ((mode & 0o070) !== 0)
      findings.push(warning(`${name}.pem`, 'is a private key that its group can read', fix));
  }
  return findings;
}

/** Of what is gone, or cannot be looked at, something else is said. */
async function modeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ mode }) => mode,
    () => 0,
  );
}

function diagnoseKey(held: HeldKey, { directory, snapshot, policy, now }: Examination): readonly Finding[] {
  const { name, fault, key } = held;
  // Of the mode something was said already.
  const notes = (key?.warnings ?? []).filter((note) => !note.includes('chmod 600'));
  const findings = notes.map((note) =>
    warning(name, note, 'Make the file again: npx jwt-rs256 pubkey --out.'),
  );
  if (fault)
    return [...findings, error(name, `${fault.code}: ${fault.message}`, fixOf(fault, name, directory.path))];
  const life = snapshot.state.keys.find((one) => one.name === name);
  const files = snapshot.listing.keys.find(({ stem }) => stem === name);
  if (life?.state !== 'upcoming' || !files) return findings;
  const lead = held.signsFrom - files.publishedAt;
  if (lead >= leadOf(policy)) return findings;
  const left = formatSpan(held.signsFrom - now);
  const message =
    `signs in ${left}, ${formatSpan(Math.max(0, lead))} after it was put here, as its file says. Others may need ${leadSum(policy)} to learn of ` +
    'it, and refuse its tokens until then';
  return [
    ...findings,
    // A copy has the time of the copying, so this may be wrong.
    warning(
      name,
      message,
      `Unless the file is a copy, rename it to a time that is ${formatSpan(leadOf(policy))} from now, or later.`,
    ),
  ];
}

const FIXES: Partial<Record<KeyErrorCode, string>> = {
  ERR_KEY_ENCRYPTED:
    'Give --passphrase-file or JWT_RS256_PASSPHRASE, and the application its option passphrase.',
  ERR_KEY_PASSPHRASE: 'Give the right one: --passphrase-file or JWT_RS256_PASSPHRASE.',
  ERR_KEY_FILE_UNREADABLE: 'Let the user that runs the application own it (chown), with chmod 600.',
};

function fixOf({ code }: KeyError, name: string, path: string): string {
  if (code === 'ERR_KEY_PAIR') {
    const pem = join(path, `${name}.pem`);
    return `npx jwt-rs256 pubkey --key ${pem} --out ${join(path, `${name}.pub`)} --force, if ${name}.pem is the right one.`;
  }
  return (
    FIXES[code] ??
    'Put the file back as it was. If its key never signed, delete it and run npx jwt-rs256 rotate.'
  );
}

function diagnoseRing({ directory, snapshot }: Examination): readonly Finding[] {
  const { path } = directory;
  const { state, held, hasPrivateFile } = snapshot;
  if (held.length === 0) return [error(path, 'has no key', `npx jwt-rs256 keygen --directory ${path}`)];
  if (state.active) return [];
  if (!hasPrivateFile)
    return [ok(path, 'has public keys alone: it is the folder of a service that verifies')];
  const fix = `npx jwt-rs256 rotate --now --directory ${path}`;
  return [
    error(
      path,
      'has no private key that may sign now',
      snapshot.faulty.length > 0 ? `See the other errors, or ${fix}` : fix,
    ),
  ];
}

/** One key under two names begins where it began already: rotating to it changes nothing. */
function twice({ held }: DirectorySnapshot): readonly Finding[] {
  return held.flatMap(({ name, key }) => {
    const kid = key?.verificationKey.kid;
    const other = held.find((one) => one.name < name && one.key?.verificationKey.kid === kid);
    if (kid === undefined || !other) return [];
    return [
      warning(
        name,
        `is the same key as ${other.name}`,
        'Delete one of them, and make another key: npx jwt-rs256 rotate.',
      ),
    ];
  });
}

async function diagnoseLeftovers({
  directory,
  snapshot,
  policy,
  now,
}: Examination): Promise<readonly Finding[]> {
  const retention = retentionOf(policy);
  const files = prunableFiles(snapshot, await directory.files(), { retention, now });
  if (files.length === 0) return [];
  const names = files.map(({ name }) => name).join(', ');
  return [
    warning(
      directory.path,
      `has files that are not needed any more: ${names}`,
      'npx jwt-rs256 rotate --prune',
    ),
  ];
}
