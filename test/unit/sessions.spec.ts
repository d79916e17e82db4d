import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createDecipheriv } from 'node:crypto';
import { inspect } from 'node:util';
import { OptionError } from '../../src/errors/developer-errors.js';
import {
  RefreshTokenInvalidError,
  RefreshTokenReusedError,
  StoreUnavailableError,
  TokenRevokedError,
} from '../../src/errors/session-errors.js';
import { SignerBusyError } from '../../src/errors/unavailable-errors.js';
import { EndedRecord } from '../../src/sessions/ended-record.js';
import { MemorySessionStore } from '../../src/sessions/memory-session-store.js';
import { partitionOfSid, partitionOfSub } from '../../src/sessions/partition.js';
import { RefreshToken } from '../../src/sessions/refresh-token.js';
import { assertSessionPolicy } from '../../src/sessions/session-policy.js';
import type { TokenResponse } from '../../src/sessions/token-response.js';
import { UnrevokedVerifier } from '../../src/sessions/unrevoked-verifier.js';
import { OwnIssuer } from '../../src/tokens/own-issuer.js';
import { TestClock } from '../../src/testing/index.js';
import { verifierWith } from '../support/mint.js';
import { RemoteStore } from '../support/remote-store.js';
import {
  makeSessions,
  POLICY,
  TestIssuer,
  type SessionBed,
  type SessionBedParts,
} from '../support/sessions.js';

/** Lets everything go on that waits for nothing but its turn. */
const settle = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** Lets the clock go on in steps, and what its timers start as well. */
async function pass(clock: TestClock, seconds: number): Promise<void> {
  for (let left = seconds; left > 0; left -= 0.1) {
    clock.advance(Math.min(0.1, left));
    await settle();
  }
}

const outcomeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'done',
    (error: { code?: string }) => error.code ?? error,
  );

const typesOf = ({ events }: SessionBed): string[] => events.map(({ type }) => type);

/** A right session part with another rotating part. */
const forge = (refreshToken: string): string =>
  `${refreshToken.slice(0, 44)}${RefreshToken.first('').text.slice(44)}`;

/** What is no refresh token, of every type. */
const MALFORMED: readonly (readonly [string, (good: string) => unknown])[] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['an empty text', () => ''],
  ['a number', () => 42],
  ['a bigint', () => 42n],
  ['a symbol', () => Symbol('token')],
  ['a function', () => () => 'token'],
  ['true', () => true],
  ['an object', () => ({})],
  ['an object that turns into the token', (good) => ({ toString: () => good, length: good.length })],
  ['a String object', (good) => new String(good)],
  ['a list with the token', (good) => [good]],
  ['a Buffer of the token', (good) => Buffer.from(good)],
  ['the session part', (good) => good.slice(0, 43)],
  ['the session part with its dot', (good) => good.slice(0, 44)],
  ['the rotating part', (good) => good.slice(44)],
  ['a token without its last character', (good) => good.slice(0, -1)],
  ['a token with one character more', (good) => `${good}A`],
  ['a token with a space before it', (good) => ` ${good}`],
  ['a token with a line break after it', (good) => `${good}\n`],
  ['a token with padding', (good) => `${good}=`],
  ['a token in the alphabet of base64', (good) => `+${good.slice(1)}`],
  ['a token with a third part', (good) => `${good}.${good.slice(44)}`],
  ['a token with another separator', (good) => good.replace('.', ':')],
  ['a token with stray bits in the session part', (good) => good.replace(/.\./, 'B.')],
  ['a token with stray bits in the rotating part', (good) => good.replace(/.$/, 'B')],
  ['a token with a character that looks alike', (good) => `\u0430${good.slice(1)}`],
  ['a megabyte', () => 'A'.repeat(2 ** 20)],
  ['an access token', () => 'eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl'],
];

