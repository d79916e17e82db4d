import 'reflect-metadata';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { Auth, CurrentUser, JwtRs256Module, type JwtRs256ModuleOptions } from '../../src/index.js';
import { closeApps, startApp } from '../support/app.js';
import { startIssuer } from '../support/issuer.js';
import { kidOf, KeyFolder } from '../support/key-folder.js';
import { AUDIENCE } from '../support/mint.js';
import { PLATFORMS } from '../support/platforms.js';
import { ServiceClock } from '../support/service-clock.js';
import { TokenTraffic } from '../support/token-traffic.js';

jest.setTimeout(60_000);

// The same in real time, with more of it, is `npm run bench -- rotation`.

@Controller()
class ServiceController {
  @Auth() @Get('me') me(@CurrentUser('sub') sub: string) {
    return { sub };
  }
}

/** As long as tokens live, so that keys retire as soon as they may. */
const TTL = 300;

let folder: KeyFolder;
let clock: ServiceClock;
beforeEach(() => {
  folder = new KeyFolder();
  clock = new ServiceClock();
});
afterEach(async () => {
  await closeApps();
  folder.remove();
});

describe.each(PLATFORMS)(
  'On $name, two instances of an issuer and a service that knows its jwksUri',
  (platform) => {
    /** The instances have one folder, one name and one clock; the service has the address of the first. */
    async function start(options: Partial<JwtRs256ModuleOptions> = {}) {
      const given = { keyDirectory: folder.path, clock, maxTokenTtl: TTL, ...options };
      const first = await startIssuer(platform, given);
      const { issuer } = first;
      const second = await startIssuer(platform, { ...given, issuer });
      const jwksUri = `${issuer}/.well-known/jwks.json`;
      const service = await startApp(platform, {
        module: JwtRs256Module.forRoot({ jwksUri, issuer, audience: AUDIENCE, clock }),
        controllers: [ServiceController],
      });
      return { first, second, traffic: new TokenTraffic(clock, [first, second], service) };
    }

    it('refuse no token while keys rotate on demand, three times', async () => {
      folder.put('alice');
      const { first, second, traffic } = await start();
      for (const { ring } of [first, second, first]) {
        await traffic.run(TTL);
        const { signsFrom } = await ring.rotate();
        await traffic.run(signsFrom - clock.now() + TTL);
      }
      expect(traffic.refusals).toEqual([]);
      expect(traffic.kids.size).toBe(4);
      expect(traffic.presented).toBeGreaterThan(1000);
      // By the end the first keys are gone: none was accepted for being there for ever.
      expect(first.ring.verificationKeys).toHaveLength(2);
      expect(first.ring.keys).toHaveLength(4);
    });

    it('refuse no token of a key that begins to sign while its JWK Set cannot be had', async () => {
      folder.put('alice');
      const { first, traffic } = await start();
      await traffic.run(TTL);
      const { kid, signsFrom } = await first.ring.rotate();
      await traffic.run(signsFrom - clock.now() - TTL);
      first.endpoint.isDown = true;
      const { fetches } = first.endpoint;
      await traffic.run(3 * TTL);
      expect(first.endpoint.fetches).toBeGreaterThan(fetches);
      expect(traffic.refusals).toEqual([]);
      expect([...traffic.kids]).toEqual([kidOf('alice'), kid]);
    });

    it('refuse no token while keys rotate by themselves, three times', async () => {
      const { first, second, traffic } = await start({ rotation: { every: '30m' } });
      while (traffic.kids.size < 4) await traffic.run(TTL);
      await traffic.run(TTL);
      expect(traffic.refusals).toEqual([]);
      expect([...traffic.kids]).toHaveLength(4);
      expect(second.ring.keys.map(({ kid }) => kid)).toEqual(first.ring.keys.map(({ kid }) => kid));
    });

    it('refuse none but its own where a key is revoked that does not sign any more', async () => {
      folder.put('alice');
      const { first, second, traffic } = await start({ accessTokenTtl: '15m', maxTokenTtl: '15m' });
      const { signsFrom } = await first.ring.rotate();
      await traffic.run(signsFrom - clock.now());
      expect(traffic.refusals).toEqual([]);

      await second.ring.revokeKey(kidOf('alice'));
      await first.ring.reload();
      await traffic.run(900);
      expect(traffic.refusals).toContainEqual({
        verifier: 'instance 1',
        kid: kidOf('alice'),
        errorCode: 'ERR_TOKEN_KEY_UNKNOWN',
      });
      expect(new Set(traffic.refusals.map(({ verifier }) => verifier)).size).toBe(3);
      expect(traffic.refusals.filter(({ kid }) => kid !== kidOf('alice'))).toEqual([]);
    });

    it('refuse nothing where a key is revoked that does not sign yet', async () => {
      folder.put('alice');
      const { first, second, traffic } = await start();
      const { kid, signsFrom } = await first.ring.rotate();
      await traffic.run(TTL);
      await second.ring.revokeKey(kid);
      await traffic.run(signsFrom - clock.now() + TTL);
      expect(traffic.refusals).toEqual([]);
      expect([...traffic.kids]).toEqual([kidOf('alice')]);
    });

    it('accept the successor at once where the key that signs is revoked', async () => {
      folder.put('alice');
      const { first, second, traffic } = await start();
      await traffic.run(TTL);
      await first.ring.revokeKey(kidOf('alice'));
      await second.ring.reload();
      await traffic.run(TTL);
      const kids = new Set(traffic.refusals.map(({ kid }) => kid));
      expect([...kids]).toEqual([kidOf('alice')]);
      expect(traffic.kids.size).toBe(2);
    });
  },
);
