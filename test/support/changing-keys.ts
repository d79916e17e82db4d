import { createPublicKey } from 'node:crypto';
import { VerificationKey } from '../../src/keys/verification-key.js';
import { VerificationKeys } from '../../src/keys/verification-keys.js';
import { keyPairOf } from './keys.js';

/** The verification key of an owner's pair. Its kid is the thumbprint. */
export function verificationKeyOf(owner: string): VerificationKey {
  return new VerificationKey(createPublicKey(keyPairOf(owner).publicKey));
}

/** Verification keys that a test changes, and that count how often they were asked for. */
export class ChangingKeys extends VerificationKeys {
  override version: unknown = 0;
  /** Each verification that did not come from a cache asks once. */
  asked = 0;
  /** Whether `find` answers at once or with a promise. */
  isAsync = false;
  /** Runs while an asynchronous `find` is under way. */
  meanwhile: () => void = () => undefined;

  #keys = new Map<string, VerificationKey>();

  constructor(...owners: string[]) {
    super();
    this.change(owners, this.version);
  }

  /** From now on the keys of these owners verify, and no others. */
  change(owners: readonly string[], version: unknown): void {
    this.#keys = new Map(owners.map((owner) => [verificationKeyOf(owner).kid, verificationKeyOf(owner)]));
    this.version = version;
  }

  override find(kid: string | undefined): VerificationKey | undefined | Promise<VerificationKey | undefined> {
    this.asked++;
    return this.isAsync ? this.#findLater(kid) : this.#keys.get(kid ?? '');
  }

  async #findLater(kid: string | undefined): Promise<VerificationKey | undefined> {
    await Promise.resolve();
    this.meanwhile();
    return this.#keys.get(kid ?? '');
  }
}
