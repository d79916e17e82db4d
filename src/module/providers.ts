import { Logger, type Provider } from '@nestjs/common';
import { JwtRs256ExceptionFilter } from '../auth/jwt-rs256-exception.filter.js';
import { JwtRs256Guard } from '../auth/jwt-rs256.guard.js';
import { JwtRs256Strategy } from '../auth/jwt-rs256.strategy.js';
import { OptionError } from '../errors/developer-errors.js';
import { loadKeyPair, type KeyPair } from '../keys/key-pair.js';
import { NoAccessTokenIssuer } from '../sessions/access-token-issuer.js';
import { EndedSessions } from '../sessions/ended-sessions.js';
import { SessionEvents } from '../sessions/session-events.js';
import { Sessions } from '../sessions/sessions.js';
import { TokenIssuer } from '../tokens/token-issuer.js';
import { TokenVerifier } from '../tokens/token-verifier.js';
import { bootLine } from './boot-line.js';
import { MODULE_OPTIONS_TOKEN } from './jwt-rs256.module-definition.js';
import { KeySourcesService } from './key-sources.service.js';
import { resolveOptions, type ResolvedOptions } from './resolve-options.js';
import { SessionService } from '../sessions/session.service.js';
import { TokenService } from './token.service.js';
import { makeKeySources, makeVerifier } from './verifier-providers.js';

const RESOLVED_OPTIONS = Symbol('JwtRs256ResolvedOptions');
const KEY_PAIR = Symbol('JwtRs256KeyPair');
const TOKEN_ISSUER = Symbol('JwtRs256TokenIssuer');
const SESSIONS = Symbol('JwtRs256Sessions');

/** The only place that makes core objects. Each provider says what it is made from. */
export const PROVIDERS: readonly Provider[] = [
  { provide: RESOLVED_OPTIONS, useFactory: resolveOptions, inject: [MODULE_OPTIONS_TOKEN] },
  { provide: KEY_PAIR, useFactory: loadKeys, inject: [RESOLVED_OPTIONS] },
  { provide: TOKEN_ISSUER, useFactory: makeIssuer, inject: [RESOLVED_OPTIONS, KEY_PAIR] },
  { provide: SESSIONS, useFactory: makeSessions, inject: [RESOLVED_OPTIONS, TOKEN_ISSUER] },
  { provide: SessionService, useFactory: makeSessionService, inject: [SESSIONS] },
  { provide: KeySourcesService, useFactory: makeKeySources, inject: [RESOLVED_OPTIONS] },
  {
    provide: TokenVerifier,
    useFactory: (
      options: ResolvedOptions,
      keys: KeyPair | null,
      sources: KeySourcesService,
      { ended }: SessionParts,
    ) => makeVerifier(options, keys, sources, ended),
    inject: [RESOLVED_OPTIONS, KEY_PAIR, KeySourcesService, SESSIONS],
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
export const EXPORTS = [TokenService, SessionService, TokenVerifier, JwtRs256Strategy, JwtRs256Guard];

/** null in a service that has no key of its own. */
async function loadKeys(options: ResolvedOptions): Promise<KeyPair | null> {
  const logger = new Logger('JwtRs256');
  const keys = options.keys ? await loadKeyPair(options.keys, options.clock.now()) : null;
  for (const warning of [...options.warnings, ...(keys?.warnings ?? [])]) logger.warn(warning);
  logger.log(bootLine(options, keys));
  return keys;
}

/** What sessions are run with. Without the option `sessions` there is nothing but the events, of which there are none. */
interface SessionParts {
  readonly events: SessionEvents;
  readonly sessions?: Sessions;
  readonly ended?: EndedSessions;
}

function makeSessions(
  { sessions: options, clock }: ResolvedOptions,
  issuer: TokenIssuer | null,
): SessionParts {
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
    issuer: issuer ?? new NoAccessTokenIssuer(),
  });
  return { events, sessions, ...(ended ? { ended } : {}) };
}

function makeSessionService({ sessions, events }: SessionParts): SessionService {
  return new SessionService(sessions, events);
}

function makeStrategy(verifier: TokenVerifier, options: ResolvedOptions): JwtRs256Strategy {
  return new JwtRs256Strategy(verifier, options.strategy);
}

function makeIssuer({ issuing, clock }: ResolvedOptions, keys: KeyPair | null): TokenIssuer | null {
  return keys?.signer ? new TokenIssuer({ active: keys.signer }, clock, issuing) : null;
}

function makeTokenService(
  verifier: TokenVerifier,
  { wrapIssuer, verifying }: ResolvedOptions,
  own: TokenIssuer | null,
): TokenService {
  if (!own) return new TokenService(verifier, undefined, verifying.maxTokenLength);
  const issuer = wrapIssuer ? wrapIssuer(own) : own;
  if (typeof issuer?.issue === 'function')
    return new TokenService(verifier, issuer, verifying.maxTokenLength);
  throw new OptionError('ERR_OPTION_INVALID', 'wrapIssuer must return an object with a method issue().');
}
