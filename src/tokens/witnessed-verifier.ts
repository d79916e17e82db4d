import { OptionError } from '../errors/developer-errors.js';
import type { AccessTokenClaims } from './claims.js';
import type { TokenVerifier, VerifyOptions } from './token-verifier.js';

type Verifier = Pick<TokenVerifier, 'verify'>;

/** A token that ours verified, and how many of its verifications have not been answered yet. */
interface Witness {
  readonly token: string;
  unanswered: number;
}

/**
 * A verifier of the application's around ours. It may refuse more tokens, never accept more: whatever it resolves must
 * be the very claims that ours verified, for that token and that call. So it can switch neither the signature nor a
 * claim off, and cannot keep the claims of a token until after its end.
 */
export class WitnessedVerifier implements Verifier {
  private readonly witnesses = new WeakMap<object, Witness>();
  private readonly outer: Verifier;

  constructor(own: Verifier, wrap: (verifier: Verifier) => Verifier) {
    this.outer = wrap({
      verify: async <T extends object>(token: string, options?: VerifyOptions) => {
        const claims = await own.verify<T>(token, options);
        // The same token may have the same claims object every time.
        const { unanswered } = this.witnesses.get(claims) ?? { unanswered: 0 };
        this.witnesses.set(claims, { token, unanswered: unanswered + 1 });
        return claims;
      },
    });
    if (typeof this.outer?.verify !== 'function') {
      throw new OptionError(
        'ERR_OPTION_INVALID',
        'wrapVerifier must return an object with a method verify().',
      );
    }
  }

  async verify<T extends object = object>(
    token: string,
    options?: VerifyOptions,
  ): Promise<AccessTokenClaims & T> {
    const claims = await this.outer.verify<T>(token, options);
    if (this.isWitnessed(claims, token)) return claims;
    throw new OptionError(
      'ERR_OPTION_INVALID',
      'The verifier of wrapVerifier returned claims that ours did not verify for this call. Return what the given ' +
        'verifier resolved; use validate to make something else of it.',
    );
  }

  private isWitnessed(claims: unknown, token: string): boolean {
    const witness = typeof claims === 'object' && claims !== null ? this.witnesses.get(claims) : undefined;
    if (witness?.token !== token || witness.unanswered === 0) return false;
    witness.unanswered--;
    return true;
  }
}