describe('A refresh token', () => {
  it('is two texts of 43 characters in base64url with a dot between them', () => {
    expect(RefreshToken.first('alice').text).toMatch(/^[\w-]{43}\.[\w-]{43}$/);
  });

  it('is read back from its text as the same token', () => {
    const token = RefreshToken.first('alice');
    const again = RefreshToken.parse(token.text);
    expect([again.text, again.sid, again.lookUpHash]).toEqual([token.text, token.sid, token.lookUpHash]);
  });

  it('has another text, sid and hash every time one is made', () => {
    const tokens = Array.from({ length: 100 }, () => RefreshToken.first('alice'));
    for (const part of ['text', 'sid', 'lookUpHash'] as const) {
      expect(new Set(tokens.map((token) => token[part])).size).toBe(100);
    }
  });

  it('keeps the sid from one to the next, and nothing else of what a store sees', () => {
    const token = RefreshToken.first('alice');
    const next = token.successor();
    expect(next.sid).toBe(token.sid);
    expect(next.text.slice(0, 43)).toBe(token.text.slice(0, 43));
    expect(next.lookUpHash).not.toBe(token.lookUpHash);
    expect(next.text).not.toBe(token.text);
  });

  it('has a hash of both of its parts, so that the same rotating part in another session is another token', () => {
    const [one, other] = [RefreshToken.first('alice'), RefreshToken.first('alice')];
    const mixed = RefreshToken.parse(`${one.text.slice(0, 43)}.${other.text.slice(44)}`);
    expect([one.lookUpHash, other.lookUpHash]).not.toContain(mixed.lookUpHash);
  });

  it('shows nothing of itself in what a store sees', () => {
    const token = RefreshToken.first('alice');
    const seen = [token.sid, token.lookUpHash, token.seal(token.successor())].join();
    // The first octet is the partition, and no secret.
    for (const secret of [token.text.slice(2, 43), token.text.slice(44)]) {
      for (let at = 0; at + 8 <= secret.length; at++) expect(seen).not.toContain(secret.slice(at, at + 8));
    }
  });

  it('shows nothing of itself when it is logged', () => {
    const token = RefreshToken.first('alice');
    const logged = inspect(token, { depth: 9, showHidden: true }) + JSON.stringify(token);
    expect(logged).not.toContain(token.text.slice(2, 43));
    expect(logged).not.toContain(token.text.slice(44));
  });

  it('cannot be made from a sid: presenting it as the session part leads to another session', () => {
    const { sid } = RefreshToken.first('alice');
    const padded = Buffer.concat([Buffer.from(sid, 'base64url'), Buffer.alloc(32)])
      .subarray(0, 32)
      .toString('base64url');
    expect(RefreshToken.parse(`${padded}.${padded}`).sid).not.toBe(sid);
  });

  it('has a sid in the partition of its owner', () => {
    for (const sub of ['alice', 'bob', '', '😀', 'a'.repeat(10_000)]) {
      const { sid } = RefreshToken.first(sub);
      expect(sid).toMatch(/^[\w-]{24}$/);
      expect(partitionOfSid(sid)).toBe(partitionOfSub(sub));
    }
  });

  it.each(MALFORMED)('is not %s', (_, make) => {
    expect(() => RefreshToken.parse(make(RefreshToken.first('alice').text))).toThrow(
      RefreshTokenInvalidError,
    );
  });

  it('is never anything else than a refresh token or a RefreshTokenInvalidError', () => {
    const dotted = fc.tuple(fc.base64String(), fc.base64String()).map((parts) => parts.join('.'));
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.string({ minLength: 87, maxLength: 87 }), dotted), (input) => {
        try {
          expect(RefreshToken.parse(input).text).toBe(input);
        } catch (error) {
          expect(error).toBeInstanceOf(RefreshTokenInvalidError);
        }
      }),
    );
  });

  describe('seals its successor so that', () => {
    const token = RefreshToken.first('alice');
    const successor = token.successor();
    const sealed = token.seal(successor);

    it('the token can open it', () => {
      expect(RefreshToken.parse(token.text).open(sealed).text).toBe(successor.text);
    });

    it.each([
      ['the successor', successor],
      ['another successor', token.successor()],
      ['a token of another session', RefreshToken.first('alice')],
      [
        'the same rotating part in another session',
        RefreshToken.parse(`${RefreshToken.first('alice').text.slice(0, 43)}.${token.text.slice(44)}`),
      ],
    ])('%s cannot', (_, other) => {
      expect(() => other.open(sealed)).toThrow('authenticate');
    });

    it('the hash that a store knows does not open it', () => {
      const octets = Buffer.from(sealed, 'base64url');
      for (const known of [token.lookUpHash, successor.lookUpHash]) {
        const decipher = createDecipheriv(
          'aes-256-gcm',
          Buffer.from(known, 'base64url'),
          octets.subarray(0, 12),
        );
        decipher.setAuthTag(octets.subarray(-16));
        decipher.update(octets.subarray(12, -16));
        expect(() => decipher.final()).toThrow('authenticate');
      }
    });

    it('no octet of it can be changed', () => {
      const octets = Buffer.from(sealed, 'base64url');
      for (let at = 0; at < octets.length; at++) {
        const changed = Buffer.from(octets);
        changed[at]! ^= 1;
        expect(() => token.open(changed.toString('base64url'))).toThrow('authenticate');
      }
    });

    it.each(['', 'A', sealed.slice(0, -4), `${sealed}AAAA`, '*'.repeat(80)])(
      '%p is not taken for it',
      (text) => {
        expect(() => token.open(text)).toThrow('length');
      },
    );

    it('the result is another text every time, for one key must not encrypt twice under one nonce', () => {
      const nonces = Array.from({ length: 50 }, () => token.seal(successor).slice(0, 16));
      expect(new Set(nonces).size).toBe(50);
    });
  });
});

describe('Starting a session', () => {
  it('answers as RFC 6749 §5.1 says', async () => {
    const { sessions } = makeSessions();
    const response = await sessions.start({ sub: 'alice', scope: 'read write' });
    expect(response).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      token_type: 'Bearer',
      expires_in: 300,
      refresh_token: expect.stringMatching(/^[\w-]{43}\.[\w-]{43}$/),
      scope: 'read write',
    });
    expect(await sessions.start({ sub: 'alice' })).not.toHaveProperty('scope');
  });

  it('issues an access token with the claims, the sid and the time at which credentials were given', async () => {
    const { sessions, clock } = makeSessions();
    const { access_token, refresh_token } = await sessions.start({
      sub: 'alice',
      roles: ['a'],
      nested: { deep: [1] },
    });
    const claims = await verifierWith({}, clock).verify(access_token);
    expect(claims).toMatchObject({
      sub: 'alice',
      roles: ['a'],
      nested: { deep: [1] },
      auth_time: clock.now(),
      iat: clock.now(),
    });
    expect(claims.sid).toBe(RefreshToken.parse(refresh_token).sid);
  });

  it('lists it for its owner, with the device', async () => {
    const { sessions, clock } = makeSessions();
    await sessions.start({ sub: 'alice' }, { device: 'a phone' });
    clock.advance(10);
    await sessions.start({ sub: 'alice' });
    await sessions.start({ sub: 'bob' });
    const [second, first, ...others] = await sessions.list('alice');
    expect(others).toEqual([]);
    expect(first).toEqual({
      sid: expect.any(String),
      started: clock.now() - 10,
      refreshed: clock.now() - 10,
      device: 'a phone',
    });
    expect(second).toEqual({ sid: expect.any(String), started: clock.now(), refreshed: clock.now() });
  });

  it('keeps the claims as they are at that moment', async () => {
    const { sessions, clock } = makeSessions();
    const claims = { sub: 'alice', roles: ['user'] };
    const { refresh_token } = await sessions.start(claims);
    claims.roles.push('admin');
    claims.sub = 'mallory';
    const { access_token } = await sessions.refresh(refresh_token);
    expect(await verifierWith({}, clock).verify(access_token)).toMatchObject({
      sub: 'alice',
      roles: ['user'],
    });
  });

  it.each([
    ['no sub', {}],
    ['an empty sub', { sub: '' }],
    ['a sub that is a number', { sub: 42 }],
    ['a sub with a lone surrogate', { sub: 'a\ud800' }],
    ['a Date among them', { sub: 'alice', since: new Date() }],
    ['a claim that is undefined', { sub: 'alice', role: undefined }],
    ['fresh among them', { sub: 'alice', fresh: true }],
    ['nothing at all', undefined],
    ['a text', 'alice'],
    ['a list', [{ sub: 'alice' }]],
  ])('refuses claims with %s, and starts nothing', async (_, claims) => {
    const bed = makeSessions();
    await expect(bed.sessions.start(claims as never)).rejects.toThrow(OptionError);
    expect(await bed.sessions.list('alice')).toEqual([]);
    expect(bed.events).toEqual([]);
  });

  it('starts nothing when the access token cannot be issued', async () => {
    const bed = makeSessions();
    bed.issuer.beforeSigning = () => {
      throw new OptionError('ERR_OPTION_CLAIM', 'The claim exp cannot be given.');
    };
    expect(await outcomeOf(bed.sessions.start({ sub: 'alice' }))).toBe('ERR_OPTION_CLAIM');
    expect(await bed.sessions.list('alice')).toEqual([]);
    expect(bed.events).toEqual([]);
  });

  it.each([
    ['x'.repeat(1000), 'x'.repeat(256)],
    [`${'x'.repeat(255)}😀`, `${'x'.repeat(255)}\ufffd`],
    ['', undefined],
    ['a\ud800b', 'a\ufffdb'],
  ])('cuts a device of %p', async (device, kept) => {
    const { sessions } = makeSessions();
    await sessions.start({ sub: 'alice' }, { device });
    expect((await sessions.list('alice'))[0]!.device).toBe(kept);
  });

  it('refuses a device that is not a text', async () => {
    const { sessions } = makeSessions();
    expect(await outcomeOf(sessions.start({ sub: 'alice' }, { device: {} as string }))).toBe(
      'ERR_OPTION_INVALID',
    );
  });
});

