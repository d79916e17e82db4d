import 'reflect-metadata';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { exportJWK, generateKeyPair, SignJWT, type JWK } from 'jose';
import { createPrivateKey, KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Auth, CurrentUser, JwtRs256Module } from '../../src/index.js';
import { TestClock } from '../../src/testing/index.js';
import { closeApps, startApp } from '../support/app.js';
import { certificateOf } from '../support/certificate.js';
import { startIssuer, type TestIssuer } from '../support/issuer.js';
import { JwkSetServer, jwkSet, status } from '../support/jwk-set-server.js';
import { kidOf, KeyFolder } from '../support/key-folder.js';
import { keyPairOf } from '../support/keys.js';
import { AUDIENCE, claims, header, mint, strangerKey } from '../support/mint.js';
import { PLATFORMS, type Platform } from '../support/platforms.js';
import { describeWithPyJwt, NODE_READERS, pyJwtVersion, ReaderProcess } from '../support/reader-process.js';

jest.setTimeout(60_000);

// Other libraries have the clock of the machine, so the clocks of these tests begin in its past, and never get to its now.

const root = join(import.meta.dirname, '../..');
const CLIENT = 'shop';
const aliceKey = createPrivateKey(keyPairOf('alice').privateKey);

/** Half an hour ago, and so much further as a test advances it. */
const startClock = () => new TestClock(Math.floor(Date.now() / 1000) - 1800);

let folder: KeyFolder;
beforeEach(() => void (folder = new KeyFolder()));
afterEach(async () => {
  await closeApps();
  folder.remove();
});

async function boot(platform: Platform, clock: TestClock, issuer?: string): Promise<TestIssuer> {
  return startIssuer(platform, {
    keyDirectory: folder.path,
    clock,
    clientId: CLIENT,
    accessTokenTtl: '1h',
    ...(issuer === undefined ? {} : { issuer }),
  });
}

/**
 * Tokens that are good but for one thing each, with what their refusal has to name; and one that is good, for what is made
 * by hand could be bad by chance.
 */
async function makeForgeries(app: TestIssuer, platform: Platform, clock: TestClock) {
  const [head, body, signature] = (await app.login()).split('.') as [string, string, string];
  const otherSignature = (await app.login()).split('.')[2]!;
  const changed = Buffer.from(body, 'base64url').toString().replace('"alice"', '"mallory"');
  const now = clock.now();
  const good = { iss: app.issuer, client_id: CLIENT, sub: 'alice', iat: now, nbf: now, exp: now + 3600 };
  const byHand = (headerPart = {}, claimsPart = {}, key = aliceKey): string =>
    mint(header({ kid: kidOf('alice'), ...headerPart }), claims({ ...good, ...claimsPart }), key);
  const elsewhere = await boot(platform, clock, 'http://127.0.0.1:1');
  const past = { iat: now - 7200, nbf: now - 7200, exp: now - 3600 };
  const bad: Record<string, [token: string, reason: RegExp]> = {
    'another signature': [[head, body, otherSignature].join('.'), /signature/i],
    'other claims': [[head, Buffer.from(changed).toString('base64url'), signature].join('.'), /signature/i],
    'our keys, and the name of another issuer': [await elsewhere.login(), /iss/i],
    'our name, and the key of another': [byHand({}, {}, strangerKey), /signature/i],
    'our name, and the key and kid of another': [byHand({ kid: kidOf('mallory') }, {}, strangerKey), /key/i],
    'another audience': [await app.tokens.issue({ sub: 'alice' }, { audience: 'invoices' }), /aud/i],
    'the type of an ID token': [byHand({ typ: 'JWT' }), /typ/i],
    'an end that is past': [byHand({}, past), /exp/i],
  };
  return { good: byHand(), bad };
}

/** From its URL alone, before and after a rotation: what a reader accepts, and what not. */
async function expectToBeRead(platform: Platform, name: (typeof NODE_READERS)[number] | 'PyJWT') {
  folder.put('alice');
  const clock = startClock();
  const app = await boot(platform, clock);
  await using reader = ReaderProcess.open(name, app.issuer);
  const { signsFrom } = await app.ring.rotate();
  const before = await app.login();
  expect(await reader.verify(before)).toEqual({ sub: 'alice' });

  clock.advance(signsFrom - clock.now());
  const after = await app.login();
  expect(kidIn(after)).not.toBe(kidIn(before));
  expect(await reader.verify(after)).toEqual({ sub: 'alice' });
  expect(await reader.verify(before)).toEqual({ sub: 'alice' });

  const { good, bad } = await makeForgeries(app, platform, clock);
  for (const [what, [token, reason]] of Object.entries(bad)) {
    const refusal: unknown = expect.stringMatching(reason);
    expect([what, await reader.verify(token)]).toEqual([what, { refusal }]);
  }
  expect(await reader.verify(good)).toEqual({ sub: 'alice' });
}

const kidIn = (token: string): string =>
  JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()).kid;

describe.each(PLATFORMS)('An issuer on $name, whose key rotates, is read by', (platform) => {
  it.each(NODE_READERS)('%s', (name) => expectToBeRead(platform, name));
});

