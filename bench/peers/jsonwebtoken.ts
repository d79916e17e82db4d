import { randomUUID } from 'node:crypto';
import jsonwebtoken from 'jsonwebtoken';
import { AUDIENCE, ISSUER } from '../fixtures/tokens.js';
import type { BenchKeyPair } from '../fixtures/key-pair.js';
import type { Contestant } from '../run/rounds.js';

const VERIFYING: jsonwebtoken.VerifyOptions = { algorithms: ['RS256'], issuer: ISSUER, audience: AUDIENCE };
const SIGNING: jsonwebtoken.SignOptions = {
  algorithm: 'RS256',
  issuer: ISSUER,
  audience: AUDIENCE,
  expiresIn: 300,
  notBefore: 0,
};

/** At its best: the key is parsed once. */
export function jsonwebtokenVerifier({ publicKey }: BenchKeyPair): Contestant<string> {
  return {
    name: 'jsonwebtoken, KeyObject',
    run: (token) => jsonwebtoken.verify(token, publicKey, VERIFYING),
  };
}

/** As tutorials show it: the key is parsed at every call. */
export function jsonwebtokenPemVerifier({ publicPem }: BenchKeyPair): Contestant<string> {
  return {
    name: 'jsonwebtoken, PEM text',
    run: (token) => jsonwebtoken.verify(token, publicPem, VERIFYING),
  };
}

export function jsonwebtokenIssuer({ privateKey, kid }: BenchKeyPair): Contestant<string> {
  return {
    name: 'jsonwebtoken, KeyObject',
    run: (subject) =>
      jsonwebtoken.sign({}, privateKey, { ...SIGNING, subject, keyid: kid, jwtid: randomUUID() }),
  };
}