describe('Refreshing', () => {
  it('gives a new pair of tokens for the same session and the same claims', async () => {
    const { sessions, clock } = makeSessions();
    const first = await sessions.start({ sub: 'alice', scope: 'read', roles: ['a'] });
    clock.advance(200);
    const second = await sessions.refresh(first.refresh_token);
    expect(second).toMatchObject({ token_type: 'Bearer', expires_in: 300, scope: 'read' });
    expect(second.refresh_token).not.toBe(first.refresh_token);
    const verifier = verifierWith({}, clock);
    const [before, after] = [
      await verifier.verify(first.access_token),
      await verifier.verify(second.access_token),
    ];
    expect(after).toMatchObject({
      sub: 'alice',
      scope: 'read',
      roles: ['a'],
      sid: before.sid,
      iat: clock.now(),
    });
    expect(after.jti).not.toBe(before.jti);
  });

  it('leaves auth_time where it was: only a session that just started issues fresh tokens', async () => {
    const { sessions, clock } = makeSessions();
    const { access_token, refresh_token } = await sessions.start({ sub: 'alice' });
    clock.advance(60);
    const refreshed = await sessions.refresh(refresh_token);
    const [before, after] = await Promise.all(
      [access_token, refreshed.access_token].map((token) => verifierWith({}, clock).verify(token)),
    );
    expect(before!.iat! - before!.auth_time!).toBe(0);
    expect(after!.iat! - after!.auth_time!).toBe(60);
    expect([before!.fresh, after!.fresh]).toEqual([true, undefined]);
  });

  it('goes on and on, with each token once', async () => {
    const { sessions } = makeSessions();
    let { refresh_token } = await sessions.start({ sub: 'alice' });
    for (let count = 0; count < 10; count++)
      refresh_token = (await sessions.refresh(refresh_token)).refresh_token;
    expect(await sessions.list('alice')).toHaveLength(1);
  });

  it('gives two tabs the same successor, and each an access token of its own', async () => {
    const bed = makeSessions();
    const { refresh_token } = await bed.sessions.start({ sub: 'alice' });
    const answers = await Promise.all([
      bed.sessions.refresh(refresh_token),
      bed.sessions.refresh(refresh_token),
    ]);
    expect(answers[0].refresh_token).toBe(answers[1].refresh_token);
    expect(answers[0].access_token).not.toBe(answers[1].access_token);
    expect(typesOf(bed)).toEqual(['started', 'refreshed', 'repeated']);
    expect(await outcomeOf(bed.sessions.refresh(answers[1].refresh_token))).toBe('done');
  });

  it('gives 200 that ask at once the same successor', async () => {
    const bed = makeSessions();
    const { refresh_token } = await bed.sessions.start({ sub: 'alice' });
    const answers = await Promise.all(Array.from({ length: 200 }, () => bed.sessions.refresh(refresh_token)));
    expect(new Set(answers.map((answer) => answer.refresh_token)).size).toBe(1);
    expect(typesOf(bed).filter((type) => type === 'refreshed')).toHaveLength(1);
    expect(typesOf(bed).filter((type) => type === 'repeated')).toHaveLength(199);
  });

  it('in strict mode has one winner among 200, and the session is over', async () => {
    const bed = makeSessions({ policy: { reuseInterval: 0 } });
    const other = await bed.sessions.start({ sub: 'alice' });
    const { refresh_token } = await bed.sessions.start({ sub: 'alice' });
    const settled = await Promise.allSettled(
      Array.from({ length: 200 }, () => bed.sessions.refresh(refresh_token)),
    );
    const winners = settled.filter(
      (result): result is PromiseFulfilledResult<TokenResponse> => result.status === 'fulfilled',
    );
    expect(winners).toHaveLength(1);
    expect(await outcomeOf(bed.sessions.refresh(winners[0]!.value.refresh_token))).toBe(
      'ERR_REFRESH_TOKEN_INVALID',
    );
    expect(typesOf(bed).filter((type) => type === 'reused')).toHaveLength(1);
    expect(await outcomeOf(bed.sessions.refresh(other.refresh_token))).toBe('done');
  });

  it('repeats until the reuse interval is over, and not at that moment any more', async () => {
    const { sessions, clock } = makeSessions();
    const { refresh_token } = await sessions.start({ sub: 'alice' });
    await sessions.refresh(refresh_token);
    clock.advance(9.9);
    expect(await outcomeOf(sessions.refresh(refresh_token))).toBe('done');
    clock.advance(0.1);
    expect(await outcomeOf(sessions.refresh(refresh_token))).toBe('ERR_REFRESH_TOKEN_REUSED');
  });

  it('does not keep the sealed successor a moment longer', async () => {
    const { sessions, clock, store } = makeSessions();
    const first = await sessions.start({ sub: 'alice' });
    const presented = RefreshToken.parse(first.refresh_token);
    const { refresh_token } = await sessions.refresh(first.refresh_token);
    // Whoever could set the clock back would not find it again.
    clock.advance(10);
    clock.setNow(clock.now() - 10);
    const result = await store.rotate({
      ...POLICY,
      sid: presented.sid,
      presented: presented.lookUpHash,
      successor: 'x',
      sealed: 'y',
    });
    expect(result.outcome).toBe('reused');
    expect(await outcomeOf(sessions.refresh(refresh_token))).toBe('ERR_REFRESH_TOKEN_INVALID');
  });

  it('does not hand it out again where only the wall clock has gone on', async () => {
    const { sessions, clock } = makeSessions();
    const { refresh_token } = await sessions.start({ sub: 'alice' });
    await sessions.refresh(refresh_token);
    clock.setNow(clock.now() + 10);
    expect(await outcomeOf(sessions.refresh(refresh_token))).toBe('ERR_REFRESH_TOKEN_REUSED');
  });

  it.each([
    [0, 'ERR_REFRESH_TOKEN_REUSED'],
    [1, 'ERR_REFRESH_TOKEN_REUSED'],
    [2, 'ERR_REFRESH_TOKEN_REUSED'],
    [3, 'done'],
    [4, 'done'],
  ])('with token %d of a chain of five is %s', async (generation, expected) => {
    const { sessions } = makeSessions();
    const chain = [(await sessions.start({ sub: 'alice' })).refresh_token];
    for (let at = 0; at < 4; at++) chain.push((await sessions.refresh(chain[at])).refresh_token);
    expect(await outcomeOf(sessions.refresh(chain[generation]))).toBe(expected);
    expect(await outcomeOf(sessions.refresh(chain[4]))).toBe(
      expected === 'done' ? 'done' : 'ERR_REFRESH_TOKEN_INVALID',
    );
  });

  it('with a spent token ends the session, says whose, and refuses its access tokens at once', async () => {
    const bed = makeSessions();
    const first = await bed.sessions.start({ sub: 'alice' }, { device: 'a phone' });
    const second = await bed.sessions.refresh(first.refresh_token);
    const third = await bed.sessions.refresh(second.refresh_token);
    const verifier = new UnrevokedVerifier(verifierWith({}, bed.clock), bed.ended, new OwnIssuer());
    expect(await outcomeOf(verifier.verify(third.access_token))).toBe('done');
    await expect(bed.sessions.refresh(first.refresh_token)).rejects.toThrow(RefreshTokenReusedError);
    const { sid } = RefreshToken.parse(first.refresh_token);
    expect(bed.events.slice(-2)).toEqual([
      { type: 'reused', sid, sub: 'alice', device: 'a phone' },
      { type: 'ended', sid, sub: 'alice', device: 'a phone' },
    ]);
    for (const { access_token } of [first, second, third]) {
      expect(await outcomeOf(verifier.verify(access_token))).toBe('ERR_TOKEN_REVOKED');
    }
  });

  it('with a right session part and a wrong rotating part is reuse', async () => {
    const { sessions } = makeSessions();
    const { refresh_token } = await sessions.start({ sub: 'alice' });
    expect(await outcomeOf(sessions.refresh(forge(refresh_token)))).toBe('ERR_REFRESH_TOKEN_REUSED');
    expect(await outcomeOf(sessions.refresh(refresh_token))).toBe('ERR_REFRESH_TOKEN_INVALID');
  });

  it.each(MALFORMED)('with %s ends nothing', async (_, make) => {
    const bed = makeSessions();
    const { refresh_token } = await bed.sessions.start({ sub: 'alice' });
    expect(await outcomeOf(bed.sessions.refresh(make(refresh_token)))).toBe('ERR_REFRESH_TOKEN_INVALID');
    expect(await bed.sessions.endByRefreshToken(make(refresh_token))).toBe(false);
    expect(typesOf(bed)).toEqual(['started']);
    expect(await outcomeOf(bed.sessions.refresh(refresh_token))).toBe('done');
  });

  it('with a token of nobody ends nothing', async () => {
    const bed = makeSessions();
    const { refresh_token } = await bed.sessions.start({ sub: 'alice' });
    expect(await outcomeOf(bed.sessions.refresh(RefreshToken.first('alice').text))).toBe(
      'ERR_REFRESH_TOKEN_INVALID',
    );
    expect(typesOf(bed)).toEqual(['started']);
    expect(await outcomeOf(bed.sessions.refresh(refresh_token))).toBe('done');
  });

  it('says no token in any error, event or log line', async () => {
    const bed = makeSessions();
    const tokens = [(await bed.sessions.start({ sub: 'alice' })).refresh_token];
    for (let at = 0; at < 3; at++) tokens.push((await bed.sessions.refresh(tokens[at])).refresh_token);
    const error = await bed.sessions.refresh(tokens[0]).catch((reason: unknown) => reason);
    const said = inspect([error, bed.events], { depth: 9 });
    for (const token of tokens) expect(said).not.toContain(token.slice(2, 43));
  });
});

