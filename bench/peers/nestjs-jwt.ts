import { randomUUID } from 'node:crypto';
import { JwtService } from '@nestjs/jwt';
import { AUDIENCE, ISSUER } from '../fixtures/tokens.js';
import type { BenchKeyPair } from '../fixtures/key-pair.js';
import type { Contestant } from '../run/rounds.js';

const SIGNING = {
  algorithm: 'RS256',
  issuer: ISSUER,
  audience: AUDIENCE,
  expiresIn: 300,
  notBefore: 0,
} as const;

/** As tutorials show it: `JwtModule.register({ privateKey, publicKey })` with PEM texts. */
export function nestjsJwtPemIssuer({ privatePem, publicPem, kid }: BenchKeyPair): Contestant<string> {
  const service = new JwtService({
    privateKey: privatePem,
    publicKey: publicPem,
    signOptions: { ...SIGNING, keyid: kid },
  });
  return { name: '@nestjs/jwt, PEM texts', run: (sub) => service.signAsync({ sub, jti: randomUUID() }) };
}

/** At its best: a KeyObject, parsed once. */
export function nestjsJwtIssuer({ privateKey, publicPem, kid }: BenchKeyPair): Contestant<string> {
  const service = new JwtService({
    privateKey,
    publicKey: publicPem,
    signOptions: { ...SIGNING, keyid: kid },
  });
  return { name: '@nestjs/jwt, KeyObject', run: (sub) => service.signAsync({ sub, jti: randomUUID() }) };
}