describeWithPyJwt('An issuer whose key rotates is read by PyJWT', () => {
  it.each(PLATFORMS)('on $name', (platform) => expectToBeRead(platform, 'PyJWT'));
});

describe.each(PLATFORMS)('A service on $name reads the keys that jose exports:', (platform) => {
  @Controller()
  class OrdersController {
    @Auth() @Get('me') me(@CurrentUser('sub') sub: string) {
      return { sub };
    }
  }

  let server: JwkSetServer;
  beforeEach(async () => void (server = await JwkSetServer.start(status(404))));
  afterEach(() => server.refuse());

  interface Pair {
    readonly privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
    readonly jwk: JWK;
  }

  async function makePair(alg: string, members: JWK = {}): Promise<Pair> {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid: `key-${alg}`, ...members } };
  }

  /** What a service answers that was told the URL of this set, to a token of this key. */
  async function answerTo({ privateKey, jwk }: Pair, keys: readonly JWK[], kid = jwk.kid) {
    server.answer = jwkSet(keys);
    const { origin: issuer, jwksUri } = server;
    const module = JwtRs256Module.forRoot({ issuer, jwksUri, audience: AUDIENCE });
    const app = await startApp(platform, { module, controllers: [OrdersController] });
    const token = await new SignJWT({ sub: 'bob' })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(kid === undefined ? {} : { kid }) })
      .setIssuer(issuer)
      .setAudience(AUDIENCE)
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey);
    return app.get('/me', `Bearer ${token}`);
  }

  const ACCEPTED = { status: 200, body: { sub: 'bob' } };

  it.each<[string, JWK]>([
    ['with alg and use', { alg: 'RS256', use: 'sig' }],
    ['without use', { alg: 'RS256' }],
    ['without alg', { use: 'sig' }],
    ['with neither', {}],
    ['with key_ops', { key_ops: ['verify'] }],
    ['with members of its own', { iat: 1, 'x-realm': { name: ['staff', null] }, ext: true } as JWK],
  ])('%s', async (_, members) => {
    const pair = await makePair('RS256', members);
    expect(await answerTo(pair, [pair.jwk])).toMatchObject(ACCEPTED);
  });

  it('with a certificate', async () => {
    const pair = await makePair('RS256');
    const now = Date.now() / 1000;
    const certificate = certificateOf(KeyObject.from(pair.privateKey), { from: now - 60, to: now + 3600 });
    const x5c = [certificate.toString('base64')];
    expect(await answerTo(pair, [{ ...pair.jwk, x5c, 'x5t#S256': 'not-looked-at' }])).toMatchObject(ACCEPTED);
  });

  it('without a kid, in the set and in the token', async () => {
    const pair = await makePair('RS256');
    const { kid: _, ...jwk } = pair.jwk;
    expect(await answerTo({ ...pair, jwk }, [jwk])).toMatchObject(ACCEPTED);
  });

  it('among keys of every other type', async () => {
    const pair = await makePair('RS256');
    const others = await Promise.all(
      ['ES256', 'ES512', 'EdDSA', 'ECDH-ES', 'RSA-OAEP-256', 'PS256', 'RS512'].map((alg) =>
        makePair(alg, { alg }),
      ),
    );
    expect(await answerTo(pair, [...others.map(({ jwk }) => jwk), pair.jwk])).toMatchObject(ACCEPTED);
    expect(await answerTo(pair, others.map(({ jwk }) => jwk))).toMatchObject({ status: 503 }) // prettier-ignore
  });

  it('and refuses the token where the key is for something else, is not there, or is private', async () => {
    const pair = await makePair('RS256');
    const other = await makePair('RS256', { kid: 'other' });
    for (const members of [{ alg: 'PS256' }, { alg: 'RS512' }, { use: 'enc' }, { key_ops: ['encrypt'] }])
      expect(await answerTo(pair, [{ ...pair.jwk, ...members }, other.jwk])).toMatchObject({ status: 401 });
    expect(await answerTo(pair, [other.jwk])).toMatchObject({ status: 401 });
    const secret = { ...(await exportJWK(pair.privateKey)), kid: pair.jwk.kid! };
    expect(await answerTo(pair, [secret])).toMatchObject({ status: 503 });
  });
});

describe('The page on interoperability', () => {
  const page = readFileSync(join(root, 'docs/reference/interoperability.md'), 'utf8');
  /** The cells of the table of versions. */
  const rows = Array.from(
    page.matchAll(/^\| \[([\w-]+)\]\(\S+\) +\| ([\w.]+) +\|/gm),
    ([, name, version]) => [name, version],
  );
  const installed = (name: string): string =>
    JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;

  it('says which versions were run: those that are installed', () => {
    const readers = [...NODE_READERS, 'jwks-rsa'].map((name) => [name, installed(name)]);
    expect(rows).toEqual(expect.arrayContaining(readers));
    expect(rows.map(([name]) => name).sort()).toEqual([...NODE_READERS, 'jwks-rsa', 'PyJWT'].sort());
  });

  describeWithPyJwt('as for PyJWT', () => {
    it('says which one', () => {
      expect(rows).toContainEqual(['PyJWT', `${pyJwtVersion!.split('.')[0]}.x`]);
    });
  });
});
