import { Logger, type Provider } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { JwtRs256ExceptionFilter } from '../auth/jwt-rs256-exception.filter.js';
import { JwtRs256Guard } from '../auth/jwt-rs256.guard.js';
import { JwtRs256Strategy } from '../auth/jwt-rs256.strategy.js';
import { OptionError } from '../errors/developer-errors.js';
import { adoptSigner } from '../keys/adopted-signer.js';
import { DirectoryKeyRing } from '../keys/directory-key-ring.js';
import { FixedKeyRing } from '../keys/fixed-key-ring.js';
import { KeyDirectory } from '../keys/key-directory.js';
import { loadKeyPair } from '../keys/key-pair.js';
import { KeyRing } from '../keys/key-ring.js';
import { PublishedDocument } from '../http/published-document.js';
import { Publisher } from '../http/publisher.service.js';
import { JwkSet } from '../keys/jwk-set.js';
import { PublishedKeys } from '../keys/published-keys.js';
import { EndedSessions } from '../sessions/ended-sessions.js';
import { SessionEvents } from '../sessions/session-events.js';
import { Sessions } from '../sessions/sessions.js';
import { UnrevokedVerifier } from '../sessions/unrevoked-verifier.js';
import { TokenIssuer } from '../tokens/token-issuer.js';
import { TokenVerifier, type RequestVerifier } from '../tokens/token-verifier.js';
import { WitnessedVerifier } from '../tokens/witnessed-verifier.js';
import { bootLine } from './boot-line.js';
import { loggedKeyRingEvents } from './key-ring-log.js';
import { KeyRingLifetime } from './key-ring.service.js';
import { MODULE_EXTRAS_TOKEN, MODULE_OPTIONS_TOKEN } from './jwt-rs256.module-definition.js';
import type { JwtRs256ModuleExtras } from './options.js';
import { resolveOptions, type ResolvedOptions } from './resolve-options.js';
import { resolvePublishing, type ResolvedPublishing } from './resolve-publishing.js';
import { SessionService } from '../sessions/session.service.js';
import { TokenService } from './token.service.js';

const RESOLVED_OPTIONS = Symbol('JwtRs256ResolvedOptions');
const TOKEN_ISSUER = Symbol('JwtRs256TokenIssuer');
const SESSIONS = Symbol('JwtRs256Sessions');
const PUBLISHING = Symbol('JwtRs256Publishing');

/** The only place that makes core objects. Each provider says what it is made from. */
export const PROVIDERS: readonly Provider[] = [
  { provide: RESOLVED_OPTIONS, useFactory: resolveOptions, inject: [MODULE_OPTIONS_TOKEN] },
  { provide: KeyRing, useFactory: makeKeyRing, inject: [RESOLVED_OPTIONS] },
  { provide: KeyRingLifetime, useFactory: makeKeyRingLifetime, inject: [KeyRing] },
  { provide: TOKEN_ISSUER, useFactory: makeIssuer, inject: [RESOLVED_OPTIONS, KeyRing] },
  { provide: SESSIONS, useFactory: makeSessions, inject: [RESOLVED_OPTIONS, TOKEN_ISSUER] },
  { provide: SessionService, useFactory: makeSessionService, inject: [SESSIONS] },
  { provide: TokenVerifier, useFactory: makeVerifier, inject: [RESOLVED_OPTIONS, KeyRing, SESSIONS] },
  { provide: PUBLISHING, useFactory: readPublishing, inject: [MODULE_EXTRAS_TOKEN, RESOLVED_OPTIONS] },
  { provide: PublishedKeys, useFactory: publishedKeys, inject: [KeyRing] },
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

/** What feature modules may inject. */
export const EXPORTS = [
  TokenService,
  SessionService,
  KeyRing,
  TokenVerifier,
  JwtRs256Strategy,
  JwtRs256Guard,
];

async function makeKeyRing(options: ResolvedOptions): Promise<KeyRing> {
  const logger = new Logger('JwtRs256');
  for (const warning of options.warnings) logger.warn(warning);
  const ring = await loadKeyRing(options, logger);
  logger.log(bootLine(options.verifying.issuer, ring));
  return ring;
}

async function loadKeyRing({ keys, clock }: ResolvedOptions, logger: Logger): Promise<KeyRing> {
  if (keys.from === 'directory') {
    const directory = new KeyDirectory(keys.path, keys.passphrase);
    const events = loggedKeyRingEvents();
    const ring = new DirectoryKeyRing({ directory, policy: keys.policy, clock, events });
    await ring.load();
    return ring;
  }
  const now = clock.now();
  const pair =
    keys.from === 'signer' ? await adoptSigner(keys.signer, now) : await loadKeyPair(keys.pair, now);
  for (const warning of pair.warnings) logger.warn(warning);
  return new FixedKeyRing(pair);
}

function makeKeyRingLifetime(ring: KeyRing): KeyRingLifetime {
  return new KeyRingLifetime(ring instanceof DirectoryKeyRing ? ring : undefined);
}

/** What sessions are run with. Without the option `sessions` there is nothing but the events, of which there are none. */
interface SessionParts {
  readonly events: SessionEvents;
  readonly sessions?: Sessions;
  readonly ended?: EndedSessions;
}

function makeSessions({ sessions: options, clock }: ResolvedOptions, issuer: TokenIssuer): SessionParts {
  const logger = new Logger('JwtRs256');
  const events = new SessionEvents((error) =>
    logger.error('A listener of session events failed', error instanceof Error ? error.stack : undefined),
  );
  if (!options) return { events };
  const { store, policy } = options;
  const ended =
    policy.revocation === 'session' ? new EndedSessions({ store, policy, clock, events }) : undefined;
  const sessions = new Sessions({
    store,
    policy,
    clock,
    events,
    ended,
    issuer,
  });
  return { events, sessions, ...(ended ? { ended } : {}) };
}

function makeSessionService({ sessions, events }: SessionParts): SessionService {
  return new SessionService(sessions, events);
}

function makeVerifier(
  options: ResolvedOptions,
  { publicKeys }: KeyRing,
  { ended }: SessionParts,
): RequestVerifier {
  const own = new TokenVerifier(publicKeys, options.clock, options.verifying);
  const wrapped = options.wrapVerifier ? new WitnessedVerifier(own, options.wrapVerifier) : own;
  return ended ? new UnrevokedVerifier(wrapped, ended) : wrapped;
}

function readPublishing(extras: JwtRs256ModuleExtras, { verifying }: ResolvedOptions): ResolvedPublishing {
  return resolvePublishing(extras, verifying.issuer);
}

function publishedKeys({ publicKeys }: KeyRing): PublishedKeys {
  return publicKeys;
}

function makePublisher(
  { jwksPath, metadata }: ResolvedPublishing,
  keys: PublishedKeys,
  { jwksCache: caching }: ResolvedOptions,
  adapterHost: HttpAdapterHost,
): Publisher {
  const documents = new Map<string, PublishedDocument>();
  for (const [path, text] of metadata)
    documents.set(path, new PublishedDocument({ text }, { mediaType: 'application/json', caching }));
  if (jwksPath !== undefined) {
    const mediaType = 'application/jwk-set+json';
    documents.set(jwksPath, new PublishedDocument(new JwkSet(keys), { mediaType, caching }));
  }
  return new Publisher(documents, adapterHost);
}

function makeStrategy(
  verifier: TokenVerifier,
  options: ResolvedOptions,
  { resourceMetadata }: ResolvedPublishing,
): JwtRs256Strategy {
  return new JwtRs256Strategy(verifier, { ...options.strategy, resourceMetadata });
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
