import { randomBytes } from 'node:crypto';
import { KeyError } from '../errors/developer-errors.js';
import { KeysUnavailableError } from '../errors/unavailable-errors.js';
import type { KeyPair } from './key-pair.js';
import { readPublicKey } from './read-public-key.js';
import { Signer } from './signer.js';
import { VerificationKey } from './verification-key.js';

/**
 * Takes a signer of the application's into use: a KMS, an HSM, a Vault. It has to prove that it signs with the key whose
 * public half it shows.
 *
 * @param now - Unix seconds.
 * @throws KeyError for what is no signer, for a weak key, and `ERR_KEY_SELF_TEST` where the proof fails.
 */
export async function adoptSigner(signer: Signer, now: number): Promise<KeyPair> {
  if (typeof signer?.sign !== 'function' || typeof signer.kid !== 'string' || signer.kid === '') {
    throw new KeyError(
      'ERR_KEY_FORMAT',
      'signer must have a kid (text), a publicKey (KeyObject) and a method sign(bytes).',
    );
  }
  const { warnings } = readPublicKey(signer.publicKey, now);
  const verificationKey = new VerificationKey(signer.publicKey, signer.kid);
  const adopted = new AdoptedSigner(signer, verificationKey);
  await adopted.sign(randomBytes(32)).catch((cause: unknown) => {
    if (cause instanceof KeyError) throw cause;
    throw new KeyError(
      'ERR_KEY_SELF_TEST',
      'signer did not sign a sample at boot. Can its service be reached, and may we use the key?',
      { cause },
    );
  });
  return { signer: adopted, verificationKey, warnings };
}

/**
 * A foreign signer whose every signature is verified: an alias that somebody points at another key would otherwise make
 * tokens that all services refuse. Next to a call over the network that costs nothing.
 */
class AdoptedSigner extends Signer {
  override readonly kid: string;
  override readonly publicKey: Signer['publicKey'];
  readonly #signer: Signer;
  readonly #verificationKey: VerificationKey;

  constructor(signer: Signer, verificationKey: VerificationKey) {
    super();
    this.kid = signer.kid;
    this.publicKey = signer.publicKey;
    this.#signer = signer;
    this.#verificationKey = verificationKey;
  }

  override async sign(bytes: Uint8Array): Promise<Buffer> {
    const signature = await this.#ask(bytes);
    if (signature instanceof Uint8Array && this.#verificationKey.verify(bytes, signature))
      return Buffer.from(signature);
    throw new KeyError(
      'ERR_KEY_SELF_TEST',
      'signer.sign() resolved something that signer.publicKey does not verify. It must be the RSASSA-PKCS1-v1_5 signature with ' +
        'SHA-256 (RS256) over the bytes themselves, not over their hash, and of the key that signer.publicKey belongs to.',
    );
  }

  async #ask(bytes: Uint8Array): Promise<unknown> {
    try {
      return await this.#signer.sign(bytes);
    } catch (cause) {
      throw new KeysUnavailableError('Tokens cannot be signed at the moment', { cause });
    }
  }
}
