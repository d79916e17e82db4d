import type { Provider } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { JwtRs256ExceptionFilter } from '../auth/jwt-rs256-exception.filter.js';
import { JwtRs256Guard } from '../auth/jwt-rs256.guard.js';
import { JwtRs256Strategy } from '../auth/jwt-rs256.strategy.js';
import { OptionError } from '../errors/developer-errors.js';
import { Publisher } from '../http/publisher.service.js';
import { DirectoryKeyRing } from '../keys/ring/directory-key-ring.js';
import { KeyRing } from '../keys/ring/key-ring.js';
import { PublishedKeys } from '../keys/published-keys.js';
import { SessionService } from '../sessions/session.service.js';
import { Freshness } from '../tokens/freshness.js';
import { OwnIssuer } from '../tokens/own-issuer.js';
import { TokenIssuer } from '../tokens/token-issuer.js';
import { TokenVerifier } from '../tokens/token-verifier.js';
import { BackgroundWork } from './background-work.service.js';
import { MODULE_EXTRAS_TOKEN, MODULE_OPTIONS_TOKEN } from './jwt-rs256.module-definition.js';
import { makeKeyRing, publishedKeysOf } from './key-ring-providers.js';
import { makePublisher, readPublishing } from './publishing-providers.js';
import { resolveOptions, type ResolvedOptions } from './resolve-options.js';
import type { ResolvedPublishing } from './resolve-publishing.js';
import { makeSessions, makeSessionService, ownIssuerOf, type SessionParts } from './session-providers.js';
import { TokenService } from './token.service.js';
import { makeRemoteKeys, makeVerifier, type RemoteKeys } from './verifier-providers.js';

const RESOLVED_OPTIONS = Symbol('JwtRs256ResolvedOptions');
const TOKEN_ISSUER = Symbol('JwtRs256TokenIssuer');
const REMOTE_KEYS = Symbol('JwtRs256RemoteKeys');
const SESSIONS = Symbol('JwtRs256Sessions');
const PUBLISHING = Symbol('JwtRs256Publishing');

/** What there is, and what each is made from. With the files beside it, the only place that makes core objects. */
export const PROVIDERS: readonly Provider[] = [
  { provide: RESOLVED_OPTIONS, useFactory: resolveOptions, inject: [MODULE_OPTIONS_TOKEN] },
  { provide: KeyRing, useFactory: makeKeyRing, inject: [RESOLVED_OPTIONS] },
  { provide: TOKEN_ISSUER, useFactory: makeIssuer, inject: [RESOLVED_OPTIONS, KeyRing] },
  { provide: SESSIONS, useFactory: makeSessions, inject: [RESOLVED_OPTIONS, TOKEN_ISSUER] },
  { provide: SessionService, useFactory: makeSessionService, inject: [SESSIONS] },
  { provide: OwnIssuer, useFactory: ownIssuerOf, inject: [SESSIONS] },
  { provide: REMOTE_KEYS, useFactory: makeRemoteKeys, inject: [RESOLVED_OPTIONS] },
  { provide: BackgroundWork, useFactory: makeBackgroundWork, inject: [KeyRing, REMOTE_KEYS, SESSIONS] },
  {
    provide: TokenVerifier,
    useFactory: makeVerifier,
    inject: [RESOLVED_OPTIONS, KeyRing, REMOTE_KEYS, SESSIONS],
  },
  { provide: PUBLISHING, useFactory: readPublishing, inject: [MODULE_EXTRAS_TOKEN, RESOLVED_OPTIONS] },
  { provide: PublishedKeys, useFactory: publishedKeysOf, inject: [KeyRing] },
  {
    provide: Publisher,
    useFactory: makePublisher,
    inject: [PUBLISHING, PublishedKeys, RESOLVED_OPTIONS, HttpAdapterHost],
  },
  {
    provide: JwtRs256Strategy,
    useFactory: makeStrategy,
    inject: [TokenVerifier, RESOLVED_OPTIONS, PUBLISHING],
  },
  {
    provide: TokenService,
    useFactory: makeTokenService,
    inject: [TokenVerifier, RESOLVED_OPTIONS, TOKEN_ISSUER],
  },
  JwtRs256Guard,
  JwtRs256ExceptionFilter,
];

/** What feature modules may inject; of `OwnIssuer`, our own endpoints alone know. */
export const EXPORTS = [
  TokenService,
  SessionService,
  OwnIssuer,
  KeyRing,
  TokenVerifier,
  JwtRs256Strategy,
  JwtRs256Guard,
];

function makeBackgroundWork(ring: KeyRing, remote: RemoteKeys, { sessions }: SessionParts): BackgroundWork {
  const ringThatChanges = ring instanceof DirectoryKeyRing ? [ring] : [];
  return new BackgroundWork([...ringThatChanges, ...remote.values(), ...(sessions ? [sessions] : [])]);
}

function makeStrategy(
  verifier: TokenVerifier,
  options: ResolvedOptions,
  { resourceMetadata }: ResolvedPublishing,
): JwtRs256Strategy {
  const freshness = new Freshness(options.clock, options.verifying.clockTolerance);
  return new JwtRs256Strategy(verifier, { ...options.strategy, resourceMetadata }, freshness);
}

function makeIssuer({ issuing, clock }: ResolvedOptions, ring: KeyRing): TokenIssuer {
  return new TokenIssuer(ring, clock, issuing);
}

function makeTokenService(
  verifier: TokenVerifier,
  { wrapIssuer, verifying }: ResolvedOptions,
  own: TokenIssuer,
): TokenService {
  const issuer = wrapIssuer ? wrapIssuer(own) : own;
  if (typeof issuer?.issue === 'function')
    return new TokenService(verifier, issuer, verifying.maxTokenLength);
  throw new OptionError('ERR_OPTION_INVALID', 'wrapIssuer must return an object with a method issue().');
}
