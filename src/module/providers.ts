import { Logger, type Provider } from '@nestjs/common';
import { JwtRs256ExceptionFilter } from '../auth/jwt-rs256-exception.filter.js';
import { JwtRs256Guard } from '../auth/jwt-rs256.guard.js';
import { JwtRs256Strategy } from '../auth/jwt-rs256.strategy.js';
import { OptionError } from '../errors/developer-errors.js';
import { loadKeyPair, type KeyPair } from '../keys/key-pair.js';
import { FixedVerificationKeys } from '../keys/verification-keys.js';
import { TokenIssuer } from '../tokens/token-issuer.js';
import { TokenVerifier } from '../tokens/token-verifier.js';
import { WitnessedVerifier } from '../tokens/witnessed-verifier.js';
import { bootLine } from './boot-line.js';
import { MODULE_OPTIONS_TOKEN } from './jwt-rs256.module-definition.js';
import { resolveOptions, type ResolvedOptions } from './resolve-options.js';
import { TokenService } from './token.service.js';

const RESOLVED_OPTIONS = Symbol('JwtRs256ResolvedOptions');
const KEY_PAIR = Symbol('JwtRs256KeyPair');

/** The only place that makes core objects. Each provider says what it is made from. */
export const PROVIDERS: readonly Provider[] = [
  { provide: RESOLVED_OPTIONS, useFactory: resolveOptions, inject: [MODULE_OPTIONS_TOKEN] },
  { provide: KEY_PAIR, useFactory: loadKeys, inject: [RESOLVED_OPTIONS] },
  { provide: TokenVerifier, useFactory: makeVerifier, inject: [RESOLVED_OPTIONS, KEY_PAIR] },
  { provide: JwtRs256Strategy, useFactory: makeStrategy, inject: [TokenVerifier, RESOLVED_OPTIONS] },
  {
    provide: TokenService,
    useFactory: makeTokenService,
    inject: [TokenVerifier, RESOLVED_OPTIONS, KEY_PAIR],
  },
  JwtRs256Guard,
  JwtRs256ExceptionFilter,
];

/** What feature modules may inject. */
export const EXPORTS = [TokenService, TokenVerifier, JwtRs256Strategy, JwtRs256Guard];

async function loadKeys(options: ResolvedOptions): Promise<KeyPair> {
  const logger = new Logger('JwtRs256');
  const keys = await loadKeyPair(options.keys, options.clock.now());
  for (const warning of [...options.warnings, ...keys.warnings]) logger.warn(warning);
  logger.log(bootLine(options.verifying.issuer, keys));
  return keys;
}

function makeVerifier(options: ResolvedOptions, keys: KeyPair): Pick<TokenVerifier, 'verify'> {
  const own = new TokenVerifier(
    new FixedVerificationKeys([keys.verificationKey]),
    options.clock,
    options.verifying,
  );
  return options.wrapVerifier ? new WitnessedVerifier(own, options.wrapVerifier) : own;
}

function makeStrategy(verifier: TokenVerifier, options: ResolvedOptions): JwtRs256Strategy {
  return new JwtRs256Strategy(verifier, options.strategy);
}

function makeTokenService(verifier: TokenVerifier, options: ResolvedOptions, keys: KeyPair): TokenService {
  return new TokenService(verifier, makeIssuer(options, keys), options.verifying.maxTokenLength);
}

function makeIssuer(
  { issuing, clock, wrapIssuer }: ResolvedOptions,
  { signer }: KeyPair,
): Pick<TokenIssuer, 'issue'> | undefined {
  if (!signer) return undefined;
  const own = new TokenIssuer(signer, clock, issuing);
  const issuer = wrapIssuer ? wrapIssuer(own) : own;
  if (typeof issuer?.issue === 'function') return issuer;
  throw new OptionError('ERR_OPTION_INVALID', 'wrapIssuer must return an object with a method issue().');
}
