import { KeyError, VerifyOnlyError } from '../../errors/developer-errors.js';
import type { KeyPair } from '../key-pair.js';
import { PublicKeySet } from '../public-key-set.js';
import type { Signer } from '../signer.js';
import type { VerificationKey } from '../verification-key.js';
import { KeyRing, type RingKey } from './key-ring.js';

/** A ring of one key that stays, or of none in a service that only verifies what others issue. */
export class FixedKeyRing extends KeyRing {
  override readonly publicKeys: PublicKeySet;
  readonly #pair: KeyPair | undefined;

  constructor(pair: KeyPair | undefined) {
    super();
    this.#pair = pair;
    this.publicKeys = new PublicKeySet(pair ? [pair.verificationKey] : []);
  }

  override get active(): Signer {
    if (!this.#pair?.signer) throw new VerifyOnlyError();
    return this.#pair.signer;
  }

  override get verificationKeys(): readonly VerificationKey[] {
    return this.publicKeys.published;
  }

  override get keys(): readonly RingKey[] {
    return this.verificationKeys.map(({ kid, bits }) => ({
      kid,
      bits,
      state: 'active',
      name: '',
      canSign: this.#pair?.signer !== undefined,
      signsFrom: Number.NEGATIVE_INFINITY,
      signsUntil: Number.POSITIVE_INFINITY,
      verifiesUntil: Number.POSITIVE_INFINITY,
    }));
  }

  override async rotate(): Promise<never> {
    throw fixed('rotate');
  }

  override async revokeKey(): Promise<never> {
    throw fixed('revokeKey');
  }

  /** There is nothing to look at. */
  override async reload(): Promise<void> {}

  override subscribe(): () => void {
    return () => undefined;
  }
}

function fixed(method: string): KeyError {
  return new KeyError(
    'ERR_KEY_DIRECTORY',
    `KeyRing.${method}() needs keys that live in a folder. Give JwtRs256Module.forRoot() the option keyDirectory: 'keys' in ` +
      'the place of privateKey and publicKey.',
  );
}
