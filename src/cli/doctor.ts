import { KeyError } from '../errors/developer-errors.js';
import type { DirectorySnapshot } from '../keys/ring/directory-snapshot.js';
import { SystemClock } from '../time/clock.js';
import { formatInstant } from '../time/time-text.js';
import { diagnoseFolder, type Examination } from './diagnose-folder.js';
import { diagnoseGit } from './diagnose-git.js';
import { diagnoseRemote } from './diagnose-remote.js';
import { DIRECTORY_FLAGS, DIRECTORY_HELP, openDirectory } from './directory-flags.js';
import { error, type Finding } from './finding.js';
import { readCommandLine, textOf, type FlagValues } from './flags.js';
import { snapshotOf } from './key-folder.js';
import { POLICY_FLAGS, POLICY_HELP, readPolicy } from './policy-flags.js';
import { printable, printableJson } from './printable.js';
import type { RemoteSource } from './remote-set.js';
import { table, type Terminal } from './terminal.js';

const HELP = `Says what is wrong with a folder of keys, and how to fix it: files, modes, pairs, sizes, states, lead times, and whether
git would take the private keys. With an address it asks there too: can the JWK Set be had, does it have the keys of the
folder, and is the clock of this machine right?

Usage: jwt-rs256 doctor [options]

Options:
${DIRECTORY_HELP}
      --issuer <url>            ask for the JWK Set that the metadata of this issuer name
      --jwks-uri <url>          ask for this JWK Set
      --allow-insecure-http     http to other hosts than this one
      --json                    print the result as JSON
  -h, --help                    this text

${POLICY_HELP}

Exit codes:
  0  nothing is wrong; there may be warnings
  1  something is
  2  wrong usage`;

const SYNTAX = {
  command: 'doctor',
  flags: [...DIRECTORY_FLAGS, ...POLICY_FLAGS, 'issuer', 'jwks-uri', 'allow-insecure-http'],
} as const;

/** Looks at everything, and changes nothing. */
export async function doctor(args: string[], { out }: Terminal): Promise<number> {
  const { flags } = readCommandLine(args, SYNTAX);
  if (flags.help === true) {
    out.write(`${HELP}\n`);
    return 0;
  }
  const policy = readPolicy('doctor', flags);
  const directory = await openDirectory('doctor', flags);
  const sources = sourcesOf(flags);
  const now = new SystemClock().now();
  const findings: Finding[] = [];
  let folder: Examination | undefined;
  try {
    const snapshot = await snapshotOf(directory, policy, now);
    folder = { directory, snapshot, policy, now };
    findings.push(...(await diagnoseFolder(folder)), ...(await diagnoseGit(directory.path, snapshot)));
  } catch (cause) {
    if (!(cause instanceof KeyError)) throw cause;
    const fix = `npx jwt-rs256 keygen --directory ${directory.path}, or the right --directory.`;
    findings.push(error(directory.path, `${cause.code}: ${cause.message}`, fix));
  }
  const { clockTolerance } = policy;
  const allowInsecureHttp = flags['allow-insecure-http'] === true;
  for (const source of sources)
    findings.push(...(await diagnoseRemote({ source, allowInsecureHttp, clockTolerance, folder })));
  const isWell = !findings.some(({ level }) => level === 'error');
  const keys = folder ? describeKeys(folder.snapshot) : [];
  if (flags.json === true)
    out.write(`${printableJson({ ok: isWell, directory: directory.path, keys, findings })}\n`);
  else out.write(`${show(keys)}${findings.map(showFinding).join('')}`);
  return isWell ? 0 : 1;
}

function sourcesOf(flags: FlagValues<'issuer' | 'jwks-uri'>): readonly RemoteSource[] {
  const issuer = textOf('doctor', flags, 'issuer');
  const jwksUri = textOf('doctor', flags, 'jwks-uri');
  return [...(issuer === undefined ? [] : [{ issuer }]), ...(jwksUri === undefined ? [] : [{ jwksUri }])];
}

/** A key of the folder, for the table and for programs. */
interface DescribedKey {
  readonly name: string;
  readonly state: string;
  readonly kid: string | null;
  readonly bits: number | null;
  readonly canSign: boolean;
  /** Null: since ever, or not known. */
  readonly signsFrom: string | null;
  /** Null: no end is known yet. */
  readonly verifiesUntil: string | null;
}

function describeKeys(snapshot: DirectorySnapshot): readonly DescribedKey[] {
  const newestFirst = snapshot.held.toSorted((a, b) => (a.signsFrom > b.signsFrom ? -1 : 1));
  return newestFirst.map((held) => {
    const life = snapshot.state.keys.find(({ name }) => name === held.name);
    const verificationKey = held.key?.verificationKey;
    return {
      name: held.name,
      state: life?.state ?? (verificationKey ? 'revoked' : 'unreadable'),
      kid: verificationKey?.kid ?? null,
      bits: verificationKey?.bits ?? null,
      canSign: held.canSign,
      signsFrom: instantOf(held.signsFrom),
      verifiesUntil: instantOf(life?.verifiesUntil),
    };
  });
}

function instantOf(seconds: number | undefined): string | null {
  return seconds !== undefined && Number.isFinite(seconds) ? formatInstant(seconds) : null;
}

function show(keys: readonly DescribedKey[]): string {
  if (keys.length === 0) return '';
  const rows = keys.map(({ name, state, kid, bits, canSign, ...times }) => [
    name,
    state,
    kid ?? '-',
    bits === null ? '-' : `${bits} bits`,
    canSign ? 'private' : 'public alone',
    whatIsNext(state, times),
  ]);
  return `${table(rows)}\n`;
}

function whatIsNext(
  state: string,
  { signsFrom, verifiesUntil }: Pick<DescribedKey, 'signsFrom' | 'verifiesUntil'>,
): string {
  if (state === 'upcoming') return `signs from ${signsFrom}`;
  return verifiesUntil === null ? '' : `verifies until ${verifiesUntil}`;
}

function showFinding({ level, about, message, fix }: Finding): string {
  const line = `${level.padEnd(7)}  ${printable(about)} ${printable(message)}\n`;
  return fix === undefined ? line : `${line}         fix: ${printable(fix)}\n`;
}
