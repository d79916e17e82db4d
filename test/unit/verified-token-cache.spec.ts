import 'reflect-metadata';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Controller, Get, Inject } from '@nestjs/common';
import fc from 'fast-check';
import {
  type AccessTokenClaims,
  Auth,
  CurrentUser,
  JwtRs256Error,
  type JwtRs256ModuleOptions,
  TokenService,
  type VerifyOptions,
} from '../../src/index.js';
import { TestClock } from '../../src/testing/index.js';
import { TokenVerifier, type TokenVerifierOptions } from '../../src/tokens/token-verifier.js';
import { VerifiedTokenCache } from '../../src/tokens/verified-token-cache.js';
import { closeApps, startApp } from '../support/app.js';
import { ChangingKeys, verificationKeyOf } from '../support/changing-keys.js';
import {
  AUDIENCE,
  claims,
  header,
  ISSUER,
  mint,
  NOW,
  ownKid,
  strangerKey,
  VERIFYING,
} from '../support/mint.js';
import { PLATFORMS } from '../support/platforms.js';

const strangerKid = verificationKeyOf('mallory').kid;

/** A verifier with a cache, its keys, which count the verifications, and its clock. */
function bedWith(options: Partial<TokenVerifierOptions> = {}) {
  const [keys, clock] = [new ChangingKeys('alice'), new TestClock()];
  return { keys, clock, verifier: new TokenVerifier(keys, clock, { ...VERIFYING, ...options }) };
}

/** The token's text in another string: the same characters, nothing shared. */
const copyOf = (text: string) => Buffer.from(text, 'latin1').toString('latin1');

/** The text with another character in this place. */
function withAnother(text: string, at: number): string {
  return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
}

/** The token with another signature. */
const tamperedCopyOf = (token: string) => withAnother(token, token.length - 9);

const refusal = (code: string) => expect.objectContaining({ code });

/** Why the attempt fails; undefined where it does not. */
async function codeOf(attempt: () => unknown): Promise<unknown> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    return error instanceof JwtRs256Error ? error.code : error;
  }
}

describe('A token that was verified before', () => {
  it('is found by its text, in whichever string that comes', async () => {
    const { keys, verifier } = bedWith();
    const token = mint();
    const first = await verifier.verify(token);
    expect(await verifier.verify(copyOf(token))).toBe(first);
    expect(await verifier.verify(`Bearer ${token}`.slice(7))).toBe(first);
    expect(keys.asked).toBe(1);
  });

  it('is told from one that differs in any one character', async () => {
    const { keys, verifier } = bedWith();
    const token = mint();
    await verifier.verify(token);
    for (let at = 0; at < token.length; at++) {
      await expect(verifier.verify(withAnother(token, at))).rejects.toBeInstanceOf(JwtRs256Error);
    }
    keys.asked = 0;
    await verifier.verify(token);
    expect(keys.asked).toBe(0);
  });

  it('is told from one that is longer or shorter at either end', async () => {
    const { verifier } = bedWith();
    const token = mint();
    await verifier.verify(token);
    for (const other of [
      ` ${token}`,
      `${token} `,
      `${token}=`,
      token.slice(1),
      token.slice(0, -1),
      token.slice(-12),
      '',
    ]) {
      await expect(verifier.verify(other)).rejects.toEqual(refusal('ERR_TOKEN_MALFORMED'));
    }
  });

  it('is told from other claims with its signature, and stays', async () => {
    const { keys, verifier } = bedWith();
    const token = mint();
    const forged = `${mint(header(), claims({ sub: 'mallory' }))
      .split('.', 2)
      .join('.')}.${token.split('.')[2]}`;
    await verifier.verify(token);
    await expect(verifier.verify(forged)).rejects.toEqual(refusal('ERR_TOKEN_SIGNATURE'));
    keys.asked = 0;
    expect((await verifier.verify(token)).sub).toBe('alice-of-wonderland');
    expect(keys.asked).toBe(0);
  });

  it('is only a text', async () => {
    const { verifier } = bedWith();
    const token = mint();
    await verifier.verify(token);
    for (const value of [
      [token],
      { toString: () => token, slice: () => token.slice(-12) },
      new String(token),
      Buffer.from(token),
      42,
      null,
      undefined,
      {},
    ]) {
      await expect(verifier.verify(value as never)).rejects.toEqual(refusal('ERR_TOKEN_MALFORMED'));
    }
  });
});

