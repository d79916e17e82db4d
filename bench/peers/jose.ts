import { importSPKI, jwtVerify } from 'jose';
import { AUDIENCE, ISSUER } from '../fixtures/tokens.js';
import type { BenchKeyPair } from '../fixtures/key-pair.js';
import type { Contestant } from '../run/rounds.js';

export async function joseVerifier({ publicPem }: BenchKeyPair): Promise<Contestant<string>> {
  const key = await importSPKI(publicPem, 'RS256');
  const options = { algorithms: ['RS256'], issuer: ISSUER, audience: AUDIENCE };
  return { name: 'jose', run: (token) => jwtVerify(token, key, options) };
}