describe('A session is over', () => {
  it('when it was not refreshed within refreshTokenTtl', async () => {
    const { sessions, clock } = makeSessions({ policy: { refreshTokenTtl: 100 } });
    const first = await sessions.start({ sub: 'alice' });
    clock.advance(99.9);
    const { refresh_token } = await sessions.refresh(first.refresh_token);
    clock.advance(100);
    expect(await outcomeOf(sessions.refresh(refresh_token))).toBe('ERR_REFRESH_TOKEN_INVALID');
    expect(await sessions.list('alice')).toEqual([]);
  });

  it('after sessionTtl, however often it was refreshed, and no access token outlives it', async () => {
    const { sessions, clock } = makeSessions({ policy: { refreshTokenTtl: 100, sessionTtl: 1000 } });
    let response = await sessions.start({ sub: 'alice' });
    for (let passed = 0; passed < 950; passed += 50) {
      clock.advance(50);
      response = await sessions.refresh(response.refresh_token);
    }
    expect(response.expires_in).toBe(50);
    clock.advance(50);
    expect(await outcomeOf(sessions.refresh(response.refresh_token))).toBe('ERR_REFRESH_TOKEN_INVALID');
  });

  it('when it is ended, for all of its tokens', async () => {
    const bed = makeSessions();
    const first = await bed.sessions.start({ sub: 'alice' });
    const second = await bed.sessions.refresh(first.refresh_token);
    const { sid } = RefreshToken.parse(first.refresh_token);
    expect(await bed.sessions.end(sid)).toBe(true);
    expect(await bed.sessions.end(sid)).toBe(false);
    for (const { refresh_token } of [first, second]) {
      expect(await outcomeOf(bed.sessions.refresh(refresh_token))).toBe('ERR_REFRESH_TOKEN_INVALID');
    }
    expect(bed.events.slice(2)).toEqual([{ type: 'ended', sid, sub: 'alice' }]);
    const verifier = new UnrevokedVerifier(verifierWith({}, bed.clock), bed.ended, new OwnIssuer());
    expect(await outcomeOf(verifier.verify(second.access_token))).toBe('ERR_TOKEN_REVOKED');
  });

  it.each(['current', 'spent', 'forged'])(
    'when somebody logs out with its %s refresh token',
    async (which) => {
      const { sessions } = makeSessions();
      const spent = (await sessions.start({ sub: 'alice' })).refresh_token;
      const current = (await sessions.refresh(spent)).refresh_token;
      const presented = { current, spent, forged: forge(current) }[which];
      expect(await sessions.endByRefreshToken(presented)).toBe(true);
      expect(await sessions.endByRefreshToken(presented)).toBe(false);
      expect(await sessions.list('alice')).toEqual([]);
    },
  );

  it('when all of its owner are ended, except the one that is named', async () => {
    const bed = makeSessions();
    const all = [];
    for (let count = 0; count < 3; count++) all.push(await bed.sessions.start({ sub: 'alice' }));
    const bob = await bed.sessions.start({ sub: 'bob' });
    const kept = RefreshToken.parse(all[1]!.refresh_token).sid;
    expect(await bed.sessions.endAll('alice', { except: kept })).toBe(2);
    expect((await bed.sessions.list('alice')).map(({ sid }) => sid)).toEqual([kept]);
    expect(typesOf(bed).filter((type) => type === 'ended')).toHaveLength(2);
    expect(await outcomeOf(bed.sessions.refresh(bob.refresh_token))).toBe('done');
    expect(await bed.sessions.endAll('alice')).toBe(1);
    expect(await bed.sessions.endAll('nobody')).toBe(0);
  });

  it('but not one that starts in the same second as all are ended', async () => {
    const bed = makeSessions();
    await bed.sessions.start({ sub: 'alice' });
    await bed.sessions.endAll('alice');
    const after = await bed.sessions.start({ sub: 'alice' });
    const verifier = new UnrevokedVerifier(verifierWith({}, bed.clock), bed.ended, new OwnIssuer());
    expect(await outcomeOf(verifier.verify(after.access_token))).toBe('done');
    expect(await outcomeOf(bed.sessions.refresh(after.refresh_token))).toBe('done');
  });

  it.each([undefined, null, '', 42, {}, ['alice']])('for nobody when %p is asked for', async (value) => {
    const { sessions } = makeSessions();
    await sessions.start({ sub: 'alice' });
    const asked = value as never;
    for (const promise of [
      sessions.end(asked),
      sessions.endAll(asked),
      sessions.list(asked),
      sessions.revokeToken(asked),
    ]) {
      expect(await outcomeOf(promise)).toBe('ERR_OPTION_INVALID');
    }
    expect(await sessions.list('alice')).toHaveLength(1);
  });
});

