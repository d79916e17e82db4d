import { createPrivateKey, createPublicKey, type JsonWebKey } from 'node:crypto';
import { verificationKeyOf } from './changing-keys.js';
import { keyPairOf } from './keys.js';
import { AUDIENCE, claims, mint, NOW } from './mint.js';

/** Another issuer of these tests: its name is also that of its key pair. */
export function issuerOf(owner: string): string {
  return `https://${owner}.example/`;
}

/** The public key of an owner's pair as a JWK Set has it. */
export function jwkOf(owner: string, members: object = {}): JsonWebKey & { kid: string } {
  const key = createPublicKey(keyPairOf(owner).publicKey).export({ format: 'jwk' });
  return { ...key, kid: verificationKeyOf(owner).kid, alg: 'RS256', use: 'sig', ...members };
}

/** What other issuers stamp at least. */
export function foreignClaims(owner: string, members: object = {}): object {
  return { iss: issuerOf(owner), aud: AUDIENCE, sub: owner, iat: NOW, exp: NOW + 3600, ...members };
}

/** A token of another issuer: no nbf, no jti, `typ: JWT`. Parts are replaced member by member. */
export function mintForeign(owner: string, claimsPart: object = {}, headerPart: object = {}): string {
  const header = { alg: 'RS256', typ: 'JWT', kid: verificationKeyOf(owner).kid, ...headerPart };
  return mint(header, foreignClaims(owner, claimsPart), createPrivateKey(keyPairOf(owner).privateKey));
}

/** A token whose claims say one issuer, signed with the key of another owner. */
export function mintAs(iss: unknown, owner: string, headerPart: object = {}): string {
  const header = { alg: 'RS256', typ: 'at+jwt', kid: verificationKeyOf(owner).kid, ...headerPart };
  return mint(header, claims({ iss }), createPrivateKey(keyPairOf(owner).privateKey));
}