describe('A token that was forged', () => {
  it('is verified, and refused, each time that it comes', async () => {
    const { keys, verifier } = bedWith();
    const forged = mint(header(), claims(), strangerKey);
    for (let times = 1; times <= 3; times++) {
      await expect(verifier.verify(forged)).rejects.toEqual(refusal('ERR_TOKEN_SIGNATURE'));
      expect(keys.asked).toBe(times);
    }
  });

  it('drives out nobody, however many come', async () => {
    const { keys, verifier } = bedWith({ cacheSize: 2 });
    const token = mint();
    await verifier.verify(token);
    for (let index = 0; index < 20; index++) {
      const forged = mint(header(), claims({ sub: `mallory-${index}` }), strangerKey);
      await expect(verifier.verify(forged)).rejects.toEqual(refusal('ERR_TOKEN_SIGNATURE'));
    }
    keys.asked = 0;
    await verifier.verify(token);
    expect(keys.asked).toBe(0);
  });

  it('does not leave its header behind: only that of a verified token is not parsed again', async () => {
    const { verifier } = bedWith();
    const parsed = jest.spyOn(JSON, 'parse');
    const parsings = async (token: string): Promise<number> => {
      parsed.mockClear();
      await verifier.verify(token).catch(() => undefined);
      return parsed.mock.calls.length;
    };
    try {
      const forged = mint(header({ jku: 'https://mallory.example' }), claims(), strangerKey);
      expect([await parsings(forged), await parsings(forged)]).toEqual([1, 1]);
      const refusedClaims = [
        mint(header(), claims({ exp: NOW - 60, iat: NOW - 120, nbf: NOW - 120 })),
        mint(),
      ];
      // The header and the claims, then only the claims.
      expect([await parsings(refusedClaims[0]!), await parsings(refusedClaims[1]!)]).toEqual([2, 1]);
    } finally {
      parsed.mockRestore();
    }
  });

  it('cannot use the remembered header of a good one to skip a check', async () => {
    const { verifier } = bedWith();
    await verifier.verify(mint(header({ typ: 'JWT' })), { typ: 'JWT' });
    await expect(verifier.verify(mint(header({ typ: 'JWT' }), claims({ jti: 'another' })))).rejects.toEqual(
      refusal('ERR_TOKEN_TYPE'),
    );
    await expect(
      verifier.verify(mint(header({ typ: 'JWT' }), claims(), strangerKey), { typ: 'JWT' }),
    ).rejects.toEqual(refusal('ERR_TOKEN_SIGNATURE'));
  });
});