describe('A busy signer', () => {
  it('costs nobody a refresh token, and starts no session', async () => {
    const clock = new TestClock();
    const issuer = new TestIssuer(clock, 1);
    const bed = makeSessions({ clock, issuer, policy: { reuseInterval: 0 } });
    const { refresh_token } = await bed.sessions.start({ sub: 'alice' });
    const slot = issuer.reserve();
    await expect(bed.sessions.refresh(refresh_token)).rejects.toThrow(SignerBusyError);
    await expect(bed.sessions.start({ sub: 'alice' })).rejects.toThrow(SignerBusyError);
    slot.release();
    expect(await bed.sessions.list('alice')).toHaveLength(1);
    expect(await outcomeOf(bed.sessions.refresh(refresh_token))).toBe('done');
  });

  it('gets its slot back whatever comes of a request', async () => {
    const clock = new TestClock();
    const issuer = new TestIssuer(clock, 1);
    const remote = new RemoteStore(new MemorySessionStore({ clock }));
    const { sessions } = makeSessions({ clock, issuer, store: remote });
    const first = (await sessions.start({ sub: 'alice' })).refresh_token;
    const second = (await sessions.refresh(first)).refresh_token;
    const outcomes = [
      await outcomeOf(sessions.start({ sub: '' })),
      await outcomeOf(sessions.refresh('malformed')),
      await outcomeOf(sessions.refresh(RefreshToken.first('alice').text)),
      await outcomeOf(sessions.refresh(first)),
    ];
    remote.failure = new Error('down');
    outcomes.push(
      await outcomeOf(sessions.refresh(second)),
      await outcomeOf(sessions.start({ sub: 'alice' })),
    );
    remote.failure = undefined;
    issuer.beforeSigning = () => Promise.reject(new Error('the HSM is down'));
    outcomes.push(
      await outcomeOf(sessions.refresh(second)),
      await outcomeOf(sessions.start({ sub: 'alice' })),
    );
    issuer.beforeSigning = () => undefined;
    outcomes.push(await outcomeOf(sessions.refresh(forge(second))));
    expect(outcomes).toEqual([
      'ERR_OPTION_INVALID',
      'ERR_REFRESH_TOKEN_INVALID',
      'ERR_REFRESH_TOKEN_INVALID',
      'done',
      'ERR_STORE_UNAVAILABLE',
      'ERR_STORE_UNAVAILABLE',
      new Error('the HSM is down'),
      new Error('the HSM is down'),
      'ERR_REFRESH_TOKEN_REUSED',
    ]);
    issuer.reserve().release();
  });

  it('that fails after the token was spent loses nothing: the same token gets the same successor', async () => {
    const bed = makeSessions();
    const { refresh_token } = await bed.sessions.start({ sub: 'alice' });
    bed.issuer.beforeSigning = () => Promise.reject(new Error('the HSM is down'));
    await expect(bed.sessions.refresh(refresh_token)).rejects.toThrow('the HSM is down');
    bed.issuer.beforeSigning = () => undefined;
    const again = await bed.sessions.refresh(refresh_token);
    expect(await outcomeOf(bed.sessions.refresh(again.refresh_token))).toBe('done');
  });
});

describe('A store that fails', () => {
  it('is StoreUnavailableError from every method, with what it said as the cause, and nothing is spent', async () => {
    const clock = new TestClock();
    const remote = new RemoteStore(new MemorySessionStore({ clock }));
    const { sessions } = makeSessions({ clock, store: remote });
    const { refresh_token } = await sessions.start({ sub: 'alice' });
    const { sid } = RefreshToken.parse(refresh_token);
    remote.failure = new TypeError('fetch failed');
    for (const ask of [
      () => sessions.start({ sub: 'alice' }),
      () => sessions.refresh(refresh_token),
      () => sessions.end(sid),
      () => sessions.endByRefreshToken(refresh_token),
      () => sessions.endAll('alice'),
      () => sessions.list('alice'),
      () => sessions.revokeToken('jti'),
    ]) {
      const error = await ask().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(StoreUnavailableError);
      expect(error).toMatchObject({
        code: 'ERR_STORE_UNAVAILABLE',
        fault: 'server',
        retryAfter: 1,
        cause: remote.failure,
      });
    }
    remote.failure = undefined;
    expect(await outcomeOf(sessions.refresh(refresh_token))).toBe('done');
    expect(await sessions.list('alice')).toHaveLength(1);
  });

  it('or that returns what the token did not seal is unavailable, not a wrong answer', async () => {
    const clock = new TestClock();
    const memory = new MemorySessionStore({ clock });
    const remote = new RemoteStore(memory);
    remote.rotate = async (request) => {
      const result = await memory.rotate(request);
      return result.outcome === 'repeated' ? { ...result, sealed: 'A'.repeat(80) } : result;
    };
    const { sessions } = makeSessions({ clock, store: remote });
    const { refresh_token } = await sessions.start({ sub: 'alice' });
    await sessions.refresh(refresh_token);
    expect(await outcomeOf(sessions.refresh(refresh_token))).toBe('ERR_STORE_UNAVAILABLE');
  });
});

