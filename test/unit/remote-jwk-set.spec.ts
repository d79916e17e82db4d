import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer as createTlsServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { EventSource } from '../../src/events/event-source.js';
import { thumbprint } from '../../src/keys/key-id.js';
import { readPointedAddress, readRemoteAddress } from '../../src/keys/remote/remote-address.js';
import { RemoteJwkSet } from '../../src/keys/remote/remote-jwk-set.js';
import type { RemoteKeySource } from '../../src/keys/remote/remote-key-source.js';
import type { RemoteKeyEvent } from '../../src/keys/remote/remote-key-event.js';
import { DEFAULT_REMOTE_KEY_POLICY, type RemoteKeyPolicy } from '../../src/keys/remote/remote-key-policy.js';
import { freshFor, refreshAfter, retryAfter } from '../../src/keys/remote/remote-refresh-schedule.js';
import { TestClock } from '../../src/testing/index.js';
import { certificateOf, pemOf } from '../support/certificate.js';
import * as answers from '../support/jwk-set-server.js';
import { JwkSetServer, jwkSet, type Answer } from '../support/jwk-set-server.js';
import { keyPairOf } from '../support/keys.js';

const ISSUER = 'https://issuer.example';
const MB = 2 ** 20;

/** A public key as a JWK, of the pair with this name. */
function jwk(owner: string, members: object = {}): Record<string, unknown> {
  const key = createPublicKey(keyPairOf(owner).publicKey);
  return { ...key.export({ format: 'jwk' }), kid: owner, alg: 'RS256', use: 'sig', ...members };
}

const DEADLINE = DEFAULT_REMOTE_KEY_POLICY.deadline * 1000;

/** Knows which timers there are. */
class WatchedClock extends TestClock {
  readonly pending = new Map<unknown, { ms: number; due: number }>();

  /** A fetch has its deadline, and nothing else waits for so long. */
  get isFetching(): boolean {
    return [...this.pending.values()].some(({ ms }) => ms === DEADLINE);
  }

  /** Seconds to the next timer, and a little. */
  get untilNext(): number {
    const due = Math.min(...Array.from(this.pending.values(), (timer) => timer.due));
    return (due - this.monotonic()) / 1000 + 1e-6;
  }

  override setTimeout(callback: () => void, ms: number) {
    const timer = super.setTimeout(() => {
      this.pending.delete(timer);
      callback();
    }, ms);
    this.pending.set(timer, { ms, due: this.monotonic() + ms });
    return timer;
  }

  override clearTimeout(timer: unknown): void {
    this.pending.delete(timer);
    super.clearTimeout(timer);
  }
}

interface SceneOptions {
  readonly policy?: Partial<RemoteKeyPolicy>;
  readonly source?: (server: JwkSetServer) => RemoteKeySource;
  readonly issuer?: (server: JwkSetServer) => string;
}

/** A server and a set that reads it. */
class Scene {
  readonly clock = new WatchedClock();
  readonly events: RemoteKeyEvent[] = [];
  readonly set: RemoteJwkSet;
  onEvent = (): void => {};
  #wake = (): void => {};

  constructor(
    readonly server: JwkSetServer,
    { policy, source, issuer }: SceneOptions,
  ) {
    const events = new EventSource<RemoteKeyEvent>((error) => {
      throw error;
    });
    events.subscribe((event) => {
      this.events.push(event);
      this.onEvent();
      this.#wake();
    });
    this.set = new RemoteJwkSet({
      issuer: issuer?.(server) ?? ISSUER,
      source: source?.(server) ?? { jwksUri: server.jwksUri },
      policy: { ...DEFAULT_REMOTE_KEY_POLICY, ...policy },
      clock: this.clock,
      events,
    });
  }

  get told(): string[] {
    return this.events.map(({ type }) => type);
  }

  /** Moves the clock to the next refresh, and waits for its end. Returns the seconds that it moved. */
  async refreshed(): Promise<number> {
    const seconds = this.clock.untilNext;
    this.clock.advance(seconds);
    await this.idle();
    return seconds;
  }

  /** Until no fetch is under way. */
  async idle(): Promise<void> {
    while (this.clock.isFetching) await new Promise(setImmediate);
  }

