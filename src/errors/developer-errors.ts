import { JwtRs256Error } from './jwt-rs256-error.js';

/** What can be wrong with an option, of the module or of a call. */
export type OptionErrorCode =
  | 'ERR_OPTION_CLAIM'
  | 'ERR_OPTION_DURATION'
  | 'ERR_OPTION_HEADER'
  | 'ERR_OPTION_INVALID'
  | 'ERR_OPTION_MODULE'
  | 'ERR_OPTION_ROTATION'
  | 'ERR_OPTION_TTL'
  | 'ERR_OPTION_UNKNOWN';

/** What can be wrong with a key. */
export type KeyErrorCode =
  | 'ERR_KEY_DIRECTORY'
  | 'ERR_KEY_ENCRYPTED'
  | 'ERR_KEY_EXPONENT'
  | 'ERR_KEY_FILE_DIRECTORY'
  | 'ERR_KEY_FILE_EMPTY'
  | 'ERR_KEY_FILE_EXISTS'
  | 'ERR_KEY_FILE_MISSING'
  | 'ERR_KEY_FILE_UNREADABLE'
  | 'ERR_KEY_FORMAT'
  | 'ERR_KEY_IS_PATH'
  | 'ERR_KEY_JWK'
  | 'ERR_KEY_JWK_PRIVATE'
  | 'ERR_KEY_JWK_USE'
  | 'ERR_KEY_MISSING'
  | 'ERR_KEY_OPENSSH'
  | 'ERR_KEY_PAIR'
  | 'ERR_KEY_PASSPHRASE'
  | 'ERR_KEY_PRIVATE_IN_PUBLIC_SLOT'
  | 'ERR_KEY_PUBLIC_IN_PRIVATE_SLOT'
  | 'ERR_KEY_ROCA'
  | 'ERR_KEY_SELF_TEST'
  | 'ERR_KEY_TOO_LONG'
  | 'ERR_KEY_TOO_SHORT'
  | 'ERR_KEY_TRUNCATED'
  | 'ERR_KEY_TYPE'
  | 'ERR_KEY_UNKNOWN'
  | 'ERR_KEY_WEAK_FACTOR';

/** The developer has to act: the message says what is wrong, where, and how to fix it. */
export abstract class DeveloperError extends JwtRs256Error {
  override readonly fault = 'developer';
}

/** An option is missing, unknown or out of its range. It stops the boot, or throws at the call. */
export class OptionError extends DeveloperError {
  override readonly code: OptionErrorCode;

  constructor(code: OptionErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A key cannot be used where it was put. The message never holds key material. */
export class KeyError extends DeveloperError {
  override readonly code: KeyErrorCode;

  constructor(code: KeyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** `issue` was called in a service that has no private key. */
export class VerifyOnlyError extends DeveloperError {
  override readonly code = 'ERR_VERIFY_ONLY';

  constructor() {
    super(
      'This service only verifies: it was configured without a privateKey, so it cannot issue tokens. ' +
        'Issue them in the service that has the private key, or give privateKey to JwtRs256Module.forRoot().',
    );
  }
}

/** Two live strategies claim one name in passport's process-wide registry, so the name serves neither. */
export class StrategyNameTakenError extends DeveloperError {
  override readonly code = 'ERR_STRATEGY_NAME_TAKEN';

  constructor(name: string) {
    super(
      `The passport strategy name "${name}" is claimed more than once in this process, so AuthGuard('${name}') cannot ` +
        'know which application it guards and refuses every request. Use @Auth() or @UseGuards(JwtRs256Guard), ' +
        'which get their strategy by injection, or give each module its own strategyName.',
    );
  }
}
