import { OptionError } from '../errors/developer-errors.js';
import type { KeyPairOptions } from '../keys/key-pair.js';
import { assertRotationPolicy, type RotationPolicy } from '../keys/ring/rotation-policy.js';
import { Signer } from '../keys/signer.js';
import { toSeconds } from '../time/duration.js';
import { requireText } from '../tokens/option-text.js';
import type { JwtRs256ModuleOptions } from './options.js';

/** Where the keys of this service come from. */
export type ResolvedKeys =
  | { readonly from: 'pair'; readonly pair: KeyPairOptions }
  | { readonly from: 'signer'; readonly signer: Signer }
  | {
      readonly from: 'directory';
      readonly path: string;
      readonly passphrase: string | undefined;
      readonly policy: RotationPolicy;
    };

/** What of the other options decides how long keys live. Seconds. */
export type KeyTimes = Omit<RotationPolicy, 'every'>;

const SOURCES = ['privateKey', 'publicKey', 'signer', 'keyDirectory'] as const;

/**
 * Reads the options that say where the keys are.
 *
 * @throws OptionError naming the option and the fix.
 */
export function resolveKeys(options: JwtRs256ModuleOptions, times: KeyTimes): ResolvedKeys {
  const { passphrase } = options;
  if (passphrase !== undefined && typeof passphrase !== 'string') throw invalid('passphrase must be a text.');
  if ('keyDirectory' in options) return resolveDirectory(options, passphrase, times);
  if (options.rotation !== undefined)
    throw invalid('rotation needs keyDirectory: a key that is given by itself cannot be rotated from here.');
  if ('signer' in options) return resolveSigner(options);
  // Present but undefined goes on as it is: an unset variable must not turn an issuer into a verifier.
  const { privateKey, publicKey } = options;
  const pair = {
    ...('privateKey' in options ? { privateKey } : {}),
    ...('publicKey' in options ? { publicKey } : {}),
    passphrase,
  };
  return { from: 'pair', pair };
}

function resolveSigner(options: JwtRs256ModuleOptions): ResolvedKeys {
  assertAlone(options, 'signer', 'The public key is that of the signer.');
  const { signer } = options;
  if (typeof signer === 'object' && signer !== null) return { from: 'signer', signer };
  throw invalid(
    'signer must be an object with kid, publicKey and sign(bytes). To do without it, leave the option out.',
  );
}

function resolveDirectory(
  options: JwtRs256ModuleOptions,
  passphrase: string | undefined,
  times: KeyTimes,
): ResolvedKeys {
  assertAlone(options, 'keyDirectory', 'The keys in the folder are all there are.');
  const policy = { ...times, every: resolveEvery(options.rotation) };
  assertRotationPolicy(policy);
  return { from: 'directory', path: requireText(options.keyDirectory, 'keyDirectory'), passphrase, policy };
}

function resolveEvery(rotation: unknown): number | undefined {
  if (rotation === undefined) return undefined;
  if (typeof rotation !== 'object' || rotation === null || Object.keys(rotation).join() !== 'every')
    throw invalid("rotation must be { every: '30d' }, with another duration where you like.");
  return toSeconds((rotation as { every: unknown }).every, 'rotation.every');
}

function assertAlone(options: JwtRs256ModuleOptions, own: (typeof SOURCES)[number], why: string): void {
  const other = SOURCES.find((source) => source !== own && source in options);
  if (other === undefined) return;
  throw invalid(`${own} and ${other} exclude each other. ${why} Leave one of them out.`);
}

function invalid(sentence: string): OptionError {
  return new OptionError('ERR_OPTION_INVALID', sentence);
}
