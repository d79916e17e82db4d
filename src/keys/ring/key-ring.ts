import type { Listener } from '../../events/event-source.js';
import type { PublishedKeys } from '../published-keys.js';
import type { Signer } from '../signer.js';
import { SigningKeys } from '../signing-keys.js';
import type { VerificationKey } from '../verification-key.js';
import type { VerificationKeys } from '../verification-keys.js';
import type { KeyRingEvent } from './key-ring-events.js';
import type { KeyState } from './key-life.js';

/** One key of a ring, as an operator sees it. Times are Unix seconds. */
export interface RingKey {
  readonly kid: string;
  readonly state: KeyState;
  /** The name of its file without the ending, where it comes from one. */
  readonly name: string;
  /** Length of the modulus. */
  readonly bits: number;
  /** Whether its private half is here. */
  readonly canSign: boolean;
  /** `-Infinity`: since ever. */
  readonly signsFrom: number;
  /** `Infinity`: no successor is known yet. */
  readonly signsUntil: number;
  /** After that no token that it signed can be valid any more. `Infinity`: no end is known yet. */
  readonly verifiesUntil: number;
}

/**
 * The keys of this service: who signs now, and who verifies. With the option `keyDirectory` they rotate; without it
 * there is one, which stays. Inject it to rotate, to revoke or to watch.
 *
 * @example
 * ```ts
 * import { Inject, Injectable } from '@nestjs/common';
 * import { KeyRing } from 'nestjs-jwt-rs256';
 *
 * @Injectable()
 * export class KeyOperations {
 *   constructor(@Inject(KeyRing) private readonly ring: KeyRing) {}
 *
 *   async rotate() {
 *     const next = await this.ring.rotate();
 *     return `${next.kid} signs from ${new Date(next.signsFrom * 1000).toISOString()}`;
 *   }
 * }
 * ```
 */
export abstract class KeyRing extends SigningKeys {
  /**
   * Who signs now.
   *
   * @throws VerifyOnlyError where there is no private key.
   * @throws KeysUnavailableError where every private key is revoked or still to come.
   */
  abstract override readonly active: Signer;
  /** What verifies now, and is published: keys that are upcoming, active or retiring, and not revoked. */
  abstract readonly verificationKeys: readonly VerificationKey[];
  /** The same for whoever must not reach a private key. */
  abstract readonly publicKeys: VerificationKeys & PublishedKeys;
  /** All keys, the newest at the head, retired ones too; revoked ones not. */
  abstract readonly keys: readonly RingKey[];

  /**
   * Makes the next key and publishes it. It signs as soon as everybody can have it. Where one is on its way already,
   * that one is returned and none is made.
   *
   * @throws KeyError `ERR_KEY_DIRECTORY` without `keyDirectory`, or where the folder cannot be written.
   */
  abstract rotate(): Promise<RingKey>;

  /**
   * Takes a key out of use at once, for good: its tokens are refused here and wherever the folder is seen, within a
   * second, and elsewhere when the JWK Set is asked for again. Where it signs, another one is made and signs at once.
   *
   * @throws KeyError `ERR_KEY_DIRECTORY` as for `rotate`; `ERR_KEY_UNKNOWN` for a kid that is not in the ring.
   */
  abstract revokeKey(kid: string): Promise<void>;

  /** Looks at the folder now. It is looked at every second anyway. */
  abstract reload(): Promise<void>;

  /** Calls `listener` for every change. @returns ends the subscription. */
  abstract subscribe(listener: Listener<KeyRingEvent>): () => void;
}
