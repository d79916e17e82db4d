import { isScheme } from '../auth/bearer-credentials.js';
import { isHeaderText } from '../auth/challenge.js';
import type { JwtRs256StrategyOptions } from '../auth/jwt-rs256.strategy.js';
import { OptionError } from '../errors/developer-errors.js';
import { requireText } from '../tokens/option-text.js';
import type { JwtRs256ModuleOptions } from './options.js';

/**
 * Reads the options of the strategy and gives their defaults.
 *
 * @throws OptionError `ERR_OPTION_INVALID`, naming the option and the fix.
 */
export function resolveStrategy(options: JwtRs256ModuleOptions): JwtRs256StrategyOptions {
  const { scheme = 'Bearer', realm, strategyName = 'jwt-rs256' } = options;
  if (typeof scheme !== 'string' || !isScheme(scheme)) {
    throw invalid("scheme must be one token, such as 'Bearer' or 'JWT' (RFC 9110 §11.1).");
  }
  if (realm !== undefined && !(typeof realm === 'string' && isHeaderText(realm))) {
    throw invalid('realm must be a text of printable ASCII: it goes into a header.');
  }
  return {
    scheme,
    realm,
    jwtFromRequest: requireFunction(options.jwtFromRequest, 'jwtFromRequest'),
    validate: requireFunction(options.validate, 'validate'),
    strategyName: requireText(strategyName, 'strategyName'),
  };
}

/** Reads an option that is a function, or left out. @throws OptionError `ERR_OPTION_INVALID` */
export function requireFunction<T>(value: T, option: string): T {
  if (value === undefined || typeof value === 'function') return value;
  throw invalid(`${option} must be a function.`);
}

function invalid(sentence: string): OptionError {
  return new OptionError('ERR_OPTION_INVALID', sentence);
}
