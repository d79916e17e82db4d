/**
 * One reader of an issuer's tokens, in a process of its own. The arguments are the reader, the URL of the issuer and the
 * audience; it is told nothing else. A token on a line is answered by a `ReaderAnswer` on a line.
 */
import { ExpressAdapter } from '@nestjs/platform-express';
import { auth, type JWTPayload } from 'express-oauth2-jwt-bearer';
import { createVerifier } from 'fast-jwt';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import { JwksClient } from 'jwks-rsa';
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { createInterface } from 'node:readline';

/** What became of a token. */
export type ReaderAnswer =
  { readonly sub: string; readonly refusal?: never } | { readonly refusal: string; readonly sub?: never };

/** Who verifies: resolves with the claim `sub`, rejects where it does not accept the token. */
type Reader = (token: string) => Promise<string | undefined>;

/** What a reader is made from. */
interface Trust {
  readonly issuer: string;
  readonly jwksUri: string;
  readonly audience: string;
}

const READERS = { jose, jsonwebtoken: jwksRsa, 'fast-jwt': fastJwt, 'express-oauth2-jwt-bearer': auth0 };

/** By the package that verifies. */
export type NodeReader = keyof typeof READERS;

function jose({ issuer, jwksUri, audience }: Trust): Reader {
  const keys = createRemoteJWKSet(new URL(jwksUri));
  const options = { issuer, audience, typ: 'at+jwt', algorithms: ['RS256'] };
  return async (token) => (await jwtVerify(token, keys, options)).payload.sub;
}

/** With jwks-rsa, which finds the key. */
function jwksRsa({ issuer, jwksUri, audience }: Trust): Reader {
  const client = new JwksClient({ jwksUri });
  return async (token) => {
    const key = await client.getSigningKey(jsonwebtoken.decode(token, { complete: true })?.header.kid);
    const options = { issuer, audience, algorithms: ['RS256' as const], complete: true as const };
    const { header, payload } = jsonwebtoken.verify(token, key.getPublicKey(), options);
    if (header.typ !== 'at+jwt') throw new Error('The typ is not at+jwt');
    return (payload as jsonwebtoken.JwtPayload).sub;
  };
}

function fastJwt({ issuer, jwksUri, audience }: Trust): Reader {
  const pems = new Map<string | undefined, string>();
  const fetchKeys = async (): Promise<void> => {
    const { keys } = (await readJson(jwksUri)) as { keys: (JsonWebKey & { kid: string })[] };
    for (const key of keys) {
      const pem = createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
      pems.set(key.kid, pem as string);
    }
  };
  const verify = createVerifier({
    key: async ({ header: { kid } }: { header: { kid?: string } }) => {
      if (!pems.has(kid)) await fetchKeys();
      const pem = pems.get(kid);
      if (pem === undefined) throw new Error('There is no such key');
      return pem;
    },
    algorithms: ['RS256'],
    allowedIss: issuer,
    allowedAud: audience,
    checkTyp: 'at+jwt',
    requiredClaims: ['exp'],
  });
  return async (token) => ((await verify(token)) as JWTPayload).sub;
}

/** Auth0's: on a route of an Express application, which is asked over HTTP. */
async function auth0({ issuer, audience }: Trust): Promise<Reader> {
  const app = new ExpressAdapter();
  app.use(auth({ issuerBaseURL: issuer, audience, tokenSigningAlg: 'RS256', strict: true }));
  app.get('/me', (request: { auth: { payload: JWTPayload } }, response: { json(body: object): void }) =>
    response.json({ sub: request.auth.payload.sub }),
  );
  app.initHttpServer({});
  const server = app.getHttpServer() as Server;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/me`;
  return async (token) => {
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    if (response.status === 200) return ((await response.json()) as { sub: string }).sub;
    throw new Error(`${response.status} ${response.headers.get('www-authenticate')}`);
  };
}

async function readJson(url: string): Promise<unknown> {
  return (await fetch(url)).json();
}

async function answer(reader: Reader, token: string): Promise<ReaderAnswer> {
  try {
    return { sub: String(await reader(token)) };
  } catch (error) {
    return { refusal: String(error) };
  }
}

const [name, issuer = '', audience = ''] = process.argv.slice(2);
const metadata = (await readJson(`${issuer}/.well-known/openid-configuration`)) as { jwks_uri: string };
const reader = await READERS[name as NodeReader]({ issuer, audience, jwksUri: metadata.jwks_uri });
for await (const token of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(await answer(reader, token))}\n`);
process.exit();