  async untilTold(type: RemoteKeyEvent['type']): Promise<void> {
    while (!this.told.includes(type)) await new Promise<void>((resolve) => void (this.#wake = resolve));
  }

  /** What finding came to: a kid, undefined, or the error. */
  async find(kid: string | undefined): Promise<unknown> {
    try {
      return (await this.set.find(kid))?.kid;
    } catch (error) {
      return error;
    }
  }
}

const scenes: Scene[] = [];
const rejections: unknown[] = [];
const keepRejection = (reason: unknown) => void rejections.push(reason);
const unavailable = expect.objectContaining({ code: 'ERR_KEYS_UNAVAILABLE', fault: 'server' });
const FLAPPING = { 'cache-control': 'max-age=100' };

async function begin(answer: Answer, options: SceneOptions = {}): Promise<Scene> {
  const scene = new Scene(await JwkSetServer.start(answer), options);
  scenes.push(scene);
  return scene;
}

async function opened(answer: Answer, options: SceneOptions = {}): Promise<Scene> {
  const scene = await begin(answer, options);
  await scene.set.open();
  return scene;
}

beforeAll(() => void process.on('unhandledRejection', keepRejection));
afterEach(async () => {
  for (const { set, server, clock } of scenes.splice(0)) {
    set.close();
    await server.until(() => server.openSockets === 0);
    while (clock.pending.size > 0) await new Promise(setImmediate);
    await server.refuse();
  }
});
afterAll(() => {
  process.off('unhandledRejection', keepRejection);
  expect(rejections).toEqual([]);
});

describe('A remote JWK Set', () => {
  it('is warmed, and answers for known kids at once', async () => {
    const { set, server, told, events } = await opened(jwkSet([jwk('alice'), jwk('bob')]));
    expect(set.find('alice')).toMatchObject({ kid: 'alice', bits: 2048 });
    expect(set.find('bob')).toMatchObject({ kid: 'bob' });
    expect(server.count).toBe(1);
    expect(told).toEqual(['changed']);
    expect(events[0]).toMatchObject({ issuer: ISSUER, kids: ['alice', 'bob'] });
    expect(server.arrivals[0]!.headers).toMatchObject({
      'user-agent': 'nestjs-jwt-rs256',
      connection: 'close',
      'accept-encoding': 'gzip',
    });
  });

  it('is fetched once for 500 first requests, and once when it is opened meanwhile', async () => {
    const scene = await begin(jwkSet([jwk('alice')]));
    const first = Array.from({ length: 500 }, () => scene.find('alice'));
    await Promise.all([scene.set.open(), scene.set.open()]);
    expect(new Set(await Promise.all(first))).toEqual(new Set(['alice']));
    await scene.set.open();
    expect(scene.server.count).toBe(1);
  });

  it('asks once in 10 s for unknown kids, however many there are, and serves known ones meanwhile', async () => {
    const scene = await opened(jwkSet([jwk('alice')]));
    for (let burst = 0; burst < 20; burst++) {
      const forged = Array.from({ length: 100 }, (_, index) => scene.find(`forged-${burst}-${index}`));
      expect(scene.set.find('alice')).toMatchObject({ kid: 'alice' });
      expect(new Set(await Promise.all(forged))).toEqual(new Set([undefined]));
      scene.clock.advance(0.25);
    }
    expect(scene.server.count).toBe(2);
    scene.clock.advance(4.9);
    expect(scene.set.find('forged')).toBeUndefined();
    scene.clock.advance(0.1);
    expect(await scene.set.find('forged')).toBeUndefined();
    expect(scene.server.count).toBe(3);
  });

  it('accepts a key rotated right after such a flood in 10 s', async () => {
    const scene = await opened(jwkSet([jwk('alice')]));
    await Promise.all(Array.from({ length: 100 }, (_, index) => scene.find(`forged-${index}`)));
    scene.server.answer = jwkSet([jwk('alice'), jwk('bob')]);
    expect(scene.set.find('bob')).toBeUndefined();
    scene.clock.advance(10);
    expect(await scene.set.find('bob')).toMatchObject({ kid: 'bob' });
    expect(scene.server.count).toBe(3);
  });

  it('accepts a key rotated just after a fetch at once', async () => {
    const scene = await opened(jwkSet([jwk('alice')]));
    scene.server.answer = jwkSet([jwk('bob')]);
    scene.clock.advance(1);
    const before = scene.set.version;
    expect(await Promise.all(Array.from({ length: 50 }, () => scene.find('bob')))).toEqual(
      Array.from({ length: 50 }, () => 'bob'),
    );
    expect(scene.server.count).toBe(2);
    expect(scene.set.version).not.toBe(before);
    expect(scene.set.find('alice')).toBeUndefined();
  });

  it('asks once more when what was under way was answered before the key was published', async () => {
    const scene = await opened(jwkSet([jwk('alice')], FLAPPING));
    let answer = (): void => {};
    scene.server.answer = (response, request) =>
      void (answer = () => jwkSet([jwk('alice')])(response, request));
    scene.clock.advance(scene.clock.untilNext);
    await scene.server.until(() => scene.server.count === 2);
    const found = [scene.find('bob'), scene.find('bob')];
    scene.server.answer = jwkSet([jwk('alice'), jwk('bob')]);
    answer();
    expect(await Promise.all(found)).toEqual(['bob', 'bob']);
    expect(scene.server.count).toBe(3);
  });

  it('has a version that changes with its keys and with nothing else', async () => {
    const scene = await begin(jwkSet([jwk('alice'), jwk('bob')], FLAPPING));
    const versions = [scene.set.version];
    await scene.set.open();
    versions.push(scene.set.version);
    const { server } = scene;
    for (const keys of [
      [jwk('bob'), jwk('alice', { x5t: 'other', alg: undefined })],
      [jwk('bob'), jwk('alice'), jwk('alice')],
      [jwk('bob'), jwk('alice'), { kty: 'EC' }],
      [jwk('bob'), jwk('carol', { kid: 'alice' })],
      [jwk('bob')],
    ]) {
      server.answer = jwkSet(keys, FLAPPING);
      await scene.refreshed();
      versions.push(scene.set.version);
    }
    expect(versions).toEqual([0, 1, 1, 1, 1, 2, 3]);
    expect(scene.told.filter((type) => type === 'changed')).toHaveLength(3);
    expect(scene.told.filter((type) => type === 'refreshed')).toHaveLength(3);
  });

  it('is refreshed before it is old, without a request that waits, and whatever the wall clock does', async () => {
    const scene = await opened(jwkSet([jwk('alice')], { 'cache-control': 'max-age=100' }));
    scene.clock.setNow(scene.clock.now() + 1e6);
    expect(scene.clock.untilNext).toBeGreaterThanOrEqual(75);
    expect(scene.clock.untilNext).toBeLessThanOrEqual(90.001);
    scene.server.answer = answers.hang;
    scene.clock.advance(scene.clock.untilNext);
    await scene.server.until(() => scene.server.count === 2);
    scene.clock.setNow(0);
    expect(scene.set.find('alice')).toMatchObject({ kid: 'alice' });
    scene.clock.advance(3);
    await scene.untilTold('unavailable');
    expect(scene.set.find('alice')).toMatchObject({ kid: 'alice' });
  });

  it('keeps nothing of a request after it is closed', async () => {
    const scene = await begin(answers.hang);
    const waiting = [scene.find('alice'), scene.set.open()];
    await scene.server.until(() => scene.server.count === 1);
    scene.set.close();
    expect(await Promise.all(waiting)).toEqual([unavailable, undefined]);
    await scene.server.until(() => scene.server.openSockets === 0);
    expect(scene.clock.pending.size).toBe(0);
    await scene.set.open();
    expect(await scene.find('alice')).toEqual(unavailable);
    scene.clock.advance(1e6);
    await scene.server.settle();
    expect(scene.server.count).toBe(1);
    expect(scene.events).toEqual([]);
  });

  it('may be closed by who hears of its keys', async () => {
    const scene = await begin(jwkSet([jwk('alice')]));
    scene.onEvent = () => scene.set.close();
    await scene.set.open();
    expect(scene.clock.pending.size).toBe(0);
    const failing = await begin(answers.status(500));
    failing.onEvent = () => failing.set.close();
    await failing.set.open();
    expect(failing.clock.pending.size).toBe(0);
  });

  it('goes on answering for known kids after it is closed, for requests that are still answered', async () => {
    const scene = await opened(jwkSet([jwk('alice')]));
    scene.set.close();
    expect(scene.set.find('alice')).toMatchObject({ kid: 'alice' });
    expect(await scene.find('bob')).toEqual(unavailable);
    expect(scene.clock.pending.size).toBe(0);
  });
});

describe('A key without a kid', () => {
  it('goes by its thumbprint, and is found without a kid when it is the only one', async () => {
    const scene = await opened(jwkSet([jwk('alice', { kid: undefined })]));
    const kid = thumbprint(createPublicKey(keyPairOf('alice').publicKey));
    expect(scene.set.find(undefined)).toMatchObject({ kid });
    expect(scene.set.find(kid)).toMatchObject({ kid });
  });

  it('is not guessed among several, and no fetch is made for a token without one', async () => {
    const scene = await opened(jwkSet([jwk('alice', { kid: undefined }), jwk('bob')]));
    expect(scene.set.find(undefined)).toBeUndefined();
    await scene.server.settle();
    expect(scene.server.count).toBe(1);
  });
});

describe('An endpoint that is down', () => {
  it('is asked 4 times at most for 200 requests in 10 s, which are all 503 with a time to come back', async () => {
    const scene = await begin(jwkSet([jwk('alice')]));
    let attempts = 0;
    scene.server.answer = (response) => {
      attempts++;
      response.socket?.destroy();
    };
    for (let request = 0; request < 200; request++) {
      const error = await scene.find('alice');
      expect(error).toEqual(unavailable);
      expect((error as { retryAfter: number }).retryAfter).toBeGreaterThanOrEqual(1);
      expect((error as { retryAfter: number }).retryAfter).toBeLessThanOrEqual(15);
      scene.clock.advance(0.05);
      await scene.idle();
    }
    expect(attempts).toBeGreaterThanOrEqual(3);
    expect(attempts).toBeLessThanOrEqual(4);
    expect(scene.told).toEqual(['unavailable', 'expired']);
  });

  it('at boot is a warning, and the set is there soon after it is up', async () => {
    const scene = await begin(jwkSet([jwk('alice')]));
    await scene.server.refuse();
    await scene.set.open();
    expect(scene.events[0]).toMatchObject({
      type: 'unavailable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
    expect(await scene.find('alice')).toEqual(unavailable);
    await scene.server.listen();
    await scene.refreshed();
    expect(scene.set.find('alice')).toMatchObject({ kid: 'alice' });
    expect(scene.told).toEqual(['unavailable', 'expired', 'recovered', 'changed']);
  });

  it('is served from the last good set at once, for as long as it may be stale and no longer', async () => {
    const scene = await opened(jwkSet([jwk('alice')]), { policy: { maxStale: 3600 } });
    const { version } = scene.set;
    scene.server.answer = answers.status(500);
    while (scene.clock.monotonic() / 1000 + scene.clock.untilNext < 3600) {
      await scene.refreshed();
      expect(scene.set.find('alice')).toMatchObject({ kid: 'alice' });
    }
    scene.clock.advance(3600 - scene.clock.monotonic() / 1000);
    expect(scene.set.find('alice')).toMatchObject({ kid: 'alice' });
    expect(scene.set.version).toBe(version);
    scene.clock.advance(0.001);
    expect(scene.set.version).not.toBe(version);
    expect(await scene.find('alice')).toEqual(unavailable);
    await scene.refreshed();
    expect(scene.told).toEqual(['changed', 'unavailable', 'expired']);
    scene.server.answer = jwkSet([jwk('alice')]);
    await scene.refreshed();
    expect(scene.set.find('alice')).toMatchObject({ kid: 'alice' });
    expect(scene.set.version).toBe(version);
  });

  it('makes an unknown kid a 503 and no 401, since the key may be new', async () => {
    const scene = await opened(jwkSet([jwk('alice')]));
    scene.server.answer = answers.status(500);
    expect(await Promise.all([scene.find('bob'), scene.find('bob')])).toEqual([unavailable, unavailable]);
    expect(scene.server.count).toBe(2);
    expect(() => scene.set.find('carol')).toThrow(unavailable as unknown as Error);
    expect(scene.set.find('alice')).toMatchObject({ kid: 'alice' });
    scene.server.answer = jwkSet([jwk('alice')]);
    await scene.refreshed();
    expect(scene.set.find('carol')).toBeUndefined();
  });

  it('tells it once, and that it is over', async () => {
    const scene = await opened(jwkSet([jwk('alice')], FLAPPING));
    for (const answer of [answers.status(500), answers.halfClose, answers.status(404), answers.reset]) {
      scene.server.answer = answer;
      await scene.refreshed();
    }
    scene.server.answer = jwkSet([jwk('alice')]);
    await scene.refreshed();
    expect(scene.told).toEqual(['changed', 'unavailable', 'recovered', 'refreshed']);
  });
});

describe('The deadline of 3 s', () => {
  it.each([
    ['an endpoint that hangs', answers.hang],
    ['one that hangs after its headers', answers.hangInBody],
    ['one that drips its body', answers.drip],
    ['one that drips its headers', answers.dripHeaders],
  ])('is for all of it: %s', async (_, answer) => {
    const scene = await begin(answer);
    const found = [scene.find('alice'), scene.find(undefined)];
    await scene.server.until(() => (scene.server.arrivals[0]?.socket.bytesWritten ?? -1) >= 0);
    scene.clock.advance(2.99);
    await scene.server.settle();
    expect(scene.events).toEqual([]);
    scene.clock.advance(0.01);
    expect(await Promise.all(found)).toEqual([unavailable, unavailable]);
    expect(scene.events[0]).toMatchObject({ type: 'unavailable', message: expect.stringContaining('3 s') });
    await scene.server.until(() => scene.server.openSockets === 0);
  });

  it('is one for discovery and the set together', async () => {
    const scene = await begin(answers.hang, discovered);
    let answer = (): void => {};
    scene.server.at.set('/.well-known/openid-configuration', (response, request) => {
      answer = () => answers.document(metadataOf(scene.server))(response, request);
    });
    const opening = scene.set.open();
    await scene.server.until(() => scene.server.count === 1);
    scene.clock.advance(2);
    answer();
    await scene.server.until(() => scene.server.count === 2);
    scene.clock.advance(1);
    await opening;
    expect(scene.told).toEqual(['unavailable', 'expired']);
  });
});

describe('An answer that is not acceptable', () => {
  const many = Array.from({ length: 10_000 }, (_, index) => ({
    kty: 'RSA',
    kid: String(index),
    n: 'AQAB',
    e: 'AQAB',
  }));
  const privateJwk = { ...jwk('bob'), d: 'AQAB' };
  const rows: [string, Answer, string, string][] = [
    ['an empty set', jwkSet([]), 'refused', 'empty'],
    [
      'a set without a usable key',
      jwkSet([{ kty: 'EC' }, jwk('bob', { use: 'enc' })]),
      'refused',
      'no key for RS256',
    ],
    ['10,000 keys', jwkSet(many), 'refused', '256 kB'],
    ['10,000 tiny keys', jwkSet(many.map(() => ({ kty: 'EC' }))), 'refused', '100 keys'],
    ['101 small keys', jwkSet(many.slice(0, 101)), 'refused', '100 keys'],
    ['300 MB', answers.huge(300 * MB), 'refused', '256 kB'],
    [
      '300 MB that are announced',
      answers.huge(300 * MB, { 'content-length': String(300 * MB) }),
      'refused',
      '256 kB',
    ],
    ['interim answers without end', answers.hints, 'refused', 'interim'],
    ['a gzip bomb', answers.gzipBomb(200 * MB), 'refused', '256 kB'],
    [
      'damaged gzip',
      answers.document('{"keys":[]}', { 'content-encoding': 'gzip' }),
      'refused',
      'damaged gzip',
    ],
    ['another encoding', answers.document('{}', { 'content-encoding': 'br' }), 'refused', 'encoding'],
    ['a private key', jwkSet([jwk('alice'), privateJwk]), 'refused', 'private'],
    [
      'a symmetric key',
      jwkSet([jwk('alice'), { kty: 'oct', k: 'c2VjcmV0' }]),
      'refused',
      'private or symmetric',
    ],
    [
      'a private key after quantum computers',
      jwkSet([jwk('alice'), { kty: 'AKP', priv: 'AA' }]),
      'refused',
      'private',
    ],
    ['a private key that is null', jwkSet([jwk('alice'), { ...jwk('bob'), d: null }]), 'refused', 'private'],
    ['a private key instead of a set', answers.document(privateJwk), 'refused', 'private'],
    [
      'a page of HTML',
      answers.document('<!doctype html>', { 'content-type': 'text/html' }),
      'refused',
      'HTML',
    ],
    ['a text that is cut', answers.document('{"keys":['), 'refused', 'not JSON'],
    ['octets that are no UTF-8', answers.document(Buffer.from([0x7b, 0xff, 0x7d])), 'refused', 'not JSON'],
    ['nothing', answers.document(''), 'refused', 'not JSON'],
    ['null', answers.document('null'), 'refused', 'not a JSON object'],
    ['a list', answers.document([jwk('bob')]), 'refused', 'not a JSON object'],
    ['keys that are no list', answers.document({ keys: { 0: jwk('bob') } }), 'refused', '"keys"'],
    ['keys in a prototype', answers.document('{"__proto__":{"keys":[]}}'), 'refused', '"keys"'],
    [
      'JSON of great depth',
      answers.document('['.repeat(120_000) + ']'.repeat(120_000)),
      'refused',
      'JSON object',
    ],
    ['500', answers.status(500), 'unavailable', 'status 500'],
    ['401', answers.status(401), 'unavailable', 'status 401'],
    ['204', answers.status(204), 'unavailable', 'status 204'],
    ['a set that ends in the middle', answers.halfClose, 'unavailable', 'no whole answer'],
    ['a reset', answers.reset, 'unavailable', 'no whole answer'],
    ['no HTTP', answers.noHttp, 'unavailable', 'no whole answer'],
    ['another protocol', answers.upgrade, 'unavailable', 'no whole answer'],
    ['headers without end', answers.endlessHeaders, 'unavailable', 'HPE_HEADER_OVERFLOW'],
  ];

  it.each(rows)('keeps the good keys, and says so: %s', async (_, answer, type, words) => {
    const scene = await opened(jwkSet([jwk('alice')], FLAPPING));
    const { version } = scene.set;
    scene.server.answer = answer;
    await scene.refreshed();
    expect(scene.events.slice(1)).toEqual([
      expect.objectContaining({ type, issuer: ISSUER, message: expect.stringContaining(words) }),
    ]);
    expect(scene.set.find('alice')).toMatchObject({ kid: 'alice' });
    expect(await scene.find('bob')).toEqual(unavailable);
    expect(scene.set.version).toBe(version);
    await scene.server.until(() => scene.server.openSockets === 0);
    // Of what it would have sent, little more than the buffers of two sockets was taken.
    expect(scene.server.arrivals[1]!.socket.bytesWritten).toBeLessThan(16 * MB);
    await scene.refreshed();
    expect(scene.events.length).toBe(2);
  });

  it.each(rows)('at boot leaves no key, and 503: %s', async (_, answer, type) => {
    const scene = await opened(answer);
    expect(scene.told).toEqual([type, 'expired']);
    expect(await scene.find('alice')).toEqual(unavailable);
    expect(await scene.find(undefined)).toEqual(unavailable);
    expect(scene.set.version).toBe(0);
  });

  it.each([301, 302, 303, 307, 308, 300, 304])('is a redirect, which is not followed: %i', async (code) => {
    const scene = await begin(jwkSet([jwk('bob')]));
    const location = `${scene.server.origin}/elsewhere?secret=1`;
    scene.server.at.set('/jwks.json', answers.status(code, { location }));
    await scene.set.open();
    expect(scene.server.paths).toEqual(['/jwks.json']);
    expect(scene.events[0]).toMatchObject({
      type: 'unavailable',
      message: expect.stringContaining('redirect'),
    });
    expect(JSON.stringify(scene.events)).not.toContain('secret');
  });

  it('may be of whatever content type, and compressed', async () => {
    const scene = await opened(answers.document({ keys: [jwk('alice')] }, { 'content-type': 'text/plain' }));
    expect(scene.set.find('alice')).toMatchObject({ kid: 'alice' });
    const other = await opened(answers.gzipped([jwk('alice')]));
    expect(other.set.find('alice')).toMatchObject({ kid: 'alice' });
  });

  it('tells of different reasons one by one, and of a made-up one without end not at all', async () => {
    const scene = await opened(jwkSet([jwk('alice')], FLAPPING));
    for (let round = 0; round < 20; round++) {
      scene.server.answer = jwkSet([{ kty: 'EC', kid: `made-up-${round}` }]);
      await scene.refreshed();
    }
    scene.server.answer = jwkSet([jwk('alice')]);
    await scene.refreshed();
    expect(scene.told.filter((type) => type === 'refused')).toHaveLength(16);
    expect(scene.told.at(-2)).toBe('recovered');
  });

  it('never has its secrets repeated', async () => {
    const scene = await begin(answers.status(500), {
      source: (server) => ({ jwksUri: `${server.jwksUri}?token=hush#hush` }),
    });
    await scene.set.open();
    scene.server.answer = jwkSet([jwk('alice', { kid: 'line\nhush' }), jwk('bob', { kid: 'line\nhush' })]);
    await scene.refreshed();
    scene.server.answer = jwkSet([jwk('alice'), { kty: 'EC', kid: 'line\nhush' }]);
    await scene.refreshed();
    expect(scene.told).toContain('keySkipped');
    scene.server.answer = (response) => void response.socket?.end('HTTP/1.1 200 hush\r\nhush\r\n\r\n');
    await scene.refreshed();
    expect(scene.told.at(-1)).toBe('unavailable');
    expect(inspect(scene.events, { depth: 9 })).not.toMatch(/hush|68 75 73 68/);
  });
});

describe('A key of a set that is not usable', () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
  const even = {
    ...jwk('bob'),
    n: Buffer.concat([Buffer.alloc(255, 0xff), Buffer.from([2])]).toString('base64url'),
  };
  const long = { ...jwk('bob'), n: randomBytes(100_000).toString('base64url') };
  const rows: [string, unknown, string, string][] = [
    ['of another type', { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }, 'otherUse', 'no RSA key'],
    ['for another algorithm', jwk('bob', { alg: 'PS256' }), 'otherUse', 'RS256'],
    ['for encryption', jwk('bob', { use: 'enc' }), 'otherUse', 'RS256'],
    ['for other operations', jwk('bob', { key_ops: ['encrypt'] }), 'otherUse', 'RS256'],
    ['with operations that are no list', jwk('bob', { key_ops: 'verify' }), 'otherUse', 'RS256'],
    ['without a modulus', jwk('bob', { n: undefined }), 'unusable', 'not a valid'],
    ['without an exponent', jwk('bob', { e: undefined }), 'unusable', 'not a valid'],
    ['with a modulus that is no base64url', jwk('bob', { n: 'a+b=' }), 'unusable', 'not a valid'],
    ['with a kid that is no text', jwk('bob', { kid: 1 }), 'unusable', 'not a valid'],
    ['with an empty kid', jwk('bob', { kid: '' }), 'unusable', 'not a valid'],
    ['with a lone surrogate in its kid', jwk('bob', { kid: '\ud800' }), 'unusable', 'not a valid'],
    ['of 1024 bits', { ...weak, kid: 'bob' }, 'unusable', '2048'],
    ['of 800,000 bits', long, 'unusable', '8192'],
    ['with exponent 3', jwk('bob', { e: 'Aw' }), 'unusable', 'exponent'],
    ['with an even modulus', even, 'unusable', 'prime'],
    ['that is null', null, 'unusable', 'not a valid'],
    ['that is a list', [], 'unusable', 'not a valid'],
    ['that is a text', 'bob', 'unusable', 'not a valid'],
  ];

  it.each(rows)('is skipped alone: one %s', async (_, key, reason, words) => {
    const scene = await opened(jwkSet([key, jwk('alice')], FLAPPING));
    expect(scene.set.find('alice')).toMatchObject({ kid: 'alice' });
    expect(await scene.find('bob')).toBeUndefined();
    const skip = expect.objectContaining({
      type: 'keySkipped',
      reason,
      message: expect.stringContaining(words),
    });
    expect(scene.events.filter(({ type }) => type === 'keySkipped')).toEqual([skip]);
    await scene.refreshed();
    expect(scene.told.filter((type) => type === 'keySkipped')).toHaveLength(1);
  });

  it('is not of interest where a usable one has its kid', async () => {
    const scene = await opened(jwkSet([jwk('bob', { use: 'enc', kid: 'alice' }), jwk('alice')]));
    expect(scene.set.find('alice')).toMatchObject({ kid: 'alice' });
  });

  it('has the kid of another key: neither verifies, the rest do', async () => {
    const scene = await opened(
      jwkSet(
        [jwk('alice'), jwk('bob', { kid: 'alice' }), jwk('alice'), jwk('carol'), jwk('carol')],
        FLAPPING,
      ),
    );
    expect(await scene.find('alice')).toBeUndefined();
    expect(scene.set.find('carol')).toMatchObject({ kid: 'carol' });
    expect(scene.events).toContainEqual(expect.objectContaining({ type: 'keySkipped', reason: 'kidTwice' }));
    scene.server.answer = jwkSet([jwk('alice'), jwk('carol')]);
    await scene.refreshed();
    expect(scene.set.find('alice')).toMatchObject({ kid: 'alice' });
  });

  it('has the kid of another key, and there is no further one: the set is refused', async () => {
    const scene = await opened(jwkSet([jwk('alice'), jwk('bob', { kid: 'alice' })]));
    expect(scene.told).toEqual(['refused', 'expired']);
  });

  it('is among 100 good ones at most', async () => {
    const keys = Array.from({ length: 100 }, (_, index) => jwk('alice', { kid: `key-${index}` }));
    const scene = await opened(jwkSet(keys));
    expect(scene.set.find('key-99')).toMatchObject({ kid: 'key-99' });
  });
});

const discovered: SceneOptions = { source: () => ({ discovery: true }), issuer: (server) => server.origin };
const metadataOf = (server: JwkSetServer, path = '') => ({
  issuer: `${server.origin}${path}`,
  jwks_uri: server.jwksUri,
});

describe('Discovery', () => {
  const OPENID = '/.well-known/openid-configuration';
  const OAUTH = '/.well-known/oauth-authorization-server';

  async function discover(metadata: unknown, path = ''): Promise<Scene> {
    const issuer = (server: JwkSetServer) => `${server.origin}${path}`;
    const scene = await begin(answers.status(404), { ...discovered, issuer });
    const { server } = scene;
    server.at.set('/jwks.json', jwkSet([jwk('alice')], FLAPPING));
    server.at.set(`${path.replace(/\/$/, '')}${OPENID}`, (response, request) =>
      answers.document(typeof metadata === 'function' ? metadata(server) : metadata)(response, request),
    );
    return scene;
  }

  it.each([
    ['', OPENID],
    ['/', OPENID],
    ['/realms/one', `/realms/one${OPENID}`],
    ['/realms/one/', `/realms/one${OPENID}`],
    ['//other.example', `//other.example${OPENID}`],
  ])('finds the set of an issuer with the path "%s"', async (path, asked) => {
    const scene = await discover((server: JwkSetServer) => metadataOf(server, path), path);
    await scene.set.open();
    expect(scene.server.paths).toEqual([asked, '/jwks.json']);
    expect(scene.set.find('alice')).toMatchObject({ kid: 'alice' });
  });

  it.each([
    ['', OAUTH],
    ['/realms/one', `${OAUTH}/realms/one`],
  ])('asks by RFC 8414 where the other form is 404: an issuer with the path "%s"', async (path, asked) => {
    const issuer = (server: JwkSetServer) => `${server.origin}${path}`;
    const scene = await begin(answers.status(404), { ...discovered, issuer });
    scene.server.at.set(asked, answers.document(metadataOf(scene.server, path)));
    scene.server.at.set('/jwks.json', jwkSet([jwk('alice')]));
    await scene.set.open();
    expect(scene.server.paths).toEqual([`${path}${OPENID}`, asked, '/jwks.json']);
    expect(scene.set.find('alice')).toMatchObject({ kid: 'alice' });
  });

  it('remembers the address of the set, until a fetch fails or an hour has passed', async () => {
    const scene = await discover((server: JwkSetServer) => metadataOf(server));
    await scene.set.open();
    await scene.refreshed();
    expect(scene.server.paths).toEqual([OPENID, '/jwks.json', '/jwks.json']);
    scene.server.at.set('/jwks.json', answers.status(500));
    await scene.refreshed();
    scene.server.at.set('/jwks.json', jwkSet([jwk('bob')], { 'cache-control': 'max-age=7200' }));
    await scene.refreshed();
    await scene.refreshed();
    expect(scene.server.paths.slice(3)).toEqual(['/jwks.json', OPENID, '/jwks.json', '/jwks.json']);
    await scene.refreshed();
    expect(scene.server.paths.slice(-2)).toEqual([OPENID, '/jwks.json']);
  });

  it.each([
    ['another issuer', (s: JwkSetServer) => ({ ...metadataOf(s), issuer: ISSUER }), 'another issuer'],
    ['the issuer with a slash', (s: JwkSetServer) => metadataOf(s, '/'), 'another issuer'],
    ['no issuer', (s: JwkSetServer) => ({ jwks_uri: s.jwksUri }), 'another issuer'],
    [
      'an issuer that is a list',
      (s: JwkSetServer) => ({ ...metadataOf(s), issuer: [s.origin] }),
      'another issuer',
    ],
    ['no jwks_uri', (s: JwkSetServer) => ({ issuer: s.origin }), 'is not an address'],
    [
      'a jwks_uri that is a list',
      (s: JwkSetServer) => ({ issuer: s.origin, jwks_uri: [s.jwksUri] }),
      'not an address',
    ],
    [
      'a relative jwks_uri',
      (s: JwkSetServer) => ({ issuer: s.origin, jwks_uri: '/jwks.json' }),
      'not an address',
    ],
    [
      'an http jwks_uri',
      (s: JwkSetServer) => ({ issuer: s.origin, jwks_uri: 'http://a.example' }),
      'not https',
    ],
    [
      'a jwks_uri of a file',
      (s: JwkSetServer) => ({ issuer: s.origin, jwks_uri: 'file:///etc/passwd' }),
      'https',
    ],
    [
      'a jwks_uri with a password',
      (s: JwkSetServer) => ({ issuer: s.origin, jwks_uri: 'https://a:b@c' }),
      'password',
    ],
    ['a list', () => [], 'not a JSON object'],
    ['a page', () => '<html>', 'HTML'],
  ])('refuses metadata with %s', async (_, metadata, words) => {
    const scene = await discover(metadata);
    await scene.set.open();
    expect(scene.events[0]).toMatchObject({ type: 'refused', message: expect.stringContaining(words) });
    expect(scene.server.paths).toEqual([OPENID]);
    expect(await scene.find('alice')).toEqual(unavailable);
  });

  it.each([
    ['both are 404', answers.status(404), [OPENID, OAUTH], 'has no metadata'],
    ['500', answers.status(500), [OPENID], 'status 500'],
    ['a redirect', answers.status(302, { location: '/jwks.json' }), [OPENID], 'redirect'],
  ])('fails with a sentence where the answer is: %s', async (_, answer, paths, words) => {
    const scene = await begin(answer, discovered);
    await scene.set.open();
    expect(scene.server.paths).toEqual(paths);
    expect(scene.events[0]).toMatchObject({ type: 'unavailable', message: expect.stringContaining(words) });
  });

  it('is refused for an issuer that has no address', () => {
    for (const issuer of [
      'auth',
      'http://a.example',
      'https://a.example?x=1',
      'https://a.example/#',
      'https://u@a.example',
    ]) {
      expect(() => make({ issuer, source: { discovery: true } })).toThrow(
        expect.objectContaining({
          code: 'ERR_OPTION_INVALID',
          message: expect.stringContaining('issuer'),
        }) as unknown as Error,
      );
    }
  });
});

function make(parts: {
  issuer?: string;
  source?: RemoteKeySource;
  policy?: Partial<RemoteKeyPolicy>;
}): RemoteJwkSet {
  return new RemoteJwkSet({
    issuer: parts.issuer ?? ISSUER,
    source: parts.source ?? { jwksUri: 'https://a.example/jwks' },
    policy: { ...DEFAULT_REMOTE_KEY_POLICY, ...parts.policy },
    clock: new TestClock(),
    events: new EventSource<RemoteKeyEvent>(() => {}),
  });
}

describe('The address of a set', () => {
  it.each([
    'https://a.example/jwks',
    'http://localhost:3000/jwks',
    'http://127.0.0.1/jwks',
    'http://127.255.3.4/jwks',
    'http://0x7f.1/jwks',
    'http://[::1]:80/jwks',
    'HTTPS://A.EXAMPLE',
  ])('may be %s', (text) => {
    expect(readRemoteAddress(text, false).fault).toBeUndefined();
  });

  it.each([
    'http://a.example/jwks',
    'http://localhost.evil.example/',
    'http://127.0.0.1.evil.example/',
    'http://127.evil.example/',
    'http://[::ffff:127.0.0.1]/',
    'http://0.0.0.0/',
    'http://10.0.0.1/',
    'https://user@a.example/',
    'https://user:password@a.example/',
    'http://127.0.0.1@evil.example/',
    'ftp://a.example/',
    'data:application/json,{}',
    'file:///etc/passwd',
    'javascript:0',
    'a.example/jwks',
    '//a.example/jwks',
    '',
    `https://a.example/${'a'.repeat(3000)}`,
    undefined,
    null,
    1,
    ['https://a.example/'],
  ])('may not be %p', (text) => {
    const { fault } = readRemoteAddress(text, false);
    expect(fault).toEqual(expect.any(String));
    expect(fault).not.toContain('password@');
    expect(() => make({ source: { jwksUri: text as string } })).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTION_INVALID',
        message: expect.stringMatching(/^jwksUri /),
      }) as unknown as Error,
    );
  });

  it('may be http where that is said, and nothing else', () => {
    expect(readRemoteAddress('http://a.example/jwks', true).fault).toBeUndefined();
    expect(readRemoteAddress('http://user@a.example/jwks', true).fault).toBeDefined();
    expect(readRemoteAddress('ftp://a.example/jwks', true).fault).toBeDefined();
  });

  it.each([
    'https://localhost./',
    'https://jwks.localhost/',
    'https://0.0.0.0/',
    'https://0:6379/',
    'https://[::]/',
    'https://[::ffff:127.0.0.1]/',
  ])('may not be %s in the metadata of who is elsewhere: a system asks itself there', (text) => {
    const elsewhere = new URL('https://a.example');
    expect(readPointedAddress(text, elsewhere, false).fault).toContain('on this machine');
    // Trusted without TLS is less.
    expect(readRemoteAddress(text.replace('https', 'http'), false).fault).toBeDefined();
  });

  it.each(['https://127.0.0.1/jwks', 'http://localhost:6379/', 'http://[::1]/'])(
    'may be %s in metadata only of who is there as well',
    (text) => {
      const elsewhere = new URL('https://a.example');
      expect(readPointedAddress(text, elsewhere, false).fault).toContain('on this machine');
      expect(readPointedAddress(text, new URL('http://127.0.0.1'), false).fault).toBeUndefined();
      expect(readPointedAddress(text, elsewhere, true).fault).toBeUndefined();
      expect(readPointedAddress('https://b.example', elsewhere, false).fault).toBeUndefined();
    },
  );

  it('must have a certificate that is vouched for', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const cert = pemOf('CERTIFICATE', certificateOf(privateKey, { from: 1.7e9, to: 2e9 }));
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const tls = createTlsServer({ key, cert }, (_, response) => response.end('{}')).listen(0, '127.0.0.1');
    await once(tls, 'listening');
    const jwksUri = `https://127.0.0.1:${(tls.address() as AddressInfo).port}/`;
    const scene = await opened(answers.hang, { source: () => ({ jwksUri }) });
    expect(scene.events[0]).toMatchObject({
      type: 'unavailable',
      message: expect.stringMatching(/SELF_SIGNED|CERT/),
    });
    await new Promise((resolve) => void tls.close(resolve));
  });
});

