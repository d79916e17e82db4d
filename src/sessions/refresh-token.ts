import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { RefreshTokenInvalidError } from '../errors/session-errors.js';
import { decodeBase64url } from '../tokens/base64url.js';
import { partitionOfSub } from './partition.js';

/** In octets. The session part's first octet only says in which partition the session lies; 31 are its secret. */
const PART = 32;
const SID = 17;
const NONCE = 12;
const TAG = 16;

/** Different labels make different keys of one secret: who knows one knows nothing of the others (RFC 5869 §3.2). */
const LABELS = {
  sid: 'nestjs-jwt-rs256 refresh token: sid',
  lookUp: 'nestjs-jwt-rs256 refresh token: look-up hash',
  seal: 'nestjs-jwt-rs256 refresh token: sealed successor',
} as const;

const FORM = /^[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}$/;

/**
 * A refresh token: `<session part>.<rotating part>`, each of 32 random octets in base64url. The session part stays
 * the same as long as the session lives, the rotating part is spent at each use. A store gets to see neither: it knows
 * the `sid` and the `lookUpHash`, which are derived one way.
 */
export class RefreshToken {
  /** The session's public name, also in access tokens. It does not lead back to the session part. */
  readonly sid: string;
  /** What a store compares: a hash of both parts. */
  readonly lookUpHash: string;
  readonly #session: Buffer;
  readonly #rotating: Buffer;

  private constructor(session: Buffer, rotating: Buffer, sid = sidOf(session)) {
    this.#session = session;
    this.#rotating = rotating;
    this.sid = sid;
    this.lookUpHash = derive(rotating, LABELS.lookUp, session).toString('base64url');
  }

  /** The first token of a new session of `sub`. */
  static first(sub: string): RefreshToken {
    const session = randomBytes(PART);
    session[0] = partitionOfSub(sub);
    return new RefreshToken(session, randomBytes(PART));
  }

  /** @throws RefreshTokenInvalidError for anything of any type that is not the text of a refresh token. */
  static parse(text: unknown): RefreshToken {
    if (typeof text !== 'string' || !FORM.test(text)) throw new RefreshTokenInvalidError();
    const [session, rotating] = text.split('.').map(decodeBase64url);
    if (!session || !rotating) throw new RefreshTokenInvalidError();
    return new RefreshToken(session, rotating);
  }

  /** The text that the client keeps. It is in no log and in no store. */
  get text(): string {
    return `${this.#session.toString('base64url')}.${this.#rotating.toString('base64url')}`;
  }

  /** A token that can follow this one. */
  successor(): RefreshToken {
    return new RefreshToken(this.#session, randomBytes(PART), this.sid);
  }

  /** Seals a successor so that only who holds this token, both parts of it, can open it. */
  seal(successor: RefreshToken): string {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv('aes-256-gcm', this.#sealingKey(), nonce);
    const sealed = [nonce, cipher.update(successor.#rotating), cipher.final(), cipher.getAuthTag()];
    return Buffer.concat(sealed).toString('base64url');
  }

  /** @throws Error when this token did not seal it. */
  open(sealed: string): RefreshToken {
    const octets = Buffer.from(sealed, 'base64url');
    if (octets.length !== NONCE + PART + TAG) throw new Error('The sealed successor has another length');
    const key = this.#sealingKey();
    const decipher = createDecipheriv('aes-256-gcm', key, octets.subarray(0, NONCE), { authTagLength: TAG });
    decipher.setAuthTag(octets.subarray(-TAG));
    const rotating = Buffer.concat([decipher.update(octets.subarray(NONCE, -TAG)), decipher.final()]);
    return new RefreshToken(this.#session, rotating, this.sid);
  }

  #sealingKey(): Buffer {
    return derive(this.#rotating, LABELS.seal, this.#session);
  }
}

function sidOf(session: Buffer): string {
  const name = derive(session, LABELS.sid).subarray(0, SID);
  return Buffer.concat([session.subarray(0, 1), name]).toString('base64url');
}

/**
 * HKDF-Expand with SHA-256, of one block (RFC 5869 §2.3). The secret is uniformly random already, so the extract step is
 * left out, as §3.3 allows.
 */
function derive(secret: Buffer, label: string, context: Buffer = Buffer.alloc(0)): Buffer {
  return createHmac('sha256', secret).update(label).update(context).update('\x01').digest();
}
