import { constants, createHash, privateEncrypt, type KeyObject } from 'node:crypto';
import { privateKeyOf } from './rsa-number.js';

/** The DER of DigestInfo up to the digest itself, by hash (RFC 8017 §9.2, note 1), and what is wrong with some. */
export const DIGEST_INFO = {
  sha256: '3031300d060960864801650304020105000420',
  sha256WithoutNull: '302f300b0609608648016503040201' + '0420',
  sha256WithLongNull: '3032300e06096086480165030402010501000420',
  sha256WithParameters: '3035301106096086480165030402010404deadbeef0420',
  sha256InLongForm: '308131300d060960864801650304020105000420',
  sha256WithPssOid: '3031300d06092a864886f70d01010a05000420',
  sha224: '302d300d06096086480165030402040500041c',
  md5: '3020300c06082a864886f70d020505000410',
  sha3_256: '3031300d060960864801650304020805000420',
} as const;

export function digest(bytes: Uint8Array, hash = 'sha256'): Buffer {
  return createHash(hash).update(bytes).digest();
}

/** The digest of `bytes` with a DigestInfo around it. */
export function digestInfo(bytes: Uint8Array, prefix: string = DIGEST_INFO.sha256, hash = 'sha256'): Buffer {
  return Buffer.concat([Buffer.from(prefix, 'hex'), digest(bytes, hash)]);
}

/** What a padded block is made of: `00 01 FF..FF 00 content`, unless told otherwise. */
export interface BlockShape {
  readonly start?: readonly number[];
  readonly pad?: (index: number, length: number) => number;
  readonly separator?: readonly number[];
  /** How many padding octets; the rest of the block is then `tail`. */
  readonly padLength?: number;
  readonly tail?: (length: number) => Buffer;
}

/** EMSA-PKCS1-v1_5 (RFC 8017 §9.2), and everything that is nearly that. */
export function paddedBlock(size: number, content: Buffer, shape: BlockShape = {}): Buffer {
  const {
    start = [0, 1],
    pad = () => 0xff,
    separator = [0],
    tail = (length: number) => Buffer.alloc(length),
  } = shape;
  const room = size - start.length - separator.length - content.length;
  const padLength = shape.padLength ?? room;
  const padding = Array.from({ length: padLength }, (_, index) => pad(index, padLength));
  return Buffer.concat([Buffer.from([...start, ...padding, ...separator]), content, tail(room - padLength)]);
}

/** The RSA private operation on a block as it is (RFC 8017 §5.2.1, RSASP1). */
export function rawSign(key: KeyObject, block: Buffer): Buffer {
  return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, block);
}

export function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);
}

export function toBytes(number: bigint, size: number): Buffer {
  return Buffer.from(number.toString(16).padStart(size * 2, '0'), 'hex');
}

export function modulusOf(key: KeyObject): bigint {
  return toBigInt(Buffer.from(key.export({ format: 'jwk' }).n!, 'base64url'));
}

/** A private key of the same modulus with another public exponent. */
export function withOtherExponent(key: KeyObject): KeyObject {
  const jwk = key.export({ format: 'jwk' });
  const [p, q] = [jwk.p!, jwk.q!].map((factor) => toBigInt(Buffer.from(factor, 'base64url'))) as [
    bigint,
    bigint,
  ];
  const exponent = [65_539n, 65_543n, 65_551n].find((prime) => ((p - 1n) * (q - 1n)) % prime !== 0n);
  return privateKeyOf(p, q, exponent);
}