describe('A token that was verified before is measured again', () => {
  it('at its expiry, to the second', async () => {
    const { keys, clock, verifier } = bedWith();
    const token = mint();
    await verifier.verify(token);
    clock.advance(309.999);
    await verifier.verify(token);
    clock.advance(0.001);
    await expect(verifier.verify(token)).rejects.toEqual(refusal('ERR_TOKEN_EXPIRED'));
    expect(keys.asked).toBe(1);
  });

  it.each([
    ['nbf', 'ERR_TOKEN_NOT_YET_VALID', { nbf: NOW + 60, iat: NOW }],
    ['iat', 'ERR_TOKEN_CLAIM', { nbf: NOW, iat: NOW + 60 }],
  ])('against %s, when the clock was set back', async (_claim, code, times) => {
    const { keys, clock, verifier } = bedWith();
    const token = mint(header(), claims(times));
    clock.setNow(NOW + 100);
    await verifier.verify(token);
    clock.setNow(NOW + 49);
    await expect(verifier.verify(token)).rejects.toEqual(refusal(code));
    clock.setNow(NOW + 50);
    await verifier.verify(token);
    expect(keys.asked).toBe(1);
  });

  it('against the longest lifetime, where it has no exp', async () => {
    const { keys, clock, verifier } = bedWith({ requiredClaims: [], maxTokenTtl: 600 });
    const token = mint(header(), claims({ exp: undefined }));
    await verifier.verify(token);
    clock.advance(610);
    await expect(verifier.verify(token)).rejects.toEqual(refusal('ERR_TOKEN_EXPIRED'));
    expect(keys.asked).toBe(1);
  });

  it('against the longest lifetime, where it has no iat and the clock was set back', async () => {
    const { keys, clock, verifier } = bedWith({ requiredClaims: [], maxTokenTtl: 600 });
    const token = mint(header(), claims({ iat: undefined, nbf: undefined, exp: NOW + 600 }));
    await verifier.verify(token);
    clock.setNow(NOW - 60);
    await expect(verifier.verify(token)).rejects.toEqual(refusal('ERR_TOKEN_CLAIM'));
    expect(keys.asked).toBe(1);
  });

  it.each<[string, VerifyOptions, string]>([
    ['the audience', { audience: 'invoices' }, 'ERR_TOKEN_CLAIM'],
    ['a list of audiences', { audience: ['invoices', 'stock'] }, 'ERR_TOKEN_CLAIM'],
    ['the issuer', { issuer: 'https://other.example' }, 'ERR_TOKEN_CLAIM'],
    ['the type', { typ: 'JWT' }, 'ERR_TOKEN_TYPE'],
    ['the claims that must be there', { requiredClaims: ['sub', 'tenant'] }, 'ERR_TOKEN_CLAIM'],
    ['an audience that no option may be', { audience: '' }, 'ERR_OPTION_INVALID'],
    ['a type that no option may be', { typ: 'jwt' as never }, 'ERR_OPTION_INVALID'],
  ])('against an option of the call: %s', async (_option, options, code) => {
    const { keys, verifier } = bedWith();
    const token = mint();
    await verifier.verify(token);
    await expect(verifier.verify(token, options)).rejects.toEqual(refusal(code));
    await verifier.verify(token);
    expect(keys.asked).toBe(1);
  });

  it('against the clock tolerance of the call', async () => {
    const { keys, clock, verifier } = bedWith();
    const token = mint();
    await verifier.verify(token);
    clock.advance(305);
    await expect(verifier.verify(token, { clockTolerance: 5 })).rejects.toEqual(refusal('ERR_TOKEN_EXPIRED'));
    await verifier.verify(token, { clockTolerance: 6 });
    expect(keys.asked).toBe(1);
  });

  it('when it came in under a wider option than the next call has', async () => {
    const { clock, verifier } = bedWith();
    clock.advance(400);
    const expired = mint();
    await verifier.verify(expired, { clockTolerance: '5m' });
    await expect(verifier.verify(expired)).rejects.toEqual(refusal('ERR_TOKEN_EXPIRED'));
    const elsewhere = mint(header({ typ: 'JWT' }), claims({ aud: 'invoices', exp: NOW + 900 }));
    await verifier.verify(elsewhere, { audience: 'invoices', typ: 'JWT' });
    await expect(verifier.verify(elsewhere, { typ: 'JWT' })).rejects.toEqual(refusal('ERR_TOKEN_CLAIM'));
    await expect(verifier.verify(elsewhere, { audience: 'invoices' })).rejects.toEqual(
      refusal('ERR_TOKEN_TYPE'),
    );
  });
});

describe('A token whose expiry was ignored', () => {
  it('is never remembered, expired or not', async () => {
    const { keys, clock, verifier } = bedWith();
    const token = mint();
    await verifier.verify(token, { ignoreExpiration: true });
    clock.advance(1000);
    await verifier.verify(token, { ignoreExpiration: true });
    expect(keys.asked).toBe(2);
    await expect(verifier.verify(token)).rejects.toEqual(refusal('ERR_TOKEN_EXPIRED'));
    expect(keys.asked).toBe(3);
  });

  it('may be looked up: one that was remembered before it expired is not verified again', async () => {
    const { keys, clock, verifier } = bedWith();
    const token = mint();
    const first = await verifier.verify(token);
    clock.advance(1000);
    expect(await verifier.verify(token, { ignoreExpiration: true })).toBe(first);
    await expect(verifier.verify(token)).rejects.toEqual(refusal('ERR_TOKEN_EXPIRED'));
    expect(keys.asked).toBe(1);
  });
});

