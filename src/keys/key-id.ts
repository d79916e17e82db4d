import { createHash, type KeyObject } from 'node:crypto';

/**
 * The RFC 7638 thumbprint of an RSA public key: base64url of the SHA-256 of its required members in
 * lexicographic order. It is the kid of every key that does not bring its own.
 */
export function thumbprint(publicKey: KeyObject): string {
  const { e, n } = publicKey.export({ format: 'jwk' });
  return createHash('sha256')
    .update(JSON.stringify({ e, kty: 'RSA', n }))
    .digest('base64url');
}
