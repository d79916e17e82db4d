import { Logger, type Provider } from '@nestjs/common';
import { JwtRs256ExceptionFilter } from '../auth/jwt-rs256-exception.filter.js';
import { JwtRs256Guard } from '../auth/jwt-rs256.guard.js';
import { JwtRs256Strategy } from '../auth/jwt-rs256.strategy.js';
import { OptionError } from '../errors/developer-errors.js';
import { loadKeyPair, type KeyPair } from '../keys/key-pair.js';
import { FixedVerificationKeys } from '../keys/verification-keys.js';
import { NoAccessTokenIssuer } from '../sessions/access-token-issuer.js';
import { EndedSessions } from '../sessions/ended-sessions.js';
import { SessionEvents } from '../sessions/session-events.js';
import { Sessions } from '../sessions/sessions.js';
import { UnrevokedVerifier } from '../sessions/unrevoked-verifier.js';
import { Freshness } from '../tokens/freshness.js';
import { TokenIssuer } from '../tokens/token-issuer.js';
import { TokenVerifier, type RequestVerifier } from '../tokens/token-verifier.js';
import { WitnessedVerifier } from '../tokens/witnessed-verifier.js';
import { bootLine } from './boot-line.js';
import { MODULE_OPTIONS_TOKEN } from './jwt-rs256.module-definition.js';
import { resolveOptions, type ResolvedOptions } from './resolve-options.js';
import { SessionService } from '../sessions/session.service.js';
import { TokenService } from './token.service.js';

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
  { provide: TokenVerifier, useFactory: makeVerifier, inject: [RESOLVED_OPTIONS, KEY_PAIR, SESSIONS] },
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

async function loadKeys(options: ResolvedOptions): Promise<KeyPair> {
  const logger = new Logger('JwtRs256');
  const keys = await loadKeyPair(options.keys, options.clock.now());
  for (const warning of [...options.warnings, ...keys.warnings]) logger.warn(warning);
  logger.log(bootLine(options.verifying.issuer, keys));
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

function makeVerifier(options: ResolvedOptions, keys: KeyPair, { ended }: SessionParts): RequestVerifier {
  const verificationKeys = new FixedVerificationKeys([keys.verificationKey]);
  const own = new TokenVerifier(verificationKeys, options.clock, options.verifying);
  const wrapped = options.wrapVerifier ? new WitnessedVerifier(own, options.wrapVerifier) : own;
  return ended ? new UnrevokedVerifier(wrapped, ended) : wrapped;
}

function makeStrategy(verifier: TokenVerifier, options: ResolvedOptions): JwtRs256Strategy {
  const freshness = new Freshness(options.clock, options.verifying.clockTolerance);
  return new JwtRs256Strategy(verifier, options.strategy, freshness);
}

function makeIssuer({ issuing, clock }: ResolvedOptions, { signer }: KeyPair): TokenIssuer | null {
  return signer ? new TokenIssuer({ active: signer }, clock, issuing) : null;
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