describe('MemorySessionStore, when it is full,', () => {
  it('refuses to start a session with 503, and goes on refreshing and ending', async () => {
    const clock = new TestClock();
    const { sessions } = makeSessions({ clock, store: new MemorySessionStore({ clock, maxSessions: 3 }) });
    const { refresh_token } = await sessions.start({ sub: 'alice' });
    await sessions.start({ sub: 'alice' });
    await sessions.start({ sub: 'bob' });
    expect(await sessions.start({ sub: 'carol' }).catch((error: unknown) => error)).toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      retryAfter: 60,
    });
    expect(await outcomeOf(sessions.refresh(refresh_token))).toBe('done');
    expect(await sessions.endAll('alice')).toBe(2);
  });

  it('never forgets a session that ended before its access tokens have expired', async () => {
    const clock = new TestClock();
    const store = new MemorySessionStore({ clock, maxSessions: 2 });
    const { sessions, ended } = makeSessions({ clock, store, policy: { retention: 1000 } });
    const sids = [];
    for (const sub of ['alice', 'bob']) {
      const { sid } = RefreshToken.parse((await sessions.start({ sub })).refresh_token);
      await sessions.end(sid);
      sids.push(sid);
    }
    clock.advance(1000);
    expect(await outcomeOf(sessions.start({ sub: 'carol' }))).toBe('ERR_STORE_UNAVAILABLE');
    for (const sid of sids) expect(() => ended.assertNotRevoked({ sid })).toThrow(TokenRevokedError);
    clock.advance(0.1);
    expect(await outcomeOf(sessions.start({ sub: 'carol' }))).toBe('done');
    for (const sid of sids) expect(() => ended.assertNotRevoked({ sid })).not.toThrow();
  });

  it('does not forget what ended because the wall clock was set forward for a while', async () => {
    const clock = new TestClock();
    const store = new MemorySessionStore({ clock });
    const { sessions, ended } = makeSessions({ clock, store });
    await sessions.revokeToken('jti');
    const now = clock.now();
    clock.setNow(now + 10 * POLICY.retention);
    await sessions.list('alice');
    clock.setNow(now);
    expect(() => ended.assertNotRevoked({ jti: 'jti' })).toThrow(TokenRevokedError);
  });

  it('makes room by forgetting the sessions that are over', async () => {
    const clock = new TestClock();
    const store = new MemorySessionStore({ clock, maxSessions: 100 });
    const { sessions } = makeSessions({ clock, store, policy: { refreshTokenTtl: 100 } });
    for (let count = 0; count < 100; count++) await sessions.start({ sub: `user ${count}` });
    expect(await outcomeOf(sessions.start({ sub: 'one more' }))).toBe('ERR_STORE_UNAVAILABLE');
    clock.advance(100);
    for (let count = 0; count < 100; count++)
      expect(await outcomeOf(sessions.start({ sub: 'one more' }))).toBe('done');
  });

  it('refuses to take back more tokens than there is room for, and says so', async () => {
    const clock = new TestClock();
    const { sessions } = makeSessions({ clock, store: new MemorySessionStore({ clock, maxSessions: 1 }) });
    await sessions.revokeToken('one');
    await sessions.revokeToken('one');
    expect(await outcomeOf(sessions.revokeToken('two'))).toBe('ERR_STORE_UNAVAILABLE');
  });

  it.each([0, -1, 1.5, Number.NaN, '100'])('cannot be made for %p sessions', (maxSessions) => {
    expect(() => new MemorySessionStore({ maxSessions: maxSessions as number })).toThrow(OptionError);
  });

  it('says at the start that it is for one process', async () => {
    const bed = makeSessions();
    await bed.sessions.open();
    expect(bed.events).toEqual([
      { type: 'advice', message: expect.stringMatching(/memory of this process.*RedisSessionStore/) },
    ]);
  });
});