describe('The policy', () => {
  it.each([
    [{ maxStale: 59 }, 'maxStale'],
    [{ maxStale: Number.NaN }, 'maxStale'],
    [{ maxStale: Number.POSITIVE_INFINITY }, 'maxStale'],
    [{ deadline: 0 }, 'deadline'],
    [{ unknownKidInterval: -1 }, 'unknownKidInterval'],
    [{ allowInsecureHttp: 1 as unknown as boolean }, 'allowInsecureHttp'],
  ])('cannot be %p', (policy, name) => {
    expect(() => make({ policy })).toThrow(new RegExp(`^${name} `));
  });
});

describe('The schedule', () => {
  const policy = DEFAULT_REMOTE_KEY_POLICY;
  it.each([
    ['max-age=600', undefined, 600],
    ['public, Max-Age=600, stale-while-revalidate=60', undefined, 600],
    ['max-age="600"', undefined, 600],
    [' \t max-age = "600" , public', undefined, 600],
    ['max-age=600, max-age=20', undefined, 600],
    ['max-age=600', '200', 400],
    ['max-age=600', '600', 10],
    ['max-age=600', '99999999999999999999999', 10],
    ['max-age=600', '-5', 600],
    ['max-age=600', 'soon', 600],
    ['max-age=1', undefined, 10],
    ['max-age=86400', undefined, 3600],
    ['max-age=99999999999999999999999999999999', undefined, 3600],
    [`max-age=${'9'.repeat(400)}`, `${'9'.repeat(400)}`, 10],
    ['max-age=0', undefined, 300],
    ['no-store', undefined, 300],
    ['no-cache, no-store, max-age=0, must-revalidate', undefined, 300],
    ['max-age=600, no-store', undefined, 300],
    ['max-age=-1', undefined, 300],
    ['max-age=1.5', undefined, 300],
    ['max-age=ten', undefined, 300],
    ['max-age', undefined, 300],
    ['s-maxage=600', undefined, 300],
    [',,;=;', undefined, 300],
    ['', undefined, 300],
    [undefined, '100', 300],
  ])('takes Cache-Control: %s, Age: %s for %i s', (cacheControl, age, seconds) => {
    expect(freshFor({ cacheControl, age }, policy)).toBe(seconds);
  });

  it('is read in linear time', () => {
    for (const start of ['a', 'max-age=', 'max-age=1', ''])
      for (const end of ['!', '=', '"'])
        expect(freshFor({ cacheControl: start + ' '.repeat(1_000_000) + end, age: undefined }, policy)).toBe(
          300,
        );
  });

  it('never takes a set to be fresh for longer than it may be stale', () => {
    const strict = { ...policy, maxStale: 60 };
    expect(freshFor({ cacheControl: 'max-age=600', age: undefined }, strict)).toBe(60);
    expect(freshFor({ cacheControl: undefined, age: undefined }, strict)).toBe(60);
  });

  it('refreshes after three quarters of the time or a little more', () => {
    expect([0, 1].map((chance) => refreshAfter(100, chance))).toEqual([75_000, 90_000]);
  });

  it('waits twice as long after each failure, up to a bound, and up to a half more by chance', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 2000].map((failures) => retryAfter(failures, policy, 0));
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
    expect(retryAfter(1, policy, 1)).toBe(1500);
  });
});