describe('A request is answered', () => {
  it('without a promise, be its token new or seen before', async () => {
    const { keys, verifier } = bedWith();
    const token = mint();
    const accepted = verifier.accept(token);
    expect(accepted).toMatchObject({ sub: 'alice-of-wonderland' });
    expect(verifier.accept(copyOf(token))).toBe(accepted);
    expect(await verifier.verify(token)).toBe(accepted);
    expect(keys.asked).toBe(1);
  });

  it('with a promise where a key has to be waited for', async () => {
    const { keys, verifier } = bedWith();
    keys.isAsync = true;
    const token = mint();
    const accepted = verifier.accept(token);
    expect(accepted).toBeInstanceOf(Promise);
    expect(verifier.accept(token)).toBeInstanceOf(Promise);
    const claimsOfToken = await accepted;
    expect(verifier.accept(token)).toBe(claimsOfToken);
    await expect(verifier.accept(tamperedCopyOf(token))).rejects.toEqual(refusal('ERR_TOKEN_SIGNATURE'));
  });

  it('with a refusal where verify refuses, at once', async () => {
    const { keys, clock, verifier } = bedWith();
    const token = mint();
    await verifier.verify(token);
    const cases: [unknown, string][] = [
      [tamperedCopyOf(token), 'ERR_TOKEN_SIGNATURE'],
      ...[token.slice(1), `${token} `, [token], new String(token), undefined, null, 42, {}].map(
        (value): [unknown, string] => [value, 'ERR_TOKEN_MALFORMED'],
      ),
    ];
    for (const [value, code] of cases) {
      expect(() => verifier.accept(value as never)).toThrow(refusal(code) as unknown as Error);
    }
    clock.advance(1000);
    expect(() => verifier.accept(token)).toThrow(refusal('ERR_TOKEN_EXPIRED') as unknown as Error);
    clock.advance(-1000);
    keys.change(['mallory'], 1);
    expect(() => verifier.accept(token)).toThrow(refusal('ERR_TOKEN_KEY_UNKNOWN') as unknown as Error);
  });

  it.each<VerifyOptions>([{ typ: 'JWT' }, { audience: 'others' }, { ignoreExpiration: true }])(
    'by the configured demands, not by those of an earlier call: %j',
    async (options) => {
      const { clock, verifier } = bedWith({ typ: undefined, audience: undefined });
      const token = mint(header({ typ: 'JWT' }), claims({ aud: 'others' }));
      clock.advance(1000);
      await verifier.verify(token, options).catch(() => undefined);
      const stricter = bedWith().verifier;
      expect(() => stricter.accept(token)).toThrow();
      expect(() => verifier.accept(token)).toThrow(refusal('ERR_TOKEN_EXPIRED') as unknown as Error);
    },
  );

  it('by the verify of a subclass, or a test', async () => {
    class Stricter extends TokenVerifier {
      override async verify<T extends object>(token: string): Promise<AccessTokenClaims & T> {
        const seen = await super.verify<T>(token);
        if (seen.sub !== 'admin') throw new Error('not the admin');
        return seen;
      }
    }
    const verifier = new Stricter(new ChangingKeys('alice'), new TestClock(), VERIFYING);
    const token = mint();
    await expect(verifier.verify(token)).rejects.toThrow('not the admin');
    await expect(verifier.accept(token)).rejects.toThrow('not the admin');
  });

  const second = fc.integer({ min: -30, max: 30 });
  const time = fc.option(
    second.map((offset) => NOW + offset),
    { nil: undefined },
  );
  const policy = fc.record({
    verifyClaims: fc.subarray(['exp', 'nbf', 'iat'] as const),
    clockTolerance: fc.constantFrom(0, 0.5, 7),
    maxTokenTtl: fc.constantFrom(5, 20, 1000),
  });

  it('as if its token were new: whatever the claims, the demands and the clock', async () => {
    const property = fc.asyncProperty(
      fc.record({ exp: time, nbf: time, iat: time }),
      policy,
      fc.array(fc.oneof(second, fc.double({ min: -40, max: 40 }), fc.constant(Number.NaN)), { minLength: 2 }),
      async (times, demands, offsets) => {
        const { clock, verifier } = bedWith({ ...demands, requiredClaims: [] });
        const fresh = new TokenVerifier(new ChangingKeys('alice'), clock, {
          ...VERIFYING,
          ...demands,
          requiredClaims: [],
          cacheSize: 0,
        });
        const token = mint(header(), claims(times));
        for (const offset of offsets) {
          clock.setNow(NOW + offset);
          const [now, again] = await Promise.all(
            [fresh, verifier].map(async (one) => codeOf(() => one.accept(token))),
          );
          expect(again).toBe(now);
        }
      },
    );
    await fc.assert(property, { numRuns: 200 });
  });
});

