import type { JsonWebKey, KeyObject } from 'node:crypto';

/**
 * A key as users have it: PEM text (the damage that env loaders do is repaired), a Buffer with PEM or DER, a
 * `KeyObject`, a JWK, or the path of a file. PKCS#1, PKCS#8 (encrypted too), SPKI and X.509 certificates are read.
 */
export type KeyInput = string | Buffer | KeyObject | JsonWebKey | { readonly file: string };

/** The option that a key was given to. */
export type KeySlot = 'privateKey' | 'publicKey';
