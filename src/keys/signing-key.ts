import { createPublicKey, sign, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { thumbprint } from './key-id.js';
import { Signer } from './signer.js';

const signAsync = promisify(sign);

/**
 * Signatures handed to libuv at a time: enough to keep every thread of its pool busy, and few enough that handing them
 * over, some 15 µs each on the event loop, never holds up anybody. The rest wait here.
 */
const MOST_HANDED_OVER = 64;

/** An RSA private key in its role: it signs with RS256. It signs on libuv's thread pool, never on the event loop. */
export class SigningKey extends Signer {
  override readonly kid: string;
  override readonly publicKey: KeyObject;
  readonly #key: KeyObject;
  readonly #waiting: (() => void)[] = [];
  #handedOver = 0;

  /** @param key - A private RSA key that `assertRsaStrength` accepted. */
  constructor(key: KeyObject, kid?: string) {
    super();
    this.#key = key;
    this.publicKey = createPublicKey(key);
    this.kid = kid ?? thumbprint(this.publicKey);
  }

  override async sign(bytes: Uint8Array): Promise<Buffer> {
    if (this.#handedOver < MOST_HANDED_OVER) this.#handedOver++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await signAsync('sha256', bytes, this.#key);
    } finally {
      this.#passOn();
    }
  }

  /** Gives a place to whoever waits longest. */
  #passOn(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#handedOver--;
  }
}
