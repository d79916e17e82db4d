import { createPublicKey, sign, type KeyObject } from 'node:crypto';

/** When a certificate is valid, in Unix seconds. */
export interface Validity {
  readonly from: number;
  readonly to: number;
}

/**
 * A self-signed X.509 certificate (RFC 5280 §4.1) as DER, of any key that node:crypto signs with. Node makes none, and
 * one that is kept as a file expires.
 */
export function certificateOf(privateKey: KeyObject, { from, to }: Validity): Buffer {
  const name = der(0x30, der(0x31, der(0x30, oid('550403'), der(0x0c, Buffer.from('test')))));
  const isRsa = privateKey.asymmetricKeyType === 'rsa';
  // sha256WithRSAEncryption with a NULL, or ecdsa-with-SHA256 without parameters.
  const algorithm = isRsa
    ? der(0x30, oid('2a864886f70d01010b'), der(0x05))
    : der(0x30, oid('2a8648ce3d040302'));
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    algorithm,
    name,
    der(0x30, time(from), time(to)),
    name,
    createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
  );
  return der(0x30, body, algorithm, der(0x03, Buffer.from([0]), sign('sha256', body, privateKey)));
}

/** DER with the armour of PEM around it. */
export function pemOf(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

function der(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const length = content.length;
  const prefix =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...prefix]), content]);
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

/** GeneralizedTime, YYYYMMDDHHMMSSZ. */
function time(unixSeconds: number): Buffer {
  const iso = new Date(unixSeconds * 1000).toISOString();
  return der(0x18, Buffer.from(`${iso.slice(0, 19).replace(/[-:T]/g, '')}Z`));
}
