import { Logger, type Provider } from '@nestjs/common';
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
import { EndedSessions } from '../sessions/ended-sessions.js';
import { SessionEvents } from '../sessions/session-events.js';
import { Sessions } from '../sessions/sessions.js';
import { TokenIssuer } from '../tokens/token-issuer.js';
import { TokenVerifier } from '../tokens/token-verifier.js';
import { bootLine } from './boot-line.js';
import { loggedKeyRingEvents } from './key-ring-log.js';
import { KeyRingLifetime } from './key-ring.service.js';
import { MODULE_OPTIONS_TOKEN } from './jwt-rs256.module-definition.js';
import { KeySourcesService } from './key-sources.service.js';
import { resolveOptions, type ResolvedOptions } from './resolve-options.js';
import { SessionService } from '../sessions/session.service.js';
import { TokenService } from './token.service.js';
import { makeKeySources, makeVerifier } from './verifier-providers.js';

const RESOLVED_OPTIONS = Symbol('JwtRs256ResolvedOptions');
const TOKEN_ISSUER = Symbol('JwtRs256TokenIssuer');
const SESSIONS = Symbol('JwtRs256Sessions');

/** The only place that makes core objects. Each provider says what it is made from. */
export const PROVIDERS: readonly Provider[] = [
  { provide: RESOLVED_OPTIONS, useFactory: resolveOptions, inject: [MODULE_OPTIONS_TOKEN] },
  { provide: KeyRing, useFactory: makeKeyRing, inject: [RESOLVED_OPTIONS] },
  { provide: KeyRingLifetime, useFactory: makeKeyRingLifetime, inject: [KeyRing] },
  { provide: TOKEN_ISSUER, useFactory: makeIssuer, inject: [RESOLVED_OPTIONS, KeyRing] },
  { provide: SESSIONS, useFactory: makeSessions, inject: [RESOLVED_OPTIONS, TOKEN_ISSUER] },
  { provide: SessionService, useFactory: makeSessionService, inject: [SESSIONS] },
  { provide: KeySourcesService, useFactory: makeKeySources, inject: [RESOLVED_OPTIONS] },
  {
    provide: TokenVerifier,
    useFactory: makeVerifier,
    inject: [RESOLVED_OPTIONS, KeyRing, KeySourcesService, SESSIONS],
  },
  { provide: JwtRs256Strategy, useFactory: makeStrategy, inject: [TokenVerifier, RESOLVED_OPTIONS] },
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
  logger.log(bootLine(options, ring));
  return ring;
}

async function loadKeyRing({ keys, clock }: ResolvedOptions, logger: Logger): Promise<KeyRing> {
  if (!keys) return new FixedKeyRing(undefined);
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

function makeStrategy(verifier: TokenVerifier, options: ResolvedOptions): JwtRs256Strategy {
  return new JwtRs256Strategy(verifier, options.strategy);
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
