import { createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { thumbprint } from '../../src/keys/key-id.js';
import type { Signer } from '../../src/keys/signer.js';
import { SigningKey } from '../../src/keys/signing-key.js';
import { VerificationKey } from '../../src/keys/verification-key.js';
import { FixedVerificationKeys, type VerificationKeys } from '../../src/keys/verification-keys.js';
import { TestClock } from '../../src/testing/index.js';
import type { Clock } from '../../src/time/clock.js';
import { TokenIssuer, type TokenIssuerOptions } from '../../src/tokens/token-issuer.js';
import { TokenVerifier, type TokenVerifierOptions } from '../../src/tokens/token-verifier.js';
import { keyPairOf } from './keys.js';

/** What a part of a token is made of: a text or octets as they are, anything else as JSON. */
export type Part = string | Buffer | object;

export const ISSUER = 'https://issuer.example';
export const AUDIENCE = 'orders';

/** Where a TestClock stands when it is made. */
export const NOW = new TestClock().now();

/** The pair that the verifier trusts, and a stranger's. */
export const ownKey: KeyObject = createPrivateKey(keyPairOf('alice').privateKey);
export const ownPublicKey: KeyObject = createPublicKey(ownKey);
export const ownKid: string = thumbprint(ownPublicKey);
export const strangerKey: KeyObject = createPrivateKey(keyPairOf('mallory').privateKey);
export const strangerPublicKey: KeyObject = createPublicKey(strangerKey);

/** What the module demands when little is configured. */
export const VERIFYING: TokenVerifierOptions = {
  issuer: ISSUER,
  audience: [AUDIENCE],
  typ: 'at+jwt',
  verifyClaims: ['exp', 'nbf', 'iat'],
  requiredClaims: ['exp', 'iat', 'nbf'],
  clockTolerance: 10,
  maxTokenTtl: 86_400,
  maxTokenLength: 8192,
  cacheSize: 5000,
};

/** A verifier that trusts the own key only, or other keys, on a clock that stands. */
export function verifierWith(
  options: Partial<TokenVerifierOptions> = {},
  clock: Clock = new TestClock(),
  keys: VerificationKeys = new FixedVerificationKeys([new VerificationKey(ownPublicKey)]),
): TokenVerifier {
  return new TokenVerifier(keys, clock, { ...VERIFYING, ...options });
}

/** What the module stamps when little is configured. */
const ISSUING: TokenIssuerOptions = {
  issuer: ISSUER,
  audience: [AUDIENCE],
  clientId: undefined,
  typ: 'at+jwt',
  accessTokenTtl: 300,
  maxTokenTtl: 86_400,
  notBefore: 0,
  requiredClaims: ['exp', 'iat', 'nbf'],
  maxTokenLength: 8192,
  maxPendingSignatures: 1000,
};

/** An issuer that signs with the own key, or another signer, on a clock that stands. */
export function issuerWith(
  options: Partial<TokenIssuerOptions> = {},
  signer: Signer = new SigningKey(ownKey),
  clock: Clock = new TestClock(),
): TokenIssuer {
  return new TokenIssuer({ active: signer }, clock, { ...ISSUING, ...options });
}

/** The header of a good token, with members replaced; one that is undefined is left out. */
export function header(members: object = {}): object {
  return { alg: 'RS256', typ: 'at+jwt', kid: ownKid, ...members };
}

/** The claims of a good token, with members replaced; one that is undefined is left out. */
export function claims(members: object = {}): object {
  const times = { iat: NOW, nbf: NOW, exp: NOW + 300 };
  return {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'alice-of-wonderland',
    ...times,
    jti: 'a-token-of-the-corpus',
    ...members,
  };
}

/** A part of good claims as JSON text, with more text put before its closing brace. */
export function textWith(part: object, more: string): string {
  return `${JSON.stringify(part).slice(0, -1)}${more}}`;
}

export function base64url(part: Part): string {
  return bytesOf(part).toString('base64url');
}

export function signingInput(headerPart: Part, claimsPart: Part): string {
  return `${base64url(headerPart)}.${base64url(claimsPart)}`;
}

/** A compact JWS of these parts, whatever they are, signed with RS256: by the own key where no other is named. */
export function mint(
  headerPart: Part = header(),
  claimsPart: Part = claims(),
  key: KeyObject = ownKey,
): string {
  const input = signingInput(headerPart, claimsPart);
  return `${input}.${sign('RSA-SHA256', Buffer.from(input), key).toString('base64url')}`;
}

/** A compact JWS of these parts with the signature that `makeSignature` returns for the signing input. */
export function mintWith(
  makeSignature: (input: Buffer) => Buffer,
  headerPart: Part = header(),
  claimsPart: Part = claims(),
): string {
  const input = signingInput(headerPart, claimsPart);
  return `${input}.${makeSignature(Buffer.from(input)).toString('base64url')}`;
}

function bytesOf(part: Part): Buffer {
  if (Buffer.isBuffer(part)) return part;
  return Buffer.from(typeof part === 'string' ? part : JSON.stringify(part));
}
