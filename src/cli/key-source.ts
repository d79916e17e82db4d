import { JwtRs256Error } from '../errors/jwt-rs256-error.js';
import { KeyError } from '../errors/developer-errors.js';
import type { DirectorySnapshot } from '../keys/ring/directory-snapshot.js';
import type { RotationPolicy } from '../keys/ring/rotation-policy.js';
import type { VerificationKey } from '../keys/verification-key.js';
import { DIRECTORY_FLAGS, openDirectory, readPassphrase } from './directory-flags.js';
import { textOf, wrongUsage, type FlagValues } from './flags.js';
import { snapshotOf } from './key-folder.js';
import { keyOfFile } from './key-of-file.js';
import { fetchSet, type RemoteSource } from './remote-set.js';

export const SOURCE_FLAGS = [...DIRECTORY_FLAGS, 'key', 'jwks-uri', 'issuer', 'allow-insecure-http'] as const;

type Flags = FlagValues<(typeof SOURCE_FLAGS)[number]>;

/** The keys that a token is verified with, and where they come from. */
export interface KeySource {
  readonly where: string;
  /** Whether others answer for them. */
  readonly isRemote: boolean;
  readonly keys: readonly VerificationKey[];
  /** Set where the keys are those of a folder. */
  readonly snapshot?: DirectorySnapshot;
}

/** Why there are no keys to verify with. */
export interface NoKeySource {
  readonly where: string;
  readonly isRemote: boolean;
  readonly keys: undefined;
  /** Undefined where none were named, and there is no folder of them. */
  readonly cause: JwtRs256Error | undefined;
}

/** When a folder is read, and by which times its keys live. */
export interface Moment {
  readonly policy: RotationPolicy;
  /** Unix seconds. */
  readonly now: number;
}

/** Finds the keys that the flags name: a file, an address, a folder, an issuer, or the usual folder. It tells, and does not throw. */
export async function findKeys(
  command: string,
  flags: Flags,
  moment: Moment,
): Promise<KeySource | NoKeySource> {
  const named = [flags.key, flags['jwks-uri'], flags.directory].filter((flag) => flag !== undefined);
  if (named.length > 1) throw wrongUsage(command, 'Name the keys once: --key, --jwks-uri or --directory.');
  const { where, isRemote, read } = sourceOf(command, flags, moment);
  try {
    return { where, isRemote, ...(await read()) };
  } catch (cause) {
    if (!(cause instanceof JwtRs256Error)) throw cause;
    const isUnnamed = named.length === 0 && cause instanceof KeyError && cause.code === 'ERR_KEY_DIRECTORY';
    return { where, isRemote, keys: undefined, cause: isUnnamed ? undefined : cause };
  }
}

interface Reading {
  readonly where: string;
  readonly isRemote: boolean;
  readonly read: () => Promise<Pick<KeySource, 'keys' | 'snapshot'>>;
}

function sourceOf(command: string, flags: Flags, moment: Moment): Reading {
  const file = textOf(command, flags, 'key');
  const jwksUri = textOf(command, flags, 'jwks-uri');
  const issuer = textOf(command, flags, 'issuer');
  if (file !== undefined)
    return {
      where: `the file ${file}`,
      isRemote: false,
      read: async () => ({ keys: [keyOfFile(file, await readPassphrase(command, flags))] }),
    };
  if (jwksUri !== undefined) return remote({ jwksUri }, `the JWK Set ${jwksUri}`, flags);
  // An issuer need not be an address.
  if (flags.directory === undefined && issuer !== undefined && /^https?:/i.test(issuer))
    return remote({ issuer }, `the issuer ${issuer}`, flags);
  return {
    where: `the folder ${flags.directory ?? 'keys'}`,
    isRemote: false,
    read: () => folder(command, flags, moment),
  };
}

function remote(source: RemoteSource, where: string, flags: Flags): Reading {
  const allowInsecureHttp = flags['allow-insecure-http'] === true;
  return {
    where,
    isRemote: true,
    read: async () => ({ keys: (await fetchSet(source, allowInsecureHttp)).reading.keys }),
  };
}

async function folder(
  command: string,
  flags: Flags,
  { policy, now }: Moment,
): Promise<Pick<KeySource, 'keys' | 'snapshot'>> {
  const directory = await openDirectory(command, flags);
  const snapshot = await snapshotOf(directory, policy, now);
  const { verifying } = snapshot.state;
  if (verifying.length > 0) return { keys: verifying, snapshot };
  const [unread] = snapshot.faulty;
  throw unread?.fault ?? new KeyError('ERR_KEY_DIRECTORY', `${directory.path} has no key that verifies.`);
}
