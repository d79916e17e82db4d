import { generateKeyPair as generate } from 'node:crypto';
import { promisify } from 'node:util';
import { OptionError } from '../errors/developer-errors.js';
import { thumbprint } from './key-id.js';

/** The sizes that a new key may have. 2048 is enough until about 2030 (NIST SP 800-57); larger ones sign much slower. */
export type KeySize = 2048 | 3072 | 4096;

/** A new key pair as PEM text: PKCS #8 and SPKI, as openssl writes them. */
export interface GeneratedKeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
  /** The RFC 7638 thumbprint. */
  readonly kid: string;
}

/**
 * Makes an RSA key pair, off the event loop.
 *
 * @param bits - 2048 (default), 3072 or 4096.
 * @throws OptionError `ERR_OPTION_INVALID` for another size.
 * @example
 * ```ts
 * import { generateKeyPair } from 'nestjs-jwt-rs256';
 *
 * const { privateKey, publicKey, kid } = await generateKeyPair(3072);
 * ```
 */
export async function generateKeyPair(bits: KeySize = 2048): Promise<GeneratedKeyPair> {
  if (![2048, 3072, 4096].includes(bits)) {
    throw new OptionError('ERR_OPTION_INVALID', 'bits must be 2048, 3072 or 4096.');
  }
  const pair = await promisify(generate)('rsa', { modulusLength: bits, publicExponent: 65_537 });
  return {
    privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    publicKey: pair.publicKey.export({ type: 'spki', format: 'pem' }) as string,
    kid: thumbprint(pair.publicKey),
  };
}
