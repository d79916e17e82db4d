import { Logger } from '@nestjs/common';
import { KeyError, OptionError } from '../errors/developer-errors.js';
import type { KeyRing } from '../keys/key-ring.js';
import { OnlyVerificationKey } from '../keys/only-verification-key.js';
import { readPublicKey } from '../keys/read-public-key.js';
import { RemoteJwkSet } from '../keys/remote-jwk-set.js';
import type { RemoteKeyEvent } from '../keys/remote-key-event.js';
import { FixedVerificationKeys, type VerificationKeys } from '../keys/verification-keys.js';
import type { EndedSessions } from '../sessions/ended-sessions.js';
import { UnrevokedVerifier } from '../sessions/unrevoked-verifier.js';
import { TokenVerifier, type RequestVerifier } from '../tokens/token-verifier.js';
import { TrustedIssuers } from '../tokens/trusted-issuers.js';
import { WitnessedVerifier } from '../tokens/witnessed-verifier.js';
import { makeEvents } from './event-log.js';
import { KeySourcesService } from './key-sources.service.js';
import type { ResolvedOptions } from './resolve-options.js';
import type { ResolvedRemoteKeys } from './resolve-remote-keys.js';
import type { ResolvedTrustedIssuer } from './resolve-trusted-issuers.js';

/** The JWK Sets that are to be fetched: that of the short form, and those of trusted issuers. */
export function makeKeySources({
  remoteKeys,
  trustedIssuers,
  verifying,
  clock,
}: ResolvedOptions): KeySourcesService {
  const events = makeEvents<RemoteKeyEvent>('remote key events');
  const sets = new Map<string, RemoteJwkSet>();
  const add = (issuer: string, { source, policy }: ResolvedRemoteKeys, place: string): void => {
    const make = (): RemoteJwkSet => new RemoteJwkSet({ issuer, source, policy, clock, events });
    sets.set(issuer, inPlace(place, make));
  };
  if (remoteKeys && verifying.issuer !== undefined) add(verifying.issuer, remoteKeys, '');
  for (const { issuer, keys, place } of trustedIssuers) if (keys.source) add(issuer, keys, place);
  return new KeySourcesService(sets, events);
}

/**
 * The verifier of everything: of one issuer where there is one, which is the usual case, and else of each that is
 * trusted.
 */
export function makeVerifier(
  options: ResolvedOptions,
  ring: KeyRing,
  sources: KeySourcesService,
  { ended }: { readonly ended?: EndedSessions },
): RequestVerifier {
  const verifier = makeIssuers(options, ring, sources);
  const wrapped = options.wrapVerifier ? new WitnessedVerifier(verifier, options.wrapVerifier) : verifier;
  if (!ended) return wrapped;
  const isOnlyOne = options.trustedIssuers.length === 0;
  return new UnrevokedVerifier(wrapped, ended, isOnlyOne ? undefined : options.verifying.issuer);
}

function makeIssuers(
  options: ResolvedOptions,
  ring: KeyRing,
  sources: KeySourcesService,
): TokenVerifier | TrustedIssuers {
  const { trustedIssuers, verifying, clock } = options;
  const own = makeOwn(options, ring, sources);
  if (own && trustedIssuers.length === 0) return own;
  const verifiers = new Map<string, TokenVerifier>();
  if (own && verifying.issuer !== undefined) verifiers.set(verifying.issuer, own);
  for (const trusted of trustedIssuers) {
    const theirs = sources.keysOf(trusted.issuer) ?? readKey(trusted, clock.now());
    verifiers.set(trusted.issuer, new TokenVerifier(theirs, clock, trusted.verifying));
  }
  return new TrustedIssuers(verifiers, verifying.maxTokenLength);
}

/** The verifier of this service's issuer: itself, or in the short form the one that it trusts. */
function makeOwn(
  { keys, verifying, clock }: ResolvedOptions,
  { publicKeys }: KeyRing,
  sources: KeySourcesService,
): TokenVerifier | undefined {
  const own = keys ? publicKeys : sources.keysOf(verifying.issuer ?? '');
  return own && new TokenVerifier(own, clock, verifying);
}

function readKey({ keys, place }: ResolvedTrustedIssuer, now: number): VerificationKeys {
  if (keys.source) throw new OptionError('ERR_OPTION_INVALID', `${place.slice(0, -1)} has no keys.`);
  const { key, hasOwnKid, warnings } = inPlace(place, () => readPublicKey(keys.publicKey, now));
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