describe('A change of the keys', () => {
  it('forgets every token', async () => {
    const { keys, verifier } = bedWith();
    const tokens = [mint(), mint(header(), claims({ sub: 'bob' }))];
    for (const token of tokens) await verifier.verify(token);
    keys.change(['alice', 'mallory'], 1);
    for (const token of tokens) await verifier.verify(token);
    expect(keys.asked).toBe(4);
  });

  it('that takes a key away refuses the tokens that it had verified', async () => {
    const { keys, verifier } = bedWith();
    const token = mint();
    await verifier.verify(token);
    keys.change(['mallory'], 1);
    await expect(verifier.verify(token)).rejects.toEqual(refusal('ERR_TOKEN_KEY_UNKNOWN'));
  });

  it('that is none, a refetch of the same keys, forgets nothing', async () => {
    const { keys, verifier } = bedWith();
    const token = mint();
    await verifier.verify(token);
    keys.change(['alice'], keys.version);
    await verifier.verify(token);
    expect(keys.asked).toBe(1);
  });

  it('while a key was being found keeps the token from being remembered, even if the change is undone', async () => {
    const { keys, verifier } = bedWith();
    const token = mint(header({ kid: strangerKid }), claims(), strangerKey);
    keys.isAsync = true;
    keys.meanwhile = () => keys.change(['mallory'], 1);
    await verifier.verify(token);
    keys.meanwhile = () => undefined;
    keys.change(['alice'], 0);
    await expect(verifier.verify(token)).rejects.toEqual(refusal('ERR_TOKEN_KEY_UNKNOWN'));
  });

  it('while a key was being found keeps the token from being remembered under the new keys', async () => {
    const { keys, verifier } = bedWith();
    const [slow, quick] = [mint(), mint(header({ kid: strangerKid }), claims(), strangerKey)];
    keys.isAsync = true;
    keys.meanwhile = () => {
      keys.meanwhile = () => undefined;
      keys.change(['alice', 'mallory'], 1);
    };
    const first = verifier.verify(slow);
    // Under the new keys already, and before the first is done.
    const second = first.then(() => verifier.verify(quick));
    await Promise.all([first, second]);
    keys.asked = 0;
    await verifier.verify(quick);
    expect(keys.asked).toBe(0);
    await verifier.verify(slow);
    expect(keys.asked).toBe(1);
  });

  it('does not go unnoticed by a token that comes at the same time', async () => {
    const { keys, verifier } = bedWith();
    const token = mint();
    await verifier.verify(token);
    keys.isAsync = true;
    const answers = Promise.allSettled([
      verifier.verify(mint(header(), claims({ sub: 'bob' }))),
      verifier.verify(token),
    ]);
    keys.change([], 1);
    expect((await answers).map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    await expect(verifier.verify(token)).rejects.toEqual(refusal('ERR_TOKEN_KEY_UNKNOWN'));
  });
});

describe('What is kept', () => {
  const nothing = { header: {}, claims: {}, validity: undefined };
  /** A text of this length, at the end of which stands its number. */
  const textOf = (index: number, length = 700) => String(index).padStart(length, '.');

  /** Which of the texts the cache has. Looking makes it believe that they are in use. */
  function found(cache: VerifiedTokenCache, texts: readonly string[]): string[] {
    return texts.filter((text) => cache.get(text, undefined) !== undefined);
  }

  it.each([1, 2, 7, 100])('is at most %i tokens, the latest among them', (maxSize) => {
    const cache = new VerifiedTokenCache(maxSize);
    const texts = Array.from({ length: 300 }, (_, index) => textOf(index));
    for (const text of texts) cache.set({ text, ...nothing }, undefined);
    expect(found(cache, texts)).toEqual(texts.slice(-maxSize));
  });

  it('is bounded in characters too: a longer token takes the place of several', () => {
    const cache = new VerifiedTokenCache(16);
    const texts = Array.from({ length: 50 }, (_, index) => textOf(index, 8192));
    for (const text of texts) cache.set({ text, ...nothing }, undefined);
    expect(found(cache, texts)).toEqual(texts.slice(-2));
    const small = Array.from({ length: 50 }, (_, index) => textOf(1000 + index));
    for (const text of small) cache.set({ text, ...nothing }, undefined);
    expect(found(cache, [...texts, ...small]).join().length).toBeLessThanOrEqual(16 * 1024);
  });

  it('is nothing of a token that alone would take more than all the room', () => {
    const cache = new VerifiedTokenCache(2);
    cache.set({ text: textOf(1), ...nothing }, undefined);
    cache.set({ text: textOf(2, 2049), ...nothing }, undefined);
    expect(found(cache, [textOf(1), textOf(2, 2049)])).toEqual([textOf(1)]);
  });

  it('is nothing that was verified under other keys than the current ones', () => {
    const cache = new VerifiedTokenCache(10);
    cache.get(textOf(1), 'old');
    cache.set({ text: textOf(1), ...nothing }, 'old');
    expect(cache.get(textOf(2), 'new')).toBeUndefined();
    cache.set({ text: textOf(2), ...nothing }, 'old');
    expect(cache.get(textOf(2), 'new')).toBeUndefined();
    expect(cache.get(textOf(1), 'new')).toBeUndefined();
    cache.set({ text: textOf(2), ...nothing }, 'new');
    expect(cache.get(textOf(2), 'new')).toBeDefined();
  });

  it('is the first of two tokens that end alike; the other is a miss, and neither evicts nor replaces it', () => {
    const cache = new VerifiedTokenCache(10);
    const [first, second] = [`${'a'.repeat(700)}same-ending!`, `${'b'.repeat(700)}same-ending!`];
    cache.set({ text: first, ...nothing, claims: { sub: 'first' } }, undefined);
    expect(cache.get(second, undefined)).toBeUndefined();
    cache.set({ text: second, ...nothing, claims: { sub: 'second' } }, undefined);
    expect(cache.get(second, undefined)).toBeUndefined();
    expect(cache.get(first, undefined)?.claims).toEqual({ sub: 'first' });
  });

  it('are the tokens in steady use, through a flood of others', () => {
    const cache = new VerifiedTokenCache(200);
    const steady = Array.from({ length: 50 }, (_, index) => textOf(index));
    for (const text of steady) cache.set({ text, ...nothing }, undefined);
    expect(found(cache, steady)).toEqual(steady);
    let hits = 0;
    for (let index = 0; index < 20_000; index++) {
      cache.set({ text: textOf(1000 + index), ...nothing }, undefined);
      // Each of them once in a thousand others: five times as many as there is room for.
      if (index % 20 === 0) hits += found(cache, [steady[(index / 20) % 50]!]).length;
    }
    expect(hits).toBe(1000);
    expect(found(cache, steady)).toEqual(steady);
  });

  it('gives way in the order in which it came, sparing once what was seen again', () => {
    const cache = new VerifiedTokenCache(3);
    const [a, b, c, d, e, f, g] = Array.from({ length: 7 }, (_, index) => textOf(index)) as [
      string,
      ...string[],
    ];
    const all = [a, b!, c!, d!, e!, f!, g!];
    const set = (text: string) => cache.set({ text, ...nothing }, undefined);
    const kept = () => {
      // Looked at in a copy of the same history, for looking is using.
      return all.filter((text) =>
        (cache as unknown as { entries: Map<string, unknown> }).entries.has(text.slice(-12)),
      );
    };
    for (const text of [a, b!, c!]) set(text);
    found(cache, [a]);
    set(d!);
    expect(kept()).toEqual([a, c, d]);
    set(e!);
    expect(kept()).toEqual([a, d, e]);
    found(cache, [d!]);
    set(f!);
    expect(kept()).toEqual([a, d, f]);
    // The hand has passed the newest then, and starts over at the oldest, whose second chance is used up.
    found(cache, [f!]);
    set(g!);
    expect(kept()).toEqual([d, f, g]);
  });

  it('is what a naive SIEVE keeps, whatever comes', () => {
    const command = fc.record({
      kind: fc.constantFrom('use' as const, 'use' as const, 'change' as const),
      index: fc.nat(8),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.array(command, { minLength: 50, maxLength: 300 }),
        (maxSize, commands) => {
          const cache = new VerifiedTokenCache(maxSize);
          const naive = new NaiveSieve(maxSize);
          let version = 0;
          for (const { kind, index } of commands) {
            if (kind === 'change' && index === 0) {
              version++;
              naive.clear();
            }
            const text = textOf(index);
            const hit = cache.get(text, version) !== undefined;
            if (hit !== naive.use(text)) return false;
            if (!hit) cache.set({ text, ...nothing }, version);
          }
          return true;
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** SIEVE as its paper has it, on an array: newest first. */
class NaiveSieve {
  private queue: { text: string; visited: boolean }[] = [];
  private hand: { text: string; visited: boolean } | undefined;

  constructor(private readonly maxSize: number) {}

  /** @returns whether it was there. */
  use(text: string): boolean {
    const entry = this.queue.find((candidate) => candidate.text === text);
    if (entry) return (entry.visited = true);
    if (this.queue.length === this.maxSize) this.evict();
    this.queue.unshift({ text, visited: false });
    return false;
  }

  clear(): void {
    this.queue = [];
    this.hand = undefined;
  }

  private evict(): void {
    let at = this.hand ? this.queue.indexOf(this.hand) : this.queue.length - 1;
    while (this.queue[at]!.visited) {
      this.queue[at]!.visited = false;
      at = at === 0 ? this.queue.length - 1 : at - 1;
    }
    this.hand = this.queue[at - 1];
    this.queue.splice(at, 1);
  }
}

describe('The claims that come out of the cache', () => {
  it('are frozen throughout, so that one caller cannot change what the next one gets', async () => {
    const { verifier } = bedWith();
    const token = mint(
      header(),
      claims({ roles: ['reader'], address: { city: 'Oxford', lines: [{ no: 1 }] } }),
    );
    const attempts: ((found: any) => unknown)[] = [
      (found) => (found.sub = 'mallory'),
      (found) => (found.admin = true),
      (found) => delete found.exp,
      (found) => found.roles.push('admin'),
      (found) => (found.address.city = 'Elsewhere'),
      (found) => (found.address.lines[0].no = 2),
      (found) => Object.setPrototypeOf(found, { admin: true }),
    ];
    for (const attempt of attempts) {
      const found = await verifier.verify(token);
      expect(() => attempt(found)).toThrow(TypeError);
    }
    expect(await verifier.verify(token)).toEqual(
      expect.objectContaining({ roles: ['reader'], address: { city: 'Oxford', lines: [{ no: 1 }] } }),
    );
  });
});

describe('A verifier with a cache and one without', () => {
  const POOL = [
    mint(),
    mint(header(), claims({ sub: 'bob', aud: ['invoices', AUDIENCE], tenant: 'blue' })),
    mint(header(), claims({ aud: 'invoices' })),
    mint(header(), claims({ iss: 'https://other.example' })),
    mint(header({ typ: 'JWT' })),
    mint(header({ typ: 'application/at+jwt' }), claims({ jti: 'media-type' })),
    mint(header(), claims({ iat: NOW + 30, nbf: NOW + 60, exp: NOW + 120 })),
    mint(header(), claims({ exp: NOW + 5 })),
    mint(header(), claims({ exp: undefined })),
    mint(header({ kid: strangerKid }), claims(), strangerKey),
    mint(header({ kid: ownKid }), claims(), strangerKey),
    withAnother(mint(), 200),
    'not.a.token',
  ];
  const SETS = [['alice'], ['mallory'], ['alice', 'mallory'], []];

  const callOptions: fc.Arbitrary<VerifyOptions | undefined> = fc.option(
    fc.record(
      {
        audience: fc.constantFrom(AUDIENCE, 'invoices', ['stock', 'invoices'], ''),
        issuer: fc.constantFrom(ISSUER, 'https://other.example'),
        typ: fc.constantFrom('JWT' as const, 'at+jwt' as const),
        requiredClaims: fc.constantFrom(['tenant'], ['sub'], []),
        clockTolerance: fc.constantFrom(0, 60, '5m', '60'),
        ignoreExpiration: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
    { nil: undefined, freq: 2 },
  );
  const step = fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        kind: fc.constant('verify' as const),
        token: fc.nat(POOL.length - 1),
        options: callOptions,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('clock' as const), to: fc.integer({ min: -100, max: 400 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('keys' as const),
        set: fc.nat(SETS.length - 1),
        isAsync: fc.boolean(),
      }),
    },
  );

  async function outcomeOf(
    verifier: TokenVerifier,
    token: string,
    options: VerifyOptions | undefined,
  ): Promise<unknown> {
    try {
      return { claims: await verifier.verify(copyOf(token), options) };
    } catch (error) {
      expect(error).toBeInstanceOf(JwtRs256Error);
      const { code, message, violations } = error as JwtRs256Error & { violations?: unknown };
      return { code, message, violations };
    }
  }

  it.each([5000, 3, 1])('never come to different conclusions, with room for %i', async (cacheSize) => {
    let [cachedAsked, plainAsked] = [0, 0];
    const steps = fc.array(step, { minLength: 20, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(fc.boolean(), steps, async (areClaimsOptional, sequence) => {
        const [cachedKeys, plainKeys, clock] = [
          new ChangingKeys('alice'),
          new ChangingKeys('alice'),
          new TestClock(),
        ];
        const options = {
          ...VERIFYING,
          ...(areClaimsOptional ? { requiredClaims: [], maxTokenTtl: 200 } : {}),
        };
        const cached = new TokenVerifier(cachedKeys, clock, { ...options, cacheSize });
        const plain = new TokenVerifier(plainKeys, clock, { ...options, cacheSize: 0 });
        for (const [index, doing] of sequence.entries()) {
          if (doing.kind === 'clock') clock.setNow(NOW + doing.to);
          else if (doing.kind === 'keys') {
            for (const keys of [cachedKeys, plainKeys]) {
              keys.change(SETS[doing.set]!, index + 1);
              keys.isAsync = doing.isAsync;
            }
          } else {
            const token = POOL[doing.token]!;
            const expected = await outcomeOf(plain, token, doing.options);
            expect(await outcomeOf(cached, token, doing.options)).toEqual(expected);
          }
        }
        cachedAsked += cachedKeys.asked;
        plainAsked += plainKeys.asked;
      }),
      { numRuns: 60 },
    );
    // Else the cache was never asked, and nothing was compared.
    expect(cachedAsked).toBeLessThan(plainAsked);
  });
});

describe.each(PLATFORMS)('Through Nest on $name, the cache', (platform) => {
  afterEach(closeApps);

  @Controller('orders')
  @Auth()
  class OrdersController {
    @Get() mine(@CurrentUser() user: any) {
      return { sub: user.sub ?? user.id, roles: user.roles };
    }

    /** A handler that takes the principal for its own. */
    @Get('spoil') spoil(@CurrentUser() user: any) {
      try {
        user.roles.push('admin');
        return { spoilt: true };
      } catch {
        return { spoilt: false };
      }
    }
  }

  @Controller('twice')
  class TwiceController {
    constructor(@Inject(TokenService) private readonly tokens: TokenService) {}

    @Get() async same() {
      const token = mint();
      return { same: (await this.tokens.verify(token)) === (await this.tokens.verify(copyOf(token))) };
    }
  }

  const controllers = [OrdersController, TwiceController];
  const bearer = `Bearer ${mint(header(), claims({ roles: ['reader'] }))}`;

  it('does not keep validate from being asked at each request', async () => {
    const asked: unknown[] = [];
    let isActive = true;
    const validate = ({ sub }: AccessTokenClaims) => {
      asked.push(sub);
      return isActive ? { id: sub } : null;
    };
    const app = await startApp(platform, { controllers, options: { validate } });
    expect((await app.get('/orders', bearer)).body.sub).toBe('alice-of-wonderland');
    expect((await app.get('/orders', bearer)).status).toBe(200);
    isActive = false;
    expect((await app.get('/orders', bearer)).body.errorCode).toBe('ERR_PRINCIPAL_UNKNOWN');
    expect(asked).toEqual(Array.from({ length: 3 }, () => 'alice-of-wonderland'));
  });

  it('gives no request what another one did to its claims', async () => {
    const app = await startApp(platform, { controllers });
    expect((await app.get('/orders', bearer)).body.roles).toEqual(['reader']);
    expect((await app.get('/orders/spoil', bearer)).body).toEqual({ spoilt: false });
    expect((await app.get('/orders', bearer)).body.roles).toEqual(['reader']);
  });

  it('lets no request through when its token has expired meanwhile', async () => {
    const clock = new TestClock();
    const app = await startApp(platform, { controllers, options: { clock } });
    expect((await app.get('/orders', bearer)).status).toBe(200);
    clock.advance(310);
    expect((await app.get('/orders', bearer)).body.errorCode).toBe('ERR_TOKEN_EXPIRED');
  });

  it.each<[string, Partial<JwtRs256ModuleOptions>, boolean]>([
    ['is on by default', {}, true],
    ['is on with a size', { verifiedTokenCache: { maxSize: 1 } }, true],
    ['is on with no size', { verifiedTokenCache: {} }, true],
    ['can be switched off', { verifiedTokenCache: false }, false],
  ])('%s', async (_what, options, same) => {
    const app = await startApp(platform, { controllers, options });
    expect((await app.get('/twice')).body).toEqual({ same });
  });

  it.each([
    true,
    null,
    0,
    5000,
    '5000',
    { maxSize: 0 },
    { maxSize: -1 },
    { maxSize: 1.5 },
    { maxSize: '5000' },
    { maxSize: NaN },
    { maxSize: Infinity },
  ])('stops the boot with another setting: %j', async (verifiedTokenCache) => {
    const options = { verifiedTokenCache } as never;
    await expect(startApp(platform, { controllers, options })).rejects.toMatchObject({
      code: 'ERR_OPTION_INVALID',
      message: expect.stringContaining('verifiedTokenCache'),
    });
  });
});