describe('What ended', () => {
  /** Two processes on one store that is neither's own. */
  function twoProcesses(parts: SessionBedParts = {}) {
    const clock = new TestClock();
    const memory = new MemorySessionStore({ clock });
    const [storeA, storeB] = [new RemoteStore(memory), new RemoteStore(memory)];
    const [a, b] = [
      makeSessions({ ...parts, clock, store: storeA }),
      makeSessions({ ...parts, clock, store: storeB }),
    ];
    return { clock, a, b, storeA, storeB };
  }

  it('is refused in the process that ended it at once, and in others within a second', async () => {
    const { clock, a, b } = twoProcesses();
    await Promise.all([a.ended.open(), b.ended.open()]);
    const { access_token, refresh_token } = await a.sessions.start({ sub: 'alice' });
    const [inA, inB] = [a, b].map(
      ({ ended }) => new UnrevokedVerifier(verifierWith({}, clock), ended, new OwnIssuer()),
    );
    for (const verifier of [inA!, inB!]) expect(await outcomeOf(verifier.verify(access_token))).toBe('done');
    await a.sessions.endByRefreshToken(refresh_token);
    expect(await outcomeOf(inA!.verify(access_token))).toBe('ERR_TOKEN_REVOKED');
    await pass(clock, 1);
    expect(await outcomeOf(inB!.verify(access_token))).toBe('ERR_TOKEN_REVOKED');
  });

  it('is known from before the process started', async () => {
    const { a, b } = twoProcesses();
    await a.sessions.revokeToken('taken back');
    await b.ended.open();
    expect(() => b.ended.assertNotRevoked({ jti: 'taken back' })).toThrow(TokenRevokedError);
    expect(() => b.ended.assertNotRevoked({ jti: 'another' })).not.toThrow();
  });

  it('is asked for in pieces until there is no more', async () => {
    const { a, b } = twoProcesses();
    const jtis = Array.from({ length: 2500 }, (_, index) => `token ${index}`);
    for (const jti of jtis) await a.sessions.revokeToken(jti);
    await b.ended.open();
    for (const jti of jtis) expect(() => b.ended.assertNotRevoked({ jti })).toThrow(TokenRevokedError);
  });

  it('is found in pieces, sessions and tokens in one order, and each once', async () => {
    const clock = new TestClock();
    const record = new EndedRecord(clock);
    const expected: string[] = [];
    const add = (kind: 'sid' | 'jti', count: number) => {
      for (let at = 0; at < count; at++) {
        record.add(kind, `${kind} ${expected.length}`, { retention: 60, now: clock.now() });
        expected.push(`${kind} ${expected.length}`);
      }
    };
    add('jti', 500);
    add('sid', 1600);
    add('jti', 100);
    const [found, pieces]: [string[], number[]] = [[], []];
    let cursor: string | undefined;
    for (let more = true; more;) {
      const since = record.since(cursor, clock.now());
      found.push(...since.ended.map(({ id }) => id));
      pieces.push(since.ended.length);
      ({ cursor, more } = since);
    }
    expect(found).toEqual(expected);
    expect(pieces).toEqual([1000, 1000, 200]);
  });

  it('is not asked for again and again where a store says that there is more and does not get on', async () => {
    const { b, storeB } = twoProcesses();
    let asked = 0;
    storeB.endedSince = async () => {
      asked++;
      return { ended: [{ kind: 'jti', id: 'jti', age: 0 }], cursor: 'the same', more: true };
    };
    await b.ended.open();
    expect(asked).toBe(2);
    expect(() => b.ended.assertNotRevoked({ jti: 'jti' })).toThrow(TokenRevokedError);
    b.ended.close();
  });

  it('does not mix up a sid and a jti of the same text', async () => {
    const { a } = twoProcesses();
    await a.ended.open();
    await a.sessions.revokeToken('text');
    expect(() => a.ended.assertNotRevoked({ sid: 'text' })).not.toThrow();
    expect(() => a.ended.assertNotRevoked({ sid: 'other', jti: 'text' })).toThrow(TokenRevokedError);
  });

  it.each(['none', 'session'] as const)(
    'needs a jti to be taken back, with revocation %s',
    async (revocation) => {
      const { sessions } = makeSessions({ policy: { revocation } });
      expect(await outcomeOf(sessions.revokeToken('a.b.c'))).toBe('ERR_OPTION_INVALID');
      expect(await outcomeOf(sessions.revokeToken('a jti'))).toBe(
        revocation === 'session' ? 'done' : 'ERR_OPTION_INVALID',
      );
    },
  );

  it('is not forgotten before its retention is over, by whichever clock is behind', async () => {
    const { clock, a } = twoProcesses({ policy: { retention: 100 } });
    await a.ended.open();
    await a.sessions.revokeToken('jti');
    const isRevoked = () => outcomeOf((async () => a.ended.assertNotRevoked({ jti: 'jti' }))());
    clock.setNow(clock.now() + 1000);
    await pass(clock, 5);
    expect(await isRevoked()).toBe('ERR_TOKEN_REVOKED');
    clock.setNow(clock.now() - 1000);
    await pass(clock, 94);
    expect(await isRevoked()).toBe('ERR_TOKEN_REVOKED');
    await pass(clock, 2);
    expect(await isRevoked()).toBe('done');
  });

  it('is kept for the longer time when it is reported again after a clock was set back', async () => {
    const { clock, b, storeB } = twoProcesses({ policy: { retention: 100 } });
    let reports = 0;
    storeB.endedSince = async () => ({
      ended: [{ kind: 'jti', id: 'jti', age: 0 }],
      cursor: String(reports++),
      more: false,
    });
    await b.ended.open();
    clock.setNow(clock.now() - 1000);
    await pass(clock, 1);
    storeB.endedSince = async () => ({ ended: [], cursor: 'end', more: false });
    await pass(clock, 110);
    expect(reports).toBeGreaterThan(1);
    expect(() => b.ended.assertNotRevoked({ jti: 'jti' })).toThrow(TokenRevokedError);
    b.ended.close();
  });

  it('is on the list for no longer than its age leaves', async () => {
    const { clock, a, b } = twoProcesses({ policy: { retention: 100 } });
    await a.sessions.revokeToken('jti');
    clock.advance(90);
    await b.ended.open();
    await pass(clock, 9);
    expect(() => b.ended.assertNotRevoked({ jti: 'jti' })).toThrow(TokenRevokedError);
    await pass(clock, 2);
    expect(() => b.ended.assertNotRevoked({ jti: 'jti' })).not.toThrow();
  });

  it('is no question for a token that belongs to no session and has no jti', async () => {
    const { b } = twoProcesses();
    expect(() => b.ended.assertNotRevoked({ sub: 'alice' })).not.toThrow();
  });

  it('is not known before the store was asked for the first time, so what asks is refused', () => {
    const { b } = twoProcesses();
    expect(() => b.ended.assertNotRevoked({ sid: 'sid' })).toThrow(StoreUnavailableError);
    expect(() => b.ended.assertNotRevoked({ jti: 'jti' })).toThrow(StoreUnavailableError);
  });

  it('is known for 30 s after the store went down; then access tokens are refused with 503', async () => {
    const { clock, b, storeB } = twoProcesses();
    await b.ended.open();
    storeB.failure = new Error('down');
    await pass(clock, 29.9);
    expect(() => b.ended.assertNotRevoked({ sid: 'sid' })).not.toThrow();
    await pass(clock, 0.2);
    expect(() => b.ended.assertNotRevoked({ sid: 'sid' })).toThrow(StoreUnavailableError);
    storeB.failure = undefined;
    await pass(clock, 0.5);
    expect(() => b.ended.assertNotRevoked({ sid: 'sid' })).not.toThrow();
  });

  it('is as old as the question to the store, not as the answer', async () => {
    const { clock, b, storeB } = twoProcesses();
    let answer: () => void = () => undefined;
    const { endedSince } = storeB;
    storeB.endedSince = async (cursor) => {
      const ended = await endedSince(cursor);
      await new Promise<void>((resolve) => (answer = resolve));
      return ended;
    };
    const opened = b.ended.open();
    await settle();
    clock.advance(20);
    answer();
    await opened;
    clock.advance(9.9);
    expect(() => b.ended.assertNotRevoked({ sid: 'sid' })).not.toThrow();
    clock.advance(0.2);
    expect(() => b.ended.assertNotRevoked({ sid: 'sid' })).toThrow(StoreUnavailableError);
  });

  it("is refused as far as it is known, and the rest let through, with revocationOutage: 'allow'", async () => {
    const { clock, a, b, storeB } = twoProcesses({ policy: { revocationOutage: 'allow' } });
    await a.sessions.revokeToken('known');
    await b.ended.open();
    storeB.failure = new Error('down');
    await a.sessions.revokeToken('not known');
    await pass(clock, 100);
    expect(() => b.ended.assertNotRevoked({ jti: 'known' })).toThrow(TokenRevokedError);
    expect(() => b.ended.assertNotRevoked({ jti: 'not known' })).not.toThrow();
    storeB.failure = undefined;
    await pass(clock, 1);
    expect(() => b.ended.assertNotRevoked({ jti: 'not known' })).toThrow(TokenRevokedError);
  });

  it('says once that the store is down, and once that it is back', async () => {
    const { clock, b, storeB } = twoProcesses();
    storeB.failure = new Error('down');
    await b.sessions.open();
    await pass(clock, 5);
    expect(b.events).toEqual([{ type: 'storeDown', cause: storeB.failure }]);
    storeB.failure = undefined;
    await pass(clock, 5);
    // What the store has to say at the start it says as soon as it can be asked.
    expect(typesOf(b)).toEqual(['storeDown', 'storeUp', 'advice']);
    storeB.failure = new Error('down again');
    await pass(clock, 1);
    storeB.failure = undefined;
    await pass(clock, 1);
    expect(typesOf(b)).toEqual(['storeDown', 'storeUp', 'advice', 'storeDown', 'storeUp']);
  });

  it('is not asked for any more after close', async () => {
    const { clock, b, storeB } = twoProcesses();
    await b.sessions.open();
    b.sessions.close();
    storeB.failure = new Error('down');
    await pass(clock, 40);
    expect(typesOf(b)).toEqual(['advice']);
    expect(() => b.ended.assertNotRevoked({ sid: 'sid' })).toThrow(StoreUnavailableError);
  });

  it('never gets old in a store of this process, and costs no timer', async () => {
    const bed = makeSessions();
    await bed.sessions.open();
    const { access_token } = await bed.sessions.start({ sub: 'alice' });
    bed.clock.advance(200);
    const verifier = new UnrevokedVerifier(verifierWith({}, bed.clock), bed.ended, new OwnIssuer());
    expect(await outcomeOf(verifier.verify(access_token))).toBe('done');
  });

  it('is refused also when the token sits in the cache of verified tokens, and whatever is asked of the verifier', async () => {
    const bed = makeSessions();
    const { access_token, refresh_token } = await bed.sessions.start({ sub: 'alice' });
    const verifier = new UnrevokedVerifier(
      verifierWith({ cacheSize: 10 }, bed.clock),
      bed.ended,
      new OwnIssuer(),
    );
    expect(await verifier.verify(access_token)).toBe(await verifier.verify(access_token));
    await bed.sessions.endByRefreshToken(refresh_token);
    expect(await outcomeOf(verifier.verify(access_token))).toBe('ERR_TOKEN_REVOKED');
    expect(await outcomeOf(verifier.verify(access_token, { ignoreExpiration: true }))).toBe(
      'ERR_TOKEN_REVOKED',
    );
  });

  it('does not hide what else is wrong with a token', async () => {
    const bed = makeSessions();
    const { access_token, refresh_token } = await bed.sessions.start({ sub: 'alice' });
    await bed.sessions.endByRefreshToken(refresh_token);
    const verifier = new UnrevokedVerifier(verifierWith({}, bed.clock), bed.ended, new OwnIssuer());
    bed.clock.advance(310);
    expect(await outcomeOf(verifier.verify(access_token))).toBe('ERR_TOKEN_EXPIRED');
  });

  it.each([Number.NaN, Number.NEGATIVE_INFINITY])('is refused when the clock says %p', async (monotonic) => {
    const { clock, b } = twoProcesses();
    await b.ended.open();
    clock.monotonic = () => (Number.isNaN(monotonic) ? Number.NaN : Number.POSITIVE_INFINITY);
    expect(() => b.ended.assertNotRevoked({ sid: 'sid' })).toThrow(StoreUnavailableError);
  });
});

