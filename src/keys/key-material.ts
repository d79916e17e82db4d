import { createPrivateKey, KeyObject, type JsonWebKey } from 'node:crypto';
import { KeyError } from '../errors/developer-errors.js';
import { readKeyFile, whereIs } from './key-file.js';
import type { KeyInput, KeySlot } from './key-input.js';
import { decodeText, isCutDer, isCutPem, repairText, startsDer } from './pem-text.js';

/** Key input, told apart by form and freed of what env loaders did to it; not yet parsed. `where` names it in messages. */
export type KeyMaterial = { readonly where: string; readonly readableByOthers: boolean } & (
  | { readonly form: 'pem'; readonly text: string }
  | { readonly form: 'der'; readonly bytes: Buffer }
  | { readonly form: 'jwk'; readonly jwk: JsonWebKey }
  | { readonly form: 'keyObject'; readonly key: KeyObject }
);

/** In characters. A longer text is no path, for a system or for a reader. */
const LONGEST_PATH = 1024;

/**
 * Tells which form a key input has.
 *
 * @throws KeyError `ERR_KEY_MISSING`, `ERR_KEY_FILE_*`, `ERR_KEY_IS_PATH`, `ERR_KEY_OPENSSH`, `ERR_KEY_TRUNCATED`,
 * `ERR_KEY_FORMAT`
 */
export function readMaterial(input: KeyInput, slot: KeySlot): KeyMaterial {
  if (isMissing(input)) throw missing(slot, input);
  if (typeof input === 'string') return fromText(input, `${slot} (text)`, false);
  if (Buffer.isBuffer(input)) return fromBytes(input, `${slot} (Buffer)`, false);
  if (input instanceof KeyObject) {
    return { form: 'keyObject', key: input, where: `${slot} (KeyObject)`, readableByOthers: false };
  }
  if (typeof input === 'object' && 'file' in input && typeof input.file === 'string') {
    if (isKeyText(input.file)) throw textAsFile(slot);
    const file = readKeyFile(input.file, slot);
    return fromBytes(file.bytes, whereIs(file.path, slot), file.readableByOthers);
  }
  if (typeof input === 'object' && 'kty' in input) {
    return { form: 'jwk', jwk: { ...input } as JsonWebKey, where: `${slot} (JWK)`, readableByOthers: false };
  }
  throw new KeyError(
    'ERR_KEY_FORMAT',
    `${slot} is neither PEM text, a Buffer, a KeyObject, a JWK nor { file: 'path' }. Give it as one of these.`,
  );
}

function isMissing(input: unknown): boolean {
  if (input === undefined || input === null) return true;
  if (typeof input === 'string') return input.trim() === '';
  if (Buffer.isBuffer(input)) return input.length === 0;
  if (typeof input !== 'object' || !('file' in input)) return false;
  return input.file === undefined || input.file === null || input.file === '';
}

function missing(slot: KeySlot, input: unknown): KeyError {
  const isFile = typeof input === 'object' && input !== null && !Buffer.isBuffer(input);
  return new KeyError(
    'ERR_KEY_MISSING',
    `${slot}${isFile ? '.file' : ''} is ${typeof input === 'string' || Buffer.isBuffer(input) ? 'empty' : 'there but has no value'}. ` +
      'Is the environment variable set, or was it read before ConfigModule had loaded it? (Use forRootAsync and ' +
      'inject ConfigService.) To leave the key out on purpose, leave the option itself out.',
  );
}

/** A file's name is repeated in messages and a key never is, so a key that was put where a file's name belongs is caught here. */
function isKeyText(file: string): boolean {
  const text = repairText(file);
  if (typeof text !== 'string' || text.includes('-----BEGIN')) return true;
  return file.length > LONGEST_PATH || /^\{|[\r\n]/.test(file.trim());
}

function textAsFile(slot: KeySlot): KeyError {
  return new KeyError(
    'ERR_KEY_FORMAT',
    `${slot}.file is the text of a key, not the path of a file. Give the text itself: ${slot}: '...', without { file }.`,
  );
}

/** The same for the bytes of a file that was read already. */
export function fromBytes(bytes: Buffer, where: string, readableByOthers: boolean): KeyMaterial {
  if (startsDer(bytes)) return fromDer(bytes, where, readableByOthers);
  return fromText(decodeText(bytes), where, readableByOthers);
}

function fromDer(bytes: Buffer, where: string, readableByOthers: boolean): KeyMaterial {
  if (isCutDer(bytes)) throw truncated(`${where} is DER that ends too early`);
  return { form: 'der', bytes, where, readableByOthers };
}

function fromText(raw: string, where: string, readableByOthers: boolean): KeyMaterial {
  const text = repairText(raw);
  if (typeof text !== 'string') return fromDer(text, where, readableByOthers);
  refuseOtherText(text, raw.trim(), where);
  return { form: 'pem', text, where, readableByOthers };
}

/** Names the things that people paste where PEM belongs. The text itself never goes into a message. */
function refuseOtherText(text: string, written: string, where: string): void {
  if (
    /^(ssh-|ecdsa-sha2-)\S+ /.test(text) ||
    text.includes('BEGIN OPENSSH PRIVATE KEY') ||
    text.includes('BEGIN SSH2 ')
  ) {
    throw new KeyError(
      'ERR_KEY_OPENSSH',
      `${where} is in OpenSSH's own format. Convert a private key with 'ssh-keygen -p -m PEM -f FILE' (it rewrites the ` +
        "file), a public key with 'ssh-keygen -e -m PKCS8 -f FILE'.",
    );
  }
  if (text.includes('-----BEGIN')) {
    if (isCutPem(text)) throw truncated(`${where} begins as PEM and has no END line for it`);
    return;
  }
  // As it was written: in C:\new\rs256.pem, what the repair takes for a line break belongs to the path.
  if (looksLikePath(written)) {
    throw new KeyError(
      'ERR_KEY_IS_PATH',
      `${where} looks like the path of a file, not like a key. Say { file: '...' } to read the key from a file.`,
    );
  }
  if (text.startsWith('{')) {
    throw new KeyError(
      'ERR_KEY_FORMAT',
      `${where} is JSON text. Give the JWK as an object: JSON.parse(text).`,
    );
  }
  throw new KeyError(
    'ERR_KEY_FORMAT',
    `${where} is not PEM: it has no line -----BEGIN ...-----. RS256 has no shared secret; it needs an RSA key pair. ` +
      "Make one with 'npx jwt-rs256 keygen'.",
  );
}

function looksLikePath(text: string): boolean {
  if (text.length > LONGEST_PATH || /[\n\0{}]|-----/.test(text)) return false;
  return (
    /^["'`]?(~|\.{1,2}|[a-z]:)?[\\/]/i.test(text) || /\.(pem|pub|key|crt|cer|der|p8|txt)["'`]?$/i.test(text)
  );
}

function truncated(what: string): KeyError {
  return new KeyError(
    'ERR_KEY_TRUNCATED',
    `${what}: it is truncated. A .env value needs quotes around several lines, and some secret stores cut long values. ` +
      'Put the whole key there, or use { file }.',
  );
}

/** Whether the bytes are an encrypted PKCS #8 key. Without a passphrase, node:crypto does not try to open it. */
export function isEncryptedDer(bytes: Buffer): boolean {
  try {
    createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ERR_MISSING_PASSPHRASE';
  }
  return false;
}
