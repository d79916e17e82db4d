import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject } from '@nestjs/common';
import { sign, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { Auth, CurrentUser, JwtRs256Module, KeyRing, Signer, TokenService } from '../../src/index.js';
import { stemOf } from '../../src/keys/ring/key-file-name.js';
import { closeApps, startApp, type TestApp } from '../support/app.js';
import { KeyFolder, kidOf, LEAD, RETENTION } from '../support/key-folder.js';
import { AUDIENCE, ISSUER, NOW, ownKey, ownKid, ownPublicKey, strangerKey } from '../support/mint.js';
import { keyPairOf } from '../support/keys.js';
import { PLATFORMS } from '../support/platforms.js';
import { TestClock } from '../../src/testing/index.js';

@Controller()
class Routes {
  constructor(
    @Inject(TokenService) private readonly tokens: TokenService,
    @Inject(KeyRing) private readonly ring: KeyRing,
  ) {}

  @Get('login') async login() {
    return { token: await this.tokens.issue({ sub: 'alice' }) };
  }

  @Auth() @Get('me') me(@CurrentUser('sub') sub: string) {
    return { sub };
  }

  @Get('rotate') async rotate() {
    const { kid, signsFrom } = await this.ring.rotate();
    return { kid, signsFrom };
  }
}

let folder: KeyFolder;
beforeEach(() => void (folder = new KeyFolder()));
afterEach(() => folder.remove());
afterAll(closeApps);

async function refusalOf(options: object): Promise<{ code: string; message: string }> {
  const library = JwtRs256Module.forRoot({ issuer: ISSUER, audience: AUDIENCE, ...options });
  return startApp(PLATFORMS[0]!, { module: library }).then(
    () => ({ code: 'none', message: 'It booted' }),
    (error: { code: string; message: string }) => error,
  );
}

/** A key that this process has no private half of, as far as the library can see. */
class RemoteSigner extends Signer {
  override readonly kid = 'kms-key-1';
  override readonly publicKey: KeyObject = ownPublicKey;
  key = ownKey;
  isDown = false;

  override async sign(bytes: Uint8Array): Promise<Buffer> {
    if (this.isDown) throw new Error('the key service says: secret-of-the-key-service');
    return sign('sha256', bytes, this.key);
  }
}

describe.each(PLATFORMS)('A service on $name', (platform) => {
  async function start(options: object, clock = new TestClock()): Promise<TestApp> {
    const library = JwtRs256Module.forRoot({ issuer: ISSUER, audience: AUDIENCE, clock, ...options });
    return startApp(platform, { module: library, controllers: [Routes] });
  }
  const login = async (app: TestApp): Promise<string> => (await app.send('/login')).body.token;
  const kidIn = (token: string): string =>
    JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()).kid;

  describe('with its keys in a folder', () => {
    it('rotates without a restart, and refuses no token that is still valid', async () => {
      folder.put('alice');
      const clock = new TestClock();
      const app = await start({ keyDirectory: folder.path }, clock);
      const held: { token: string; until: number }[] = [];
      let refused = 0;
      const kids = new Set<string>();
      for (let rotation = 0; rotation < 3; rotation++) {
        const { body } = await app.send('/rotate');
        while (clock.now() < body.signsFrom + 200) {
          const token = await login(app);
          kids.add(kidIn(token));
          held.push({ token, until: clock.now() + 300 });
          for (const { token: earlier, until } of held) {
            if (clock.now() < until && (await app.get('/me', `Bearer ${earlier}`)).status !== 200) refused++;
          }
          clock.advance(97);
        }
      }
      expect(refused).toBe(0);
      expect(kids.size).toBe(4);
      expect(kids).toContain(kidOf('alice'));
    });

    it('has a token refused at once whose key was revoked, and signs on', async () => {
      folder.put('alice');
      const app = await start({ keyDirectory: folder.path });
      const token = await login(app);
      expect((await app.get('/me', `Bearer ${token}`)).status).toBe(200);
      await app.nest.get(KeyRing).revokeKey(kidOf('alice'));
      const answer = await app.get('/me', `Bearer ${token}`);
      expect([answer.status, answer.body.errorCode]).toEqual([401, 'ERR_TOKEN_KEY_UNKNOWN']);
      expect((await app.get('/me', `Bearer ${await login(app)}`)).status).toBe(200);
      expect(app.log.own('warn').map(({ message }) => message)).toContain(
        'A key is revoked: its tokens are refused',
      );
    });

    it('answers 503 where nobody may sign any more', async () => {
      folder.put('alice');
      const app = await start({ keyDirectory: folder.path });
      folder.write(`${kidOf('alice')}.revoked`, '');
      await app.nest.get(KeyRing).reload();
      const answer = await app.send('/login');
      expect([answer.status, answer.body.errorCode]).toEqual([503, 'ERR_KEYS_UNAVAILABLE']);
      expect(answer.headers['retry-after']).toBe('1');
    });

    it('only verifies with public keys, until a private one comes', async () => {
      folder.putPublic('alice');
      const app = await start({ keyDirectory: folder.path });
      expect((await app.send('/login')).status).toBe(500);
      expect(app.log.text()).toContain('verifies only');
      folder.put('alice');
      await app.nest.get(KeyRing).reload();
      expect((await app.get('/me', `Bearer ${await login(app)}`)).status).toBe(200);
    });

    it('rotates by itself, and stops looking when it closes', async () => {
      const clock = new TestClock();
      const app = await start({ keyDirectory: join(folder.path, 'new'), rotation: { every: '30d' } }, clock);
      const ring = app.nest.get(KeyRing);
      const first = ring.active.kid;
      clock.advance(30 * 86_400);
      await ring.reload();
      clock.advance(2 * LEAD);
      expect(ring.active.kid).not.toBe(first);
      await app.nest.close();
      clock.advance(60 * 86_400);
      expect(ring.keys).toHaveLength(2);
    });

    it('logs what happens to keys, and never a key', async () => {
      folder.put('alice');
      const path = folder.put('bob', NOW + 100);
      folder.write('other.pem', keyPairOf('mallory').privateKey);
      const clock = new TestClock();
      const app = await start({ keyDirectory: folder.path }, clock);
      folder.write(path.split('/').pop()!, keyPairOf('bob').privateKey.slice(0, 500));
      await app.nest.get(KeyRing).reload();
      clock.advance(RETENTION + 200);
      expect(app.nest.get(KeyRing).active.kid).toBe(kidOf('alice'));
      const text = app.log.text();
      expect(text).toContain(`${stemOf(NOW + 100)}.pem`);
      expect(text).toContain('other.pem');
      for (const owner of ['alice', 'bob', 'mallory'])
        expect(text).not.toContain(keyPairOf(owner).privateKey.slice(200, 260));
    });
  });

  describe('with a signer of its own', () => {
    it('issues through it, and verifies with its public key', async () => {
      const app = await start({ signer: new RemoteSigner() });
      const token = await login(app);
      expect(kidIn(token)).toBe('kms-key-1');
      expect((await app.get('/me', `Bearer ${token}`)).body).toEqual({ sub: 'alice' });
    });

    it('answers 503 while it is down, and tells nobody what it said', async () => {
      const signer = new RemoteSigner();
      const app = await start({ signer });
      signer.isDown = true;
      const answer = await app.send('/login');
      expect([answer.status, answer.body.errorCode]).toEqual([503, 'ERR_KEYS_UNAVAILABLE']);
      expect(JSON.stringify(answer.body)).not.toContain('secret-of-the-key-service');
      signer.isDown = false;
      expect((await app.send('/login')).status).toBe(200);
    });

    it('issues nothing that its public key does not verify', async () => {
      const signer = new RemoteSigner();
      const app = await start({ signer });
      signer.key = strangerKey;
      expect((await app.send('/login')).status).toBe(500);
    });
  });
});