describe('A listener that fails', () => {
  it('hurts neither the refresh nor the other listeners, and is reported', async () => {
    const bed = makeSessions();
    const later: string[] = [];
    bed.bus.subscribe(() => {
      throw new Error('thrown');
    });
    bed.bus.subscribe(() => Promise.reject(new Error('rejected')));
    const unsubscribe = bed.bus.subscribe(({ type }) => later.push(type));
    const { refresh_token } = await bed.sessions.start({ sub: 'alice' });
    expect(await outcomeOf(bed.sessions.refresh(refresh_token))).toBe('done');
    await settle();
    expect(later).toEqual(['started', 'refreshed']);
    expect(bed.listenerErrors.map((error) => (error as Error).message).sort()).toEqual([
      'rejected',
      'rejected',
      'thrown',
      'thrown',
    ]);
    unsubscribe();
    await bed.sessions.endAll('alice');
    expect(later).toEqual(['started', 'refreshed']);
  });
});

describe('A policy', () => {
  it.each([
    ['refreshTokenTtl', 0, 'ERR_OPTION_TTL'],
    ['sessionTtl', 0.5, 'ERR_OPTION_TTL'],
    ['sessionTtl', 36_525 * 86_400 + 1, 'ERR_OPTION_TTL'],
    ['sessionTtl', Number.POSITIVE_INFINITY, 'ERR_OPTION_TTL'],
    ['refreshTokenTtl', POLICY.sessionTtl + 1, 'ERR_OPTION_TTL'],
    ['refreshTokenTtl', Number.NaN, 'ERR_OPTION_TTL'],
    ['reuseInterval', 60.1, 'ERR_OPTION_TTL'],
    ['reuseInterval', Number.NaN, 'ERR_OPTION_TTL'],
    ['revocation', 'jti', 'ERR_OPTION_INVALID'],
    ['revocationOutage', 'ignore', 'ERR_OPTION_INVALID'],
    ['maxListAge', 1, 'ERR_OPTION_INVALID'],
    ['maxListAge', Number.NaN, 'ERR_OPTION_INVALID'],
  ])('with %s: %p is refused, by name', (option, value, code) => {
    const broken = { ...POLICY, [option]: value };
    expect(() => assertSessionPolicy(broken)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(option) }),
    );
    expect(() => makeSessions({ policy: broken })).toThrow(OptionError);
  });

  it.each([
    ['reuseInterval', 0],
    ['reuseInterval', 60],
    ['refreshTokenTtl', POLICY.sessionTtl],
    ['sessionTtl', 36_525 * 86_400],
    ['maxListAge', 2],
  ])('with %s: %p is accepted', (option, value) => {
    expect(() => assertSessionPolicy({ ...POLICY, [option]: value })).not.toThrow();
  });
});
