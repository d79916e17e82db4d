import { createVerify, sign, verify, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { claimsOf, headerOf, signingInput } from '../fixtures/tokens.js';
import type { BenchKeyPair } from '../fixtures/key-pair.js';
import type { Contestant } from '../run/rounds.js';

type IsSigned = (input: string, signature: Buffer) => boolean;

/**
 * What anybody would have to do at least: split, decode, one RSA operation, parse the claims, look at `exp`. The
 * header is not even parsed. (`'sha256'` is the faster name: Node has to look further for `'RSA-SHA256'`.)
 */
export function rawVerifiers({ publicKey }: BenchKeyPair): [Contestant<string>, Contestant<string>] {
  const inTwoSteps = createVerifyWith(publicKey);
  const inOneStep: IsSigned = (input, signature) =>
    verify('sha256', Buffer.from(input, 'latin1'), publicKey, signature);
  return [
    { name: 'createVerify + decode + parse', run: (token) => verifyWith(token, inTwoSteps) },
    { name: 'crypto.verify + decode + parse', run: (token) => verifyWith(token, inOneStep) },
  ];
}

/** The faster of the two, with the claims. */
export function verifyRaw(token: string, { publicKey }: BenchKeyPair): RawClaims {
  return verifyWith(token, createVerifyWith(publicKey));
}

const signAsync = promisify(sign);

/** The asynchronous one-shot sign of Node, of one and the same input: nothing is stamped, nothing is put together. */
export function rawIssuer(pair: BenchKeyPair): Contestant<string> {
  const input = signingInput(headerOf(pair), claimsOf('alice'));
  const octets = Buffer.from(input, 'latin1');
  return {
    name: 'crypto.sign, asynchronous',
    run: async () => `${input}.${(await signAsync('sha256', octets, pair.privateKey)).toString('base64url')}`,
  };
}

/** The claims, as far as anybody looks at them here. */
interface RawClaims {
  readonly exp: number;
}

export function assertNotExpired({ exp }: RawClaims): void {
  if (exp <= Date.now() / 1000) throw new Error('expired');
}

function createVerifyWith(publicKey: KeyObject): IsSigned {
  return (input, signature) => createVerify('sha256').update(input, 'latin1').verify(publicKey, signature);
}

function verifyWith(token: string, isSigned: IsSigned): RawClaims {
  const first = token.indexOf('.');
  const last = token.lastIndexOf('.');
  if (!isSigned(token.slice(0, last), Buffer.from(token.slice(last + 1), 'base64url')))
    throw new Error('signature');
  const claims = JSON.parse(Buffer.from(token.slice(first + 1, last), 'base64url').toString()) as RawClaims;
  assertNotExpired(claims);
  return claims;
}