describe('The boot stops', () => {
  const own = keyPairOf('alice');
  it.each([
    [
      'keyDirectory beside privateKey',
      { keyDirectory: 'keys', privateKey: own.privateKey },
      /keyDirectory and privateKey exclude each other/,
    ],
    [
      'keyDirectory beside publicKey',
      { keyDirectory: 'keys', publicKey: own.publicKey },
      /keyDirectory and publicKey exclude/,
    ],
    [
      'keyDirectory beside an unset privateKey',
      { keyDirectory: 'keys', privateKey: undefined },
      /exclude each other/,
    ],
    [
      'keyDirectory beside signer',
      { keyDirectory: 'keys', signer: new RemoteSigner() },
      /exclude each other/,
    ],
    ['an unset keyDirectory', { keyDirectory: undefined }, /keyDirectory must be a text/],
    ['an empty keyDirectory', { keyDirectory: '' }, /keyDirectory must be a text/],
    [
      'signer beside publicKey',
      { signer: new RemoteSigner(), publicKey: own.publicKey },
      /signer and publicKey exclude/,
    ],
    ['an unset signer', { signer: undefined }, /signer must be an object/],
    ['rotation without a folder', { ...own, rotation: { every: '30d' } }, /rotation needs keyDirectory/],
    [
      'rotation that is no object',
      { keyDirectory: 'keys', rotation: '30d' },
      /rotation must be \{ every: '30d' \}/,
    ],
    [
      'rotation with another member',
      { keyDirectory: 'keys', rotation: { every: '30d', bits: 1 } },
      /rotation must be/,
    ],
    [
      'rotation that is too often',
      { keyDirectory: 'keys', rotation: { every: '10m' } },
      /rotation\.every \(600 s\) is too short.+1800 s/,
    ],
  ])('at %s', async (_, options, sentence) => {
    const { code, message } = await refusalOf(options);
    expect(code).toMatch(/^ERR_OPTION_/);
    expect(message).toMatch(sentence);
  });

  it('at a signer that does not sign with the key it shows', async () => {
    const signer = new RemoteSigner();
    signer.key = strangerKey;
    expect((await refusalOf({ signer })).code).toBe('ERR_KEY_SELF_TEST');
    expect((await refusalOf({ signer: { kid: ownKid } })).code).toBe('ERR_KEY_FORMAT');
  });
});
