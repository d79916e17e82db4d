import { Logger } from '@nestjs/common';
import { KeyError, OptionError } from '../errors/developer-errors.js';
import type { KeyInput } from '../keys/key-input.js';
import type { KeyRing } from '../keys/ring/key-ring.js';
import { OnlyVerificationKey } from '../keys/only-verification-key.js';
import { readPublicKey } from '../keys/read-public-key.js';
import { RemoteJwkSet } from '../keys/remote/remote-jwk-set.js';
import { FixedVerificationKeys, type VerificationKeys } from '../keys/verification-keys.js';
import { UnrevokedVerifier } from '../sessions/unrevoked-verifier.js';
import type { RequestVerifier } from '../tokens/request-verifier.js';
import { TokenVerifier } from '../tokens/token-verifier.js';
import { TrustedIssuers } from '../tokens/trusted-issuers.js';
import { WitnessedVerifier } from '../tokens/witnessed-verifier.js';
import { makeEvents } from './event-log.js';
import { logRemoteKeyEvent } from './log-event.js';
import type { ResolvedOptions } from './resolve-options.js';
import type { ResolvedRemoteKeys } from './resolve-remote-keys.js';
import type { SessionParts } from './session-providers.js';

/** The JWK Sets that are to be fetched, by issuer: that of the short form, and those of trusted issuers. */
export type RemoteKeys = ReadonlyMap<string, RemoteJwkSet>;

export function makeRemoteKeys({
  remoteKeys,
  trustedIssuers,
  verifying,
  clock,
}: ResolvedOptions): RemoteKeys {
  const events = makeEvents('remote key events', logRemoteKeyEvent);
  const sets = new Map<string, RemoteJwkSet>();
  const add = (issuer: string, { source, policy }: ResolvedRemoteKeys, place: string): void => {
    const make = (): RemoteJwkSet => new RemoteJwkSet({ issuer, source, policy, clock, events });
    sets.set(issuer, inPlace(place, make));
  };
  if (remoteKeys && verifying.issuer !== undefined) add(verifying.issuer, remoteKeys, '');
  for (const { issuer, keys, place } of trustedIssuers) if (keys.source) add(issuer, keys, place);
  return sets;
}

/**
 * The verifier of everything: of one issuer where there is one, which is the usual case, and else of each that is
 * trusted.
 */
export function makeVerifier(
  options: ResolvedOptions,
  ring: KeyRing,
  remote: RemoteKeys,
  { own, ended }: SessionParts,
): RequestVerifier {
  const verifier = makeIssuers(options, ring, remote);
  const wrapped = options.wrapVerifier ? new WitnessedVerifier(verifier, options.wrapVerifier) : verifier;
  return ended ? new UnrevokedVerifier(wrapped, ended, own) : wrapped;
}

function makeIssuers(
  options: ResolvedOptions,
  ring: KeyRing,
  remote: RemoteKeys,
): TokenVerifier | TrustedIssuers {
  const { trustedIssuers, verifying, clock } = options;
  const own = makeOwn(options, ring, remote);
  if (own && trustedIssuers.length === 0) return own;
  const verifiers = new Map<string, TokenVerifier>();
  if (own && verifying.issuer !== undefined) verifiers.set(verifying.issuer, own);
  for (const { issuer, keys, place, verifying: demands } of trustedIssuers) {
    const theirs = keys.source ? remote.get(issuer)! : readKey(keys.publicKey, place, clock.now());
    verifiers.set(issuer, new TokenVerifier(theirs, clock, demands));
  }
  return new TrustedIssuers(verifiers, verifying.maxTokenLength);
}

/** The verifier of this service's issuer: itself, or in the short form the one that it trusts. */
function makeOwn(
  { keys, verifying, clock }: ResolvedOptions,
  { publicKeys }: KeyRing,
  remote: RemoteKeys,
): TokenVerifier | undefined {
  const own = keys ? publicKeys : remote.get(verifying.issuer ?? '');
  return own && new TokenVerifier(own, clock, verifying);
}

function readKey(publicKey: KeyInput, place: string, now: number): VerificationKeys {
  const { key, hasOwnKid, warnings } = inPlace(place, () => readPublicKey(publicKey, now));
  for (const warning of warnings) new Logger('JwtRs256').warn(`${place}${warning}`);
  return hasOwnKid ? new FixedVerificationKeys([key]) : new OnlyVerificationKey(key);
}

/** Messages about a member of an entry begin with the name of the member; the entry's is put before it. */
function inPlace<T>(place: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    if (cause instanceof KeyError) throw new KeyError(cause.code, `${place}${cause.message}`, { cause });
    if (cause instanceof OptionError)
      throw new OptionError(cause.code, `${place}${cause.message}`, { cause });
    throw cause;
  }
}
