import { describe, expect, it, jest } from '@jest/globals';
import { createHook } from 'node:async_hooks';
import { createPublicKey, sign } from 'node:crypto';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { DeveloperError, type OptionErrorCode } from '../../src/errors/developer-errors.js';
import { TokenClaimsError, TokenSignatureError } from '../../src/errors/token-errors.js';
import { KeysUnavailableError, SignerBusyError } from '../../src/errors/unavailable-errors.js';
import { Signer } from '../../src/keys/signer.js';
import { SigningKey } from '../../src/keys/signing-key.js';
import { VerificationKey } from '../../src/keys/verification-key.js';
import { FixedVerificationKeys, VerificationKeys } from '../../src/keys/verification-keys.js';
import { TestClock } from '../../src/testing/index.js';
import { decodeBase64url } from '../../src/tokens/base64url.js';
import { RESERVED_CLAIMS, RESERVED_HEADER_MEMBERS } from '../../src/tokens/claims.js';
import { decodeUnverified } from '../../src/tokens/decode-unverified.js';
import { parseStrictJson } from '../../src/tokens/strict-json.js';
import type { IssueOptions, TokenClaimsInput } from '../../src/tokens/token-issuer.js';
import type { TokenVerifier, VerifyOptions } from '../../src/tokens/token-verifier.js';
import { WitnessedVerifier } from '../../src/tokens/witnessed-verifier.js';
import {
  AUDIENCE,
  base64url,
  claims,
  header,
  ISSUER,
  issuerWith,
  mint,
  mintWith,
  NOW,
  ownKey,
  ownKid,
  ownPublicKey,
  signingInput,
  strangerKey,
  strangerPublicKey,
  verifierWith,
} from '../support/mint.js';

// RSA and hundreds of requests take their time on a machine that has much else to do.
jest.setTimeout(60_000);

type Verifier = Pick<TokenVerifier, 'verify'>;

/** The error that the promise rejects with; undefined if it does not. */
async function errorOf(promise: Promise<unknown>): Promise<any> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  const error = await errorOf(promise);
  return error?.code ?? error?.name;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

/** A clock that says whatever it is told to. */
class StubbornClock extends TestClock {
  constructor(private readonly answer: number) {
    super();
  }

  override now(): number {
    return this.answer;
  }
}

describe('base64url', () => {
  const alphabet = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');

  it('gives every octet, and two octets, exactly one spelling', () => {
    const pairs = alphabet.flatMap((first) => alphabet.map((second) => first + second));
    const ones = pairs.filter((text) => decodeBase64url(text));
    const twos = pairs
      .flatMap((text) => [`A${text}`, `z${text}`, `_${text}`])
      .filter((text) => decodeBase64url(text));
    expect(new Set(ones.map((text) => decodeBase64url(text)!.toString('hex'))).size).toBe(256);
    expect(ones).toHaveLength(256);
    // Two octets are sixteen of the eighteen bits.
    expect(twos).toHaveLength((3 * 4096) / 4);
  });

  it('knows no character but the 64 of its alphabet', () => {
    const codes = [
      [0, 0x3100],
      [0xd7f0, 0xe010],
      [0xff00, 0x10000],
    ].flatMap(([from, to]) => range(from!, to!));
    const characters = codes.map((code) => String.fromCharCode(code));
    for (const place of [0, 1, 3]) {
      const known = characters.filter((char) =>
        decodeBase64url(`${'AAAA'.slice(0, place)}${char}${'AAAA'.slice(place + 1)}`),
      );
      expect(known.toSorted()).toEqual(alphabet.toSorted());
    }
  });

  it('takes the empty text, and no text of 4n + 1 characters', () => {
    expect(decodeBase64url('')).toEqual(Buffer.alloc(0));
    expect([1, 5, 9, 101].map((length) => decodeBase64url('A'.repeat(length)))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('strict JSON', () => {
  const parse = (text: string) => parseStrictJson(Buffer.from(text));

  it('reads what JSON.parse reads', () => {
    const objects = fc.dictionary(
      fc.string({ unit: 'binary' }),
      fc.jsonValue({ stringUnit: 'binary', maxDepth: 5 }),
    );
    fc.assert(
      fc.property(objects, fc.nat(3), (object, indent) => {
        fc.pre(!Object.hasOwn(object, '__proto__') && !JSON.stringify(object).includes('"__proto__":'));
        const text = JSON.stringify(object, null, indent);
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('refuses a member twice wherever it stands, however it is written, and whatever characters it is made of', () => {
    const names = fc.string({ unit: fc.constantFrom('"', '\\', ':', '{', '}', ',', 'a', '\n', '\u{1f600}') });
    fc.assert(
      fc.property(names, fc.jsonValue(), fc.jsonValue(), fc.nat(28), (name, first, second, depth) => {
        const escaped = Array.from(
          { length: name.length },
          (_, at) => `\\u${name.charCodeAt(at).toString(16).padStart(4, '0')}`,
        );
        const [one, two] = [first, second].map((value) =>
          JSON.stringify(value).replaceAll('"__proto__":', '"":'),
        );
        for (const spelling of [JSON.stringify(name), `"${escaped.join('')}"`]) {
          const object = `{${JSON.stringify(name)}:${one},"other":1,${spelling}:${two}}`;
          expect(parse(`{"a":${'['.repeat(depth)}${object}${']'.repeat(depth)}}`)).toBeUndefined();
        }
      }),
    );
  });

  it('allows 32 levels, and refuses any number more without running out of stack', () => {
    const lists = (depth: number) => parse(`{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`);
    const objects = (depth: number) => parse(`${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`);
    for (const nest of [lists, objects]) {
      expect(nest(32)).toBeDefined();
      for (const depth of [33, 34, 1000, 10_000, 100_000]) expect(nest(depth)).toBeUndefined();
    }
    expect(parse('['.repeat(100_000))).toBeUndefined();
  });

  it('gives a result that is frozen at every level and has no strange prototype', () => {
    const value = parse('{"a":[{"b":[]}],"constructor":{"prototype":{"admin":true}}}') as any;
    const all = [value, value.a, value.a[0], value.a[0].b, value.constructor, value.constructor.prototype];
    expect(all.every((each) => Object.isFrozen(each))).toBe(true);
    expect(Object.getPrototypeOf(value) === Object.getPrototypeOf(JSON.parse('{}'))).toBe(true);
    expect({}).not.toHaveProperty('admin');
  });

  it.each(['', ' ', 'null', 'true', '1', '"{}"', '[]', '[{}]', '{', '{}{}', '\ufeff{}', '{}\0'])(
    'refuses %j',
    (text) => {
      expect(parse(text)).toBeUndefined();
    },
  );
});

describe('TokenIssuer', () => {
  const decode = (token: string) => decodeUnverified(token, 100_000) as { header: any; claims: any };

  /** A signer that counts what it is asked, so that a test can say: nothing was signed. */
  class CountingSigner extends Signer {
    readonly kid = ownKid;
    readonly publicKey = ownPublicKey;
    readonly asked: Uint8Array[] = [];

    constructor(
      private readonly answer: (bytes: Uint8Array) => Promise<Buffer> = (bytes) =>
        new SigningKey(ownKey).sign(bytes),
    ) {
      super();
    }

    override sign(bytes: Uint8Array): Promise<Buffer> {
      this.asked.push(bytes);
      return this.answer(bytes);
    }
  }

  async function refusalOf(given: unknown, options?: unknown, configured = {}): Promise<DeveloperError> {
    const signer = new CountingSigner();
    const error = await errorOf(
      issuerWith(configured, signer).issue(given as TokenClaimsInput, options as IssueOptions),
    );
    expect(error).toBeInstanceOf(DeveloperError);
    expect(error).toMatchObject({ fault: 'developer' });
    expect(signer.asked).toEqual([]);
    return error;
  }

  describe('stamps', () => {
    it('the header alg, typ and kid, and nothing else', async () => {
      const { header: stamped } = decode(await issuerWith().issue({ sub: 'alice' }));
      expect(stamped).toEqual({ alg: 'RS256', typ: 'at+jwt', kid: ownKid });
    });

    it('the typ JWT where that is configured', async () => {
      expect(decode(await issuerWith({ typ: 'JWT' }).issue({})).header.typ).toBe('JWT');
    });

    it('iss, aud, iat, nbf, exp and jti beside the claims that it is given', async () => {
      const token = await issuerWith().issue({ sub: 'alice', roles: ['a', { b: null }] });
      expect(decode(token).claims).toEqual({
        iss: ISSUER,
        aud: AUDIENCE,
        sub: 'alice',
        roles: ['a', { b: null }],
        iat: NOW,
        nbf: NOW,
        exp: NOW + 300,
        jti: expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/),
      });
    });

    it('a jti that is another every time', async () => {
      const issuer = issuerWith();
      const tokens = await Promise.all(Array.from({ length: 20 }, () => issuer.issue({})));
      expect(new Set(tokens.map((token) => decode(token).claims.jti)).size).toBe(20);
    });

    it('whole seconds, whatever the clock says', async () => {
      const token = await issuerWith({}, undefined, new TestClock(1_795_000_000.999)).issue({});
      expect(decode(token).claims).toMatchObject({ iat: 1_795_000_000, exp: 1_795_000_300 });
    });

    it('neither iss nor aud where none is configured', async () => {
      const { claims: stamped } = decode(
        await issuerWith({ issuer: undefined, audience: undefined }).issue({}),
      );
      expect(Object.keys(stamped).toSorted()).toEqual(['exp', 'iat', 'jti', 'nbf']);
    });

    it('aud as a text for one audience and as a list for several', async () => {
      expect(decode(await issuerWith({ audience: ['a'] }).issue({})).claims.aud).toBe('a');
      expect(decode(await issuerWith({ audience: ['a', 'b'] }).issue({})).claims.aud).toEqual(['a', 'b']);
    });

    it('client_id where clientId is configured', async () => {
      expect(decode(await issuerWith({ clientId: 'shop' }).issue({})).claims.client_id).toBe('shop');
      expect(decode(await issuerWith().issue({ client_id: 'mine' })).claims.client_id).toBe('mine');
    });

    it('what a call wants different: ttl, notBefore, audience, jwtid', async () => {
      const options = { ttl: '15m', notBefore: 60, audience: ['x', 'y'], jwtid: 'my-id' };
      const { claims: stamped } = decode(await issuerWith().issue({}, options));
      expect(stamped).toMatchObject({ exp: NOW + 900, nbf: NOW + 60, aud: ['x', 'y'], jti: 'my-id' });
    });

    it('further header members of a call', async () => {
      const token = await issuerWith().issue({}, { header: { cty: 'JWT', nested: { a: [1] } } });
      expect(decode(token).header).toEqual({
        alg: 'RS256',
        typ: 'at+jwt',
        kid: ownKid,
        cty: 'JWT',
        nested: { a: [1] },
      });
      await expect(verifierWith().verify(token)).resolves.toMatchObject({ iss: ISSUER });
    });
  });

  it('issues tokens that the verifier takes, with the claims as they were given', async () => {
    const given = {
      sub: '\u{1f467}\u{1f3fd} a\0b',
      scope: '',
      deep: { list: [0, -1.5, 1e300, '', null, true] },
    };
    await expect(verifierWith().verify(await issuerWith().issue(given))).resolves.toMatchObject(given);
  });

  describe('refuses the claims that only it sets, with the option to use instead', () => {
    it.each([
      ['iat', 'it is stamped from the clock'],
      ['nbf', 'use the option notBefore'],
      ['exp', 'use the option ttl of issue(), or accessTokenTtl'],
      ['iss', 'use the option issuer'],
      ['aud', 'use the option audience'],
      ['jti', 'use the option jwtid'],
      ['sid', 'only a session'],
      ['auth_time', 'only a session'],
    ])('%s: %s', async (name, advice) => {
      for (const value of [NOW, 'text', null, { a: 1 }, []]) {
        const error = await refusalOf({ sub: 'alice', [name]: value });
        expect(error.code).toBe('ERR_OPTION_CLAIM');
        expect(error.message).toContain(`The claim ${name} cannot be given`);
        expect(error.message).toContain(advice);
      }
    });

    it('and these are all', () => {
      const names = ['iat', 'nbf', 'exp', 'iss', 'aud', 'jti', 'sid', 'auth_time'];
      expect(Object.keys(RESERVED_CLAIMS).toSorted()).toEqual(names.toSorted());
    });

    it('client_id, where the option clientId stamps it', async () => {
      const error = await refusalOf({ client_id: 'other' }, undefined, { clientId: 'shop' });
      expect(error).toMatchObject({
        code: 'ERR_OPTION_CLAIM',
        message: expect.stringContaining('the option clientId'),
      });
    });

    it('also when a body is spread into the claims', async () => {
      const body = JSON.parse('{"exp":4102444800,"name":"Mallory"}') as object;
      expect((await refusalOf({ sub: 'alice', ...body })).code).toBe('ERR_OPTION_CLAIM');
    });
  });

  describe('refuses the header members that only it sets', () => {
    const names = [
      'alg',
      'typ',
      'kid',
      'crit',
      'b64',
      'zip',
      'enc',
      'jwk',
      'jku',
      'x5u',
      'x5c',
      'x5t',
      'x5t#S256',
      'x5-future',
    ];

    it.each(names)('%s', async (name) => {
      for (const value of ['none', null, ['b64'], false]) {
        const error = await refusalOf({}, { header: { [name]: value } });
        expect(error).toMatchObject({
          code: 'ERR_OPTION_HEADER',
          message: expect.stringContaining(`The header member ${name} `),
        });
      }
    });

    it('and these are all, beside x5*', () => {
      expect([...RESERVED_HEADER_MEMBERS].toSorted()).toEqual(
        names.filter((name) => !name.startsWith('x5')).toSorted(),
      );
    });

    it.each([null, 'alg', 7, ['alg'], new Map(), new Date(0)])(
      'and a header that is no plain object: %p',
      async (given) => {
        expect((await refusalOf({}, { header: given })).code).toBe('ERR_OPTION_HEADER');
      },
    );
  });

  describe('refuses a value that JSON would drop, change or fail on', () => {
    class Money {
      readonly amount = 1;
    }
    const cycle: Record<string, unknown> = {};
    cycle.self = { of: cycle };
    const ring: unknown[] = [];
    ring.push(ring);
    const sparse: unknown[] = [];
    sparse[3] = 1;
    const deep = (levels: number, inner: unknown = 1) =>
      JSON.parse(`${'{"a":'.repeat(levels)}${JSON.stringify(inner)}${'}'.repeat(levels)}`) as unknown;
    const values: Record<string, unknown> = {
      undefined: undefined,
      NaN: Number.NaN,
      Infinity: Number.POSITIVE_INFINITY,
      '-Infinity': Number.NEGATIVE_INFINITY,
      'a function': () => 'secret',
      'an asynchronous function': async () => 'secret',
      'a class': Money,
      'a symbol': Symbol('secret'),
      'a big integer': 7n,
      'a Date': new Date(0),
      'an invalid Date': new Date(Number.NaN),
      'a Map': new Map([['a', 1]]),
      'a Set': new Set([1]),
      'a WeakMap': new WeakMap(),
      'an instance of a class': new Money(),
      'an Error': new Error('secret'),
      'a regular expression': /secret/,
      'a promise': Promise.resolve(1),
      'a Buffer': Buffer.from('secret'),
      'a typed array': new Float64Array(2),
      'an ArrayBuffer': new ArrayBuffer(2),
      'a String object': Object('secret') as unknown,
      'a Number object': Object(1) as unknown,
      'a URL': new URL('https://secret.example'),
      'an object that inherits': Object.create({ inherited: 1 }) as unknown,
      'a generator': (function* () {
        yield 1;
      })(),
      'an object with toJSON': { toJSON: () => 'secret' },
      'an object that contains itself': cycle,
      'a list that contains itself': ring,
      'a sparse list': sparse,
      'a list of holes': Array.from({ length: 3 }),
      'a list with undefined': [1, undefined],
      'an object with undefined': { a: undefined },
      'an object of 33 levels': deep(32),
      'an object of 10,000 levels': deep(10_000),
      'a lone high surrogate': 'secret\ud83d',
      'a lone low surrogate': '\ude00secret',
      'surrogates the wrong way round': '\ude00\ud83d',
      'a name with a lone surrogate': { 'secret\ud83d': 1 },
      'a member __proto__': JSON.parse('{"__proto__":{"admin":true}}') as unknown,
    };

    it.each(Object.keys(values))('%s', async (name) => {
      const value = values[name];
      for (const given of [{ x: value }, { a: { x: value } }, { a: [0, { x: value }] }]) {
        const error = await refusalOf(given);
        expect(error.code).toBe('ERR_OPTION_CLAIM');
        expect(error.message).toMatch(/^claims\..*x/);
        expect(error.message).not.toMatch(/secret|\p{Surrogate}/u);
      }
      expect((await refusalOf({}, { header: { x: value } })).code).toBe('ERR_OPTION_HEADER');
    });

    it('__proto__ and lone surrogates as names of claims', async () => {
      expect((await refusalOf(JSON.parse('{"sub":"alice","__proto__":{"admin":true}}'))).code).toBe(
        'ERR_OPTION_CLAIM',
      );
      expect((await refusalOf({ '\ud83d': 1 })).code).toBe('ERR_OPTION_CLAIM');
    });

    it.each([
      undefined,
      null,
      'sub',
      7,
      true,
      ['sub'],
      new Map(),
      new Money(),
      new Date(0),
      () => ({}),
      Symbol('sub'),
    ])('claims that are no plain object: %p', async (given) => {
      expect(await refusalOf(given)).toMatchObject({
        code: 'ERR_OPTION_CLAIM',
        message: 'claims must be a plain object.',
      });
    });

    it('but takes what is plain data: of 32 levels, of another realm, without a prototype, frozen', async () => {
      const foreign = runInNewContext('({ a: { b: [1, { c: "x" }] } })') as object;
      const bare = Object.assign(Object.create(null) as object, { a: 1 });
      const given = { deep: deep(31, ''), foreign, bare, frozen: Object.freeze({ a: Object.freeze([1]) }) };
      const token = await issuerWith().issue(given);
      expect(decode(token).claims).toMatchObject(JSON.parse(JSON.stringify(given)));
      await expect(verifierWith().verify(token)).resolves.toBeDefined();
    });

    it('and signs what it looked at: a getter is read once, and a change after the call comes too late', async () => {
      let reads = 0;
      const given = {
        list: [1],
        get name(): unknown {
          return reads++ === 0 ? 'good' : undefined;
        },
      };
      const issued = issuerWith().issue(given);
      given.list.push(2);
      expect(decode(await issued).claims).toMatchObject({ name: 'good', list: [1] });
      expect(reads).toBe(1);
    });
  });

  describe('demands of the claims that it knows', () => {
    it.each([[7], [null], [''], [['alice']], [{}], [true]])(
      'a sub that is a text and not %p',
      async (sub) => {
        const error = await refusalOf({ sub });
        expect(error).toMatchObject({
          code: 'ERR_OPTION_CLAIM',
          message: expect.stringContaining('String(id)'),
        });
        expect((await refusalOf({ client_id: sub })).code).toBe('ERR_OPTION_CLAIM');
      },
    );

    it.each([[['read']], [7], [null], [{}]])('a scope that is a text and not %p', async (scope) => {
      expect((await refusalOf({ scope })).code).toBe('ERR_OPTION_CLAIM');
    });

    it.each<[string, object, object?]>([
      ['sub', {}],
      ['tenant', {}],
      ['tenant', { tenant: null }],
      ['toString', {}],
      ['iss', {}, { issuer: undefined }],
      ['aud', {}, { audience: undefined }],
    ])(
      '%s where requiredClaims lists it, before anything is signed',
      async (name, given, configured = {}) => {
        const error = await refusalOf(given, undefined, { ...configured, requiredClaims: ['exp', name] });
        expect(error).toMatchObject({
          code: 'ERR_OPTION_CLAIM',
          message: expect.stringContaining(`The claim ${name} is missing`),
        });
      },
    );

    it('nothing more where all that is required is given or stamped', async () => {
      const requiredClaims = ['exp', 'iat', 'nbf', 'iss', 'aud', 'jti', 'client_id', 'sub', 'tenant', 'flag'];
      const issuer = issuerWith({ requiredClaims, clientId: 'shop' });
      await expect(issuer.issue({ sub: 'alice', tenant: '', flag: false })).resolves.toBeDefined();
    });
  });

  describe('keeps to the rules of lifetimes', () => {
    it.each<[string, IssueOptions, OptionErrorCode, RegExp]>([
      ['ttl 0', { ttl: 0 }, 'ERR_OPTION_TTL', /ttl must be more than 0/],
      ["ttl '0s'", { ttl: '0s' }, 'ERR_OPTION_TTL', /ttl must be more than 0/],
      [
        'ttl over maxTokenTtl',
        { ttl: 86_401 },
        'ERR_OPTION_TTL',
        /ttl \(86401 s\) is longer than maxTokenTtl \(86400 s\)/,
      ],
      ["ttl '2d' over maxTokenTtl", { ttl: '2d' }, 'ERR_OPTION_TTL', /maxTokenTtl/],
      ['notBefore of the ttl', { ttl: 60, notBefore: 60 }, 'ERR_OPTION_TTL', /would never be valid/],
      ['notBefore over the configured ttl', { notBefore: '1h' }, 'ERR_OPTION_TTL', /would never be valid/],
      ['a negative ttl', { ttl: -1 }, 'ERR_OPTION_DURATION', /^ttl /],
      [
        'a ttl without a unit',
        { ttl: '3600' },
        'ERR_OPTION_DURATION',
        /ttl: 3600 \(seconds\) or ttl: '3600s'/,
      ],
      ['a ttl in words', { ttl: 'an hour' }, 'ERR_OPTION_DURATION', /^ttl /],
      ['ttl NaN', { ttl: Number.NaN }, 'ERR_OPTION_DURATION', /^ttl /],
      ['ttl Infinity', { ttl: Number.POSITIVE_INFINITY }, 'ERR_OPTION_DURATION', /^ttl /],
      ['ttl null', { ttl: null as unknown as number }, 'ERR_OPTION_DURATION', /^ttl /],
      ['a negative notBefore', { notBefore: -1 }, 'ERR_OPTION_DURATION', /^notBefore /],
      ['a notBefore without a unit', { notBefore: '5' }, 'ERR_OPTION_DURATION', /^notBefore /],
      ['no audience in the list', { audience: [] }, 'ERR_OPTION_INVALID', /^audience /],
      ['an empty audience', { audience: '' }, 'ERR_OPTION_INVALID', /^audience /],
      [
        'an audience that is a number',
        { audience: [7 as unknown as string] },
        'ERR_OPTION_INVALID',
        /^audience /,
      ],
      ['an audience with a lone surrogate', { audience: '\ud83d' }, 'ERR_OPTION_INVALID', /^audience /],
      ['an empty jwtid', { jwtid: '' }, 'ERR_OPTION_INVALID', /^jwtid /],
      ['a jwtid that is a number', { jwtid: 7 as unknown as string }, 'ERR_OPTION_INVALID', /^jwtid /],
      ['a jwtid with a lone surrogate', { jwtid: '\udc00' }, 'ERR_OPTION_INVALID', /^jwtid /],
    ])('%s is refused', async (_, options, code, sentence) => {
      expect(await refusalOf({}, options)).toMatchObject({ code, message: expect.stringMatching(sentence) });
    });

    it('a ttl of exactly maxTokenTtl is a token that verifies until its end', async () => {
      const token = await issuerWith().issue({}, { ttl: '24h' });
      await expect(
        verifierWith({ clockTolerance: 0 }, new TestClock(NOW + 86_399)).verify(token),
      ).resolves.toBeDefined();
    });

    it.each([Number.NaN, Number.POSITIVE_INFINITY, 1e300])(
      'a clock that says %p stamps nothing',
      async (now) => {
        const signer = new CountingSigner();
        const issued = issuerWith({}, signer, new StubbornClock(now)).issue({});
        expect(await errorOf(issued)).toMatchObject({
          code: 'ERR_OPTION_INVALID',
          message: expect.stringContaining('clock.now()'),
        });
        expect(signer.asked).toEqual([]);
      },
    );
  });

  it('issues no token that its own verifier would find too long, to the character', async () => {
    const { length } = await issuerWith().issue({ sub: 'alice' });
    const exact = await issuerWith({ maxTokenLength: length }).issue({ sub: 'alice' });
    await expect(verifierWith({ maxTokenLength: length }).verify(exact)).resolves.toBeDefined();
    const error = await refusalOf({ sub: 'alice' }, undefined, { maxTokenLength: length - 1 });
    expect(error).toMatchObject({
      code: 'ERR_OPTION_CLAIM',
      message: expect.stringContaining(`would have ${length} characters`),
    });
  });

  describe('with its signer', () => {
    it('asks it once for each token, with the signing input, and puts its kid and signature in', async () => {
      const signer = new CountingSigner(async () => Buffer.from('signature'));
      const token = await issuerWith({}, signer).issue({ sub: 'alice' });
      const [head, payload, signature] = token.split('.');
      expect(signer.asked.map((bytes) => Buffer.from(bytes).toString())).toEqual([`${head}.${payload}`]);
      expect(signature).toBe(base64url('signature'));
    });

    it('lets its error out as it is', async () => {
      const failure = new Error('the HSM is on fire');
      const signer = new CountingSigner(() => Promise.reject(failure));
      await expect(issuerWith({}, signer).issue({})).rejects.toBe(failure);
    });

    it('has no more signatures under way than it may, and says so with a server error', async () => {
      const finish: ((signature: Buffer) => void)[] = [];
      const fail: ((error: Error) => void)[] = [];
      const signer = new CountingSigner(
        () => new Promise((resolve, reject) => void (finish.push(resolve), fail.push(reject))),
      );
      const issuer = issuerWith({ maxPendingSignatures: 2 }, signer);
      const pending = [issuer.issue({}), issuer.issue({})];
      const busy = await errorOf(issuer.issue({}));
      expect(busy).toBeInstanceOf(SignerBusyError);
      expect(busy).toMatchObject({ code: 'ERR_SIGNER_BUSY', fault: 'server' });
      expect(signer.asked).toHaveLength(2);
      finish[0]!(Buffer.alloc(256));
      fail[1]!(new Error('failed'));
      await Promise.allSettled(pending);
      // Both places are free again, that of the failed signature too.
      const next = [issuer.issue({}), issuer.issue({})];
      expect(signer.asked).toHaveLength(4);
      for (const resolve of finish) resolve(Buffer.alloc(256));
      await expect(Promise.all(next)).resolves.toHaveLength(2);
    });
  });

  it('signs on the thread pool: each signature is a job of its own that calls back', async () => {
    const jobs = { made: 0, calledBack: 0 };
    const ids = new Set<number>();
    // A synchronous signature makes a SIGNREQUEST as well, and never calls back: `before` is what tells them apart.
    const hook = createHook({
      init: (id, type) => void (type === 'SIGNREQUEST' && (ids.add(id), jobs.made++)),
      before: (id) => void (ids.has(id) && jobs.calledBack++),
    }).enable();
    try {
      sign('RSA-SHA256', Buffer.from('synchronous'), ownKey);
      expect(jobs).toEqual({ made: 1, calledBack: 0 });
      const issuer = issuerWith();
      await Promise.all(Array.from({ length: 10 }, () => issuer.issue({ sub: 'alice' })));
      expect(jobs).toEqual({ made: 11, calledBack: 10 });
    } finally {
      hook.disable();
    }
  });
});

/** Keys that remember what they were asked. */
class RecordingKeys extends VerificationKeys {
  version: unknown = 0;
  readonly asked: (string | undefined)[] = [];

  constructor(private readonly answer: (kid: string | undefined) => ReturnType<VerificationKeys['find']>) {
    super();
  }

  override find(kid: string | undefined): ReturnType<VerificationKeys['find']> {
    this.asked.push(kid);
    return this.answer(kid);
  }
}

/** The own key, counting the RSA operations. */
class CountingKey extends VerificationKey {
  operations = 0;

  override verify(message: string | Uint8Array, signature: Uint8Array): boolean {
    this.operations++;
    return super.verify(message, signature);
  }
}

describe('TokenVerifier', () => {
  const foreverOld = { iat: NOW - 900, nbf: NOW - 900, exp: NOW - 600 };

  describe('goes from the cheap to the dear', () => {
    const faults = [
      'length',
      'segments',
      'encoding',
      'headerJson',
      'alg',
      'crit',
      'typ',
      'kidType',
      'kid',
      'octets',
      'signature',
      'json',
      'claim',
    ] as const;
    type Fault = (typeof faults)[number];

    /** A token that is wrong in all of these ways. */
    function wrongIn(all: readonly Fault[]): string {
      const has = (fault: Fault) => all.includes(fault);
      const members = {
        ...(has('alg') ? { alg: 'none' } : {}),
        ...(has('crit') ? { crit: ['b64'] } : {}),
        ...(has('typ') ? { typ: 'JWT' } : {}),
        ...(has('kid') ? { kid: 'unknown' } : {}),
        ...(has('kidType') ? { kid: 7 } : {}),
      };
      const head = JSON.stringify(header(members)) + (has('headerJson') ? '}' : '');
      const payload = JSON.stringify(claims(has('claim') ? { aud: 7 } : {})) + (has('json') ? '}' : '');
      let token = has('octets')
        ? mintWith(() => Buffer.alloc(255), head, payload)
        : has('signature')
          ? mint(head, payload, strangerKey)
          : mint(head, payload);
      if (has('encoding')) token += '=';
      if (has('segments')) token += '.';
      return has('length') ? token + 'A'.repeat(8192) : token;
    }

    it.each<[Fault, string, string, number, number]>([
      ['length', 'ERR_TOKEN_MALFORMED', 'too long', 0, 0],
      ['segments', 'ERR_TOKEN_MALFORMED', 'three segments', 0, 0],
      ['encoding', 'ERR_TOKEN_MALFORMED', 'canonical base64url', 0, 0],
      ['headerJson', 'ERR_TOKEN_MALFORMED', 'header of the access token is not a strict JSON', 0, 0],
      ['alg', 'ERR_TOKEN_ALGORITHM', 'not signed with RS256', 0, 0],
      ['crit', 'ERR_TOKEN_MALFORMED', 'unsupported member crit', 0, 0],
      ['typ', 'ERR_TOKEN_TYPE', 'not of type at+jwt', 0, 0],
      ['kidType', 'ERR_TOKEN_MALFORMED', 'kid', 0, 0],
      ['kid', 'ERR_TOKEN_KEY_UNKNOWN', 'unknown key', 1, 0],
      ['octets', 'ERR_TOKEN_SIGNATURE', 'signature', 1, 0],
      ['signature', 'ERR_TOKEN_SIGNATURE', 'signature', 1, 1],
      ['json', 'ERR_TOKEN_MALFORMED', 'claims of the access token are not a strict JSON', 1, 1],
      ['claim', 'ERR_TOKEN_CLAIM', 'claim aud', 1, 1],
    ])('%s before all that comes after it', async (first, code, sentence, searches, operations) => {
      const own = new CountingKey(ownPublicKey);
      const keys = new RecordingKeys((kid) => (kid === ownKid ? own : undefined));
      const verifier = verifierWith({}, undefined, keys);
      const later = faults.slice(faults.indexOf(first) + 1);
      for (const all of [[first], [first, ...later], ...later.map((one) => [first, one])]) {
        const error = await errorOf(verifier.verify(wrongIn(all)));
        expect([all, error.code, error.message]).toEqual([all, code, expect.stringContaining(sentence)]);
      }
      const tokens = 2 + later.length;
      expect(keys.asked).toHaveLength(searches * tokens);
      expect(own.operations).toBe(operations * tokens);
    });

    it('the type and the length of the token before anything is done with it', async () => {
      const touched: string[] = [];
      const biting = new Proxy({}, { get: (_, name) => void touched.push(String(name)) });
      expect(await codeOf(verifierWith().verify(biting as string))).toBe('ERR_TOKEN_MALFORMED');
      expect(touched).toEqual([]);
      const error = await errorOf(verifierWith({ maxTokenLength: 4 }).verify('.....'));
      expect(error.message).toBe('The access token is too long');
      expect((await errorOf(verifierWith({ maxTokenLength: 5 }).verify('.....'))).message).toContain(
        'three segments',
      );
    });
  });

  describe('looks for its key', () => {
    const own = new VerificationKey(ownPublicKey);
    const stranger = new VerificationKey(strangerPublicKey);

    it('by the kid of the header, and by none where there is none', async () => {
      const keys = new RecordingKeys(() => own);
      const verifier = verifierWith({ cacheSize: 0 }, undefined, keys);
      await verifier.verify(mint());
      await verifier.verify(mint(header({ kid: undefined })));
      expect(keys.asked).toEqual([ownKid, undefined]);
    });

    it('and takes a token without a kid only where there is exactly one', async () => {
      const token = mint(header({ kid: undefined }));
      const both = verifierWith({}, undefined, new FixedVerificationKeys([own, stranger]));
      const none = verifierWith({}, undefined, new FixedVerificationKeys([]));
      await expect(verifierWith().verify(token)).resolves.toBeDefined();
      expect(await codeOf(both.verify(token))).toBe('ERR_TOKEN_KEY_UNKNOWN');
      expect(await codeOf(none.verify(token))).toBe('ERR_TOKEN_KEY_UNKNOWN');
    });

    it('and tries that one only', async () => {
      const verifier = verifierWith({}, undefined, new FixedVerificationKeys([own, stranger]));
      await expect(verifier.verify(mint())).resolves.toBeDefined();
      await expect(
        verifier.verify(mint(header({ kid: stranger.kid }), claims(), strangerKey)),
      ).resolves.toBeDefined();
      expect(await codeOf(verifier.verify(mint(header({ kid: stranger.kid }))))).toBe('ERR_TOKEN_SIGNATURE');
      expect(await codeOf(verifier.verify(mint(header(), claims(), strangerKey)))).toBe(
        'ERR_TOKEN_SIGNATURE',
      );
    });

    it('and waits for it', async () => {
      const keys = new RecordingKeys((kid) => Promise.resolve(kid === ownKid ? own : undefined));
      const verifier = verifierWith({}, undefined, keys);
      await expect(verifier.verify(mint())).resolves.toBeDefined();
      expect(await codeOf(verifier.verify(mint(header({ kid: 'other' }))))).toBe('ERR_TOKEN_KEY_UNKNOWN');
    });

    it("and lets out that it cannot be had, which is not the token's fault", async () => {
      const gone = new KeysUnavailableError();
      const later = verifierWith({}, undefined, new RecordingKeys(() => Promise.reject(gone)));
      const at = verifierWith(
        {},
        undefined,
        new RecordingKeys(() => {
          throw gone;
        }),
      );
      await expect(later.verify(mint())).rejects.toBe(gone);
      await expect(at.verify(mint())).rejects.toBe(gone);
    });

    it('again when the keys have changed', async () => {
      const known = new Map([[own.kid, own]]);
      const keys = new RecordingKeys((kid) => known.get(kid!));
      const verifier = verifierWith({}, undefined, keys);
      const token = mint();
      await verifier.verify(token);
      known.clear();
      keys.version = 1;
      expect(await codeOf(verifier.verify(token))).toBe('ERR_TOKEN_KEY_UNKNOWN');
    });

    it('which differs in one bit from the right one, in vain', () => {
      const { n = '', e } = ownPublicKey.export({ format: 'jwk' });
      const message = Buffer.from(signingInput(header(), claims()));
      const signature = sign('RSA-SHA256', message, ownKey);
      expect(own.verify(message, signature)).toBe(true);
      for (const bit of [0, 1, 2, 64, 1000, 1024, 2000, 2046]) {
        const modulus = Buffer.from(n, 'base64url');
        modulus[255 - (bit >> 3)]! ^= 1 << (bit & 7);
        const key = createPublicKey({
          key: { kty: 'RSA', n: modulus.toString('base64url'), e: e! },
          format: 'jwk',
        });
        expect(new VerificationKey(key).verify(message, signature)).toBe(false);
      }
    });
  });

  // A token that was seen before takes another path: it must lead to the same place.
  describe.each([
    ['for the first time', { cacheSize: 0 }, 0],
    ['that it has seen before', { cacheSize: 100 }, 2],
  ])('measures a token %s', (_, cache, times) => {
    /** The code of the refusal at `now`, after so many verifications with a tolerance that takes whatever is nearly good. */
    async function verifyAt(
      now: number,
      token: string,
      configured = {},
      options?: VerifyOptions,
    ): Promise<string | undefined> {
      const clock = new TestClock(NOW);
      const verifier = verifierWith({ ...cache, ...configured }, clock);
      for (let time = 0; time < times; time++)
        await errorOf(verifier.verify(token, { clockTolerance: 3600 }));
      clock.setNow(now);
      return codeOf(verifier.verify(token, options));
    }

    it.each([
      // tolerance, claim, seconds from the claim to now, code
      [0, 'exp', -1, undefined],
      [0, 'exp', -0.001, undefined],
      [0, 'exp', 0, 'ERR_TOKEN_EXPIRED'],
      [0, 'exp', 0.001, 'ERR_TOKEN_EXPIRED'],
      [10, 'exp', 9, undefined],
      [10, 'exp', 9.999, undefined],
      [10, 'exp', 10, 'ERR_TOKEN_EXPIRED'],
      [10, 'exp', 10.001, 'ERR_TOKEN_EXPIRED'],
      [0, 'nbf', -1, 'ERR_TOKEN_NOT_YET_VALID'],
      [0, 'nbf', -0.001, 'ERR_TOKEN_NOT_YET_VALID'],
      [0, 'nbf', 0, undefined],
      [10, 'nbf', -10, undefined],
      [10, 'nbf', -10.001, 'ERR_TOKEN_NOT_YET_VALID'],
      [0, 'iat', -1, 'ERR_TOKEN_CLAIM'],
      [0, 'iat', -0.001, 'ERR_TOKEN_CLAIM'],
      [0, 'iat', 0, undefined],
      [10, 'iat', -10, undefined],
      [10, 'iat', -10.001, 'ERR_TOKEN_CLAIM'],
    ])('with a tolerance of %d s: %s, and now is %d s later', async (clockTolerance, claim, later, code) => {
      const times = {
        exp: { exp: NOW },
        nbf: { nbf: NOW, exp: NOW + 300 },
        iat: { iat: NOW, exp: NOW + 300 },
      }[claim];
      const token = mint(header(), claims({ iat: NOW - 60, nbf: NOW - 60, ...times }));
      expect(await verifyAt(NOW + later, token, { clockTolerance })).toBe(code);
    });

    it('from its whole life up to, and not including, the second of its exp', async () => {
      const token = await issuerWith().issue({ sub: 'alice' }, { ttl: 60, notBefore: 5 });
      const seconds = [-1, 0, 4, 5, 6, 59, 60, 61];
      const codes = await Promise.all(seconds.map((at) => verifyAt(NOW + at, token, { clockTolerance: 0 })));
      const [early, late] = ['ERR_TOKEN_NOT_YET_VALID', 'ERR_TOKEN_EXPIRED'];
      expect(codes).toEqual([early, early, early, undefined, undefined, undefined, late, late]);
    });

    it('without an exp as if it had the longest life there may be', async () => {
      const token = mint(header(), claims({ exp: undefined }));
      const configured = { requiredClaims: ['iat'], maxTokenTtl: 600, clockTolerance: 10 };
      expect(await verifyAt(NOW + 609.999, token, configured)).toBeUndefined();
      expect(await verifyAt(NOW + 610, token, configured)).toBe('ERR_TOKEN_EXPIRED');
      expect(await verifyAt(NOW + 9999, token, { ...configured, verifyClaims: ['nbf'] })).toBeUndefined();
    });

    it('without an iat as if it had been issued now', async () => {
      const token = mint(header(), claims({ iat: undefined, exp: NOW + 1000 }));
      const configured = { requiredClaims: ['exp'], maxTokenTtl: 600, clockTolerance: 10 };
      expect(await verifyAt(NOW + 389, token, configured)).toBe('ERR_TOKEN_CLAIM');
      expect(await verifyAt(NOW + 390, token, configured)).toBeUndefined();
    });

    it('and compares no time claim that verifyClaims leaves out', async () => {
      const expired = mint(header(), claims(foreverOld));
      const early = mint(header(), claims({ nbf: NOW + 100 }));
      const future = mint(header(), claims({ iat: NOW + 100 }));
      expect(await verifyAt(NOW, expired, { verifyClaims: ['nbf', 'iat'] })).toBeUndefined();
      expect(await verifyAt(NOW, early, { verifyClaims: ['exp', 'iat'] })).toBeUndefined();
      expect(await verifyAt(NOW, future, { verifyClaims: ['exp', 'nbf'] })).toBeUndefined();
      expect(await verifyAt(NOW, expired, { verifyClaims: ['exp'] })).toBe('ERR_TOKEN_EXPIRED');
      expect(await verifyAt(NOW, early, { verifyClaims: ['nbf'] })).toBe('ERR_TOKEN_NOT_YET_VALID');
      expect(await verifyAt(NOW, future, { verifyClaims: ['iat'] })).toBe('ERR_TOKEN_CLAIM');
    });

    it('and demands what requiredClaims lists, an inherited member not counting', async () => {
      const demand = (requiredClaims: string[], members: object) =>
        verifyAt(NOW, mint(header(), claims(members)), { requiredClaims });
      expect(await demand(['tenant'], {})).toBe('ERR_TOKEN_CLAIM');
      expect(await demand(['tenant'], { tenant: null })).toBe('ERR_TOKEN_CLAIM');
      expect(await demand(['toString'], {})).toBe('ERR_TOKEN_CLAIM');
      expect(await demand(['tenant'], { tenant: '' })).toBeUndefined();
      expect(await demand(['tenant'], { tenant: false })).toBeUndefined();
    });

    it.each([Number.NaN, undefined as unknown as number])(
      'and refuses whatever time it has while the clock says %p',
      async (now) => {
        for (const only of ['exp', 'nbf', 'iat'] as const) {
          const members = {
            exp: undefined,
            nbf: undefined,
            iat: undefined,
            [only]: only === 'exp' ? NOW + 300 : NOW,
          };
          expect(await verifyAt(now, mint(header(), claims(members)), { requiredClaims: [] })).toMatch(
            /^ERR_TOKEN_/,
          );
        }
        expect(await verifyAt(now, mint())).toBe('ERR_TOKEN_EXPIRED');
      },
    );

    it('and refuses it while the clock is infinitely fast or slow', async () => {
      expect(await verifyAt(Number.POSITIVE_INFINITY, mint())).toBe('ERR_TOKEN_EXPIRED');
      expect(await verifyAt(Number.NEGATIVE_INFINITY, mint())).toBe('ERR_TOKEN_NOT_YET_VALID');
    });

    describe('by the options of a call:', () => {
      const options = async (token: string, callOptions: VerifyOptions, configured = {}) =>
        verifyAt(NOW, token, configured, callOptions);

      it('audience takes the place of the configured one', async () => {
        const stock = mint(header(), claims({ aud: ['stock', 'x'] }));
        expect(await options(stock, {})).toBe('ERR_TOKEN_CLAIM');
        expect(await options(stock, { audience: 'stock' })).toBeUndefined();
        expect(await options(stock, { audience: ['a', 'x'] })).toBeUndefined();
        expect(await options(mint(), { audience: 'stock' })).toBe('ERR_TOKEN_CLAIM');
        expect(await options(mint(), { audience: 'stock' }, { audience: undefined })).toBe('ERR_TOKEN_CLAIM');
      });

      it('audience that is undefined leaves the configured one in place', async () => {
        const stock = mint(header(), claims({ aud: 'stock' }));
        expect(await options(stock, { audience: undefined as unknown as string })).toBe('ERR_TOKEN_CLAIM');
        expect(await options(mint(), { audience: undefined as unknown as string })).toBeUndefined();
      });

      it('issuer narrows the configured one and never replaces it', async () => {
        const joe = mint(header(), claims({ iss: 'joe' }));
        expect(await options(mint(), { issuer: ISSUER })).toBeUndefined();
        expect(await options(mint(), { issuer: 'joe' })).toBe('ERR_TOKEN_CLAIM');
        expect(await options(joe, { issuer: 'joe' })).toBe('ERR_TOKEN_CLAIM');
        expect(await options(joe, { issuer: 'joe' }, { issuer: undefined })).toBeUndefined();
        expect(await options(mint(), { issuer: 'joe' }, { issuer: undefined })).toBe('ERR_TOKEN_CLAIM');
        expect(
          await options(mint(header(), claims({ iss: undefined })), { issuer: 'joe' }, { issuer: undefined }),
        ).toBe('ERR_TOKEN_CLAIM');
      });

      it('typ takes the place of the configured one', async () => {
        expect(await options(mint(), { typ: 'JWT' })).toBe('ERR_TOKEN_TYPE');
        expect(await options(mint(), { typ: 'at+jwt' }, { typ: 'JWT' })).toBeUndefined();
        expect(await options(mint(header({ typ: 'JWT' })), { typ: 'JWT' })).toBeUndefined();
        expect(await options(mint(header({ typ: 'JWT' })), {})).toBe('ERR_TOKEN_TYPE');
      });

      it('requiredClaims come on top of the configured ones', async () => {
        expect(await options(mint(), { requiredClaims: ['tenant'] })).toBe('ERR_TOKEN_CLAIM');
        expect(await options(mint(), { requiredClaims: ['sub'] })).toBeUndefined();
        expect(await options(mint(header(), claims({ nbf: undefined })), { requiredClaims: ['sub'] })).toBe(
          'ERR_TOKEN_CLAIM',
        );
      });

      it('clockTolerance takes the place of the configured one', async () => {
        const late = mint(header(), claims({ iat: NOW - 60, nbf: NOW - 60, exp: NOW - 5 }));
        expect(await options(late, {})).toBeUndefined();
        expect(await options(late, { clockTolerance: 0 })).toBe('ERR_TOKEN_EXPIRED');
        expect(await options(late, { clockTolerance: 5 })).toBe('ERR_TOKEN_EXPIRED');
        expect(await options(late, { clockTolerance: 5.001 })).toBeUndefined();
        expect(await options(late, { clockTolerance: '1m' }, { clockTolerance: 0 })).toBeUndefined();
      });

      it('ignoreExpiration lets an expired token through, and nothing else', async () => {
        const ignoring = (members: object, head = header()) =>
          options(mint(head, claims({ ...foreverOld, ...members })), { ignoreExpiration: true });
        expect(await ignoring({})).toBeUndefined();
        expect(await ignoring({ exp: undefined })).toBe('ERR_TOKEN_CLAIM');
        expect(await ignoring({ exp: 'soon' })).toBe('ERR_TOKEN_CLAIM');
        expect(await ignoring({ exp: NOW - 1000 })).toBe('ERR_TOKEN_CLAIM');
        expect(await ignoring({ exp: NOW + 86_400 })).toBe('ERR_TOKEN_CLAIM');
        expect(await ignoring({ nbf: NOW + 11 })).toBe('ERR_TOKEN_NOT_YET_VALID');
        expect(await ignoring({ iat: NOW + 11, exp: NOW + 12 })).toBe('ERR_TOKEN_CLAIM');
        expect(await ignoring({ iss: 'joe' })).toBe('ERR_TOKEN_CLAIM');
        expect(await ignoring({ aud: 'stock' })).toBe('ERR_TOKEN_CLAIM');
        expect(await ignoring({}, header({ typ: 'JWT' }))).toBe('ERR_TOKEN_TYPE');
        const forged = mint(header(), claims(foreverOld), strangerKey);
        expect(await options(forged, { ignoreExpiration: true })).toBe('ERR_TOKEN_SIGNATURE');
      });

      it.each([undefined, false, null, 0, 1, 'true', {}])(
        'ignoreExpiration that is %p is not true',
        async (ignoreExpiration) => {
          const callOptions = { ignoreExpiration } as VerifyOptions;
          expect(await options(mint(header(), claims(foreverOld)), callOptions)).toBe('ERR_TOKEN_EXPIRED');
        },
      );

      it.each<[object, OptionErrorCode]>([
        [{ audience: [] }, 'ERR_OPTION_INVALID'],
        [{ audience: '' }, 'ERR_OPTION_INVALID'],
        [{ audience: null }, 'ERR_OPTION_INVALID'],
        [{ audience: [AUDIENCE, 7] }, 'ERR_OPTION_INVALID'],
        [{ issuer: '' }, 'ERR_OPTION_INVALID'],
        [{ issuer: null }, 'ERR_OPTION_INVALID'],
        [{ issuer: [ISSUER] }, 'ERR_OPTION_INVALID'],
        [{ typ: 'jwt' }, 'ERR_OPTION_INVALID'],
        [{ typ: null }, 'ERR_OPTION_INVALID'],
        [{ typ: '' }, 'ERR_OPTION_INVALID'],
        [{ requiredClaims: [''] }, 'ERR_OPTION_INVALID'],
        [{ requiredClaims: [7] }, 'ERR_OPTION_INVALID'],
        [{ clockTolerance: -1 }, 'ERR_OPTION_DURATION'],
        [{ clockTolerance: '10' }, 'ERR_OPTION_DURATION'],
        [{ clockTolerance: Number.NaN }, 'ERR_OPTION_DURATION'],
        [{ clockTolerance: Number.POSITIVE_INFINITY }, 'ERR_OPTION_DURATION'],
        [{ clockTolerance: null }, 'ERR_OPTION_DURATION'],
      ])("%j is the developer's mistake, whatever the token", async (callOptions, code) => {
        for (const token of [mint(), 'no token', 7 as unknown as string]) {
          expect(await options(token, callOptions as VerifyOptions)).toBe(code);
        }
      });
    });

    it('and gives claims that nobody can change', async () => {
      const verifier = verifierWith(cache);
      const token = mint(header(), claims({ aud: [AUDIENCE, 'x'], a: { b: [{ c: 1 }] } }));
      let verified: any;
      for (let time = 0; time <= times; time++) verified = await verifier.verify(token);
      const everything = [verified, verified.aud, verified.a, verified.a.b, verified.a.b[0]];
      expect(everything.every((value) => Object.isFrozen(value))).toBe(true);
      expect(() => void (verified.sub = 'root')).toThrow(TypeError);
      expect(() => verified.aud.push('admin')).toThrow(TypeError);
      await expect(verifier.verify(token)).resolves.toMatchObject({
        sub: 'alice-of-wonderland',
        aud: [AUDIENCE, 'x'],
      });
    });
  });

  it('does not remember that an expiration was ignored', async () => {
    const verifier = verifierWith();
    const token = mint(header(), claims(foreverOld));
    await verifier.verify(token, { ignoreExpiration: true });
    expect(await codeOf(verifier.verify(token))).toBe('ERR_TOKEN_EXPIRED');
  });

  it('does the RSA operation once for a token that it remembers, and each time for one that was refused', async () => {
    const own = new CountingKey(ownPublicKey);
    const verifier = verifierWith({}, undefined, new FixedVerificationKeys([own]));
    for (let time = 0; time < 3; time++) await verifier.verify(mint());
    expect(own.operations).toBe(1);
    for (let time = 0; time < 3; time++) await errorOf(verifier.verify(mint(header(), claims(foreverOld))));
    expect(own.operations).toBe(4);
  });

  it('takes no part of a token that it remembers for the whole', async () => {
    const verifier = verifierWith();
    const token = mint();
    await verifier.verify(token);
    const [head, payload, signature] = token.split('.') as [string, string, string];
    const other = base64url(claims({ sub: 'root' }));
    const withOtherHead = `${base64url(header({ cty: 'x' }))}.${payload}.${signature}`;
    for (const forged of [
      `${head}.${other}.${signature}`,
      withOtherHead,
      `${head}.${payload}.A${signature.slice(1)}`,
      `.${signature}`,
    ]) {
      expect(await codeOf(verifier.verify(forged))).toMatch(/^ERR_TOKEN_(SIGNATURE|MALFORMED)$/);
    }
  });

  it('verifies many tokens at once and mixes none up', async () => {
    const verifier = verifierWith({ cacheSize: 3 });
    const tokens = Array.from({ length: 20 }, (_, at) => mint(header(), claims({ sub: `user-${at}` })));
    const verified = await Promise.all([...tokens, ...tokens].map((token) => verifier.verify(token)));
    expect(verified.map(({ sub }) => sub)).toEqual([...tokens, ...tokens].map((_, at) => `user-${at % 20}`));
  });

  describe('collects everything that is wrong with the claims', () => {
    it('form first, then the rest; the message is about the first', async () => {
      const token = mint(header(), {
        iat: NOW + 60,
        nbf: 'now',
        exp: 1,
        iss: 'joe',
        aud: [7],
        sub: 7,
        cnf: {},
      });
      const error = await errorOf(verifierWith({ requiredClaims: ['exp', 'tenant'] }).verify(token));
      expect(error).toBeInstanceOf(TokenClaimsError);
      expect(error).toMatchObject({
        code: 'ERR_TOKEN_CLAIM',
        claim: 'tenant',
        message: error.violations[0].message,
      });
      const order = error.violations.map(
        ({ code, claim }: { code: string; claim: string }) => `${code} ${claim}`,
      );
      expect(order).toEqual([
        'ERR_TOKEN_CLAIM tenant',
        'ERR_TOKEN_CLAIM nbf',
        'ERR_TOKEN_CLAIM sub',
        'ERR_TOKEN_CLAIM exp',
        'ERR_TOKEN_CLAIM cnf',
        'ERR_TOKEN_EXPIRED exp',
        'ERR_TOKEN_CLAIM iat',
        'ERR_TOKEN_CLAIM iss',
        'ERR_TOKEN_CLAIM aud',
      ]);
    });

    it('an expired token is expired first, whatever else the policy says of it', async () => {
      const error = await errorOf(
        verifierWith().verify(mint(header(), claims({ ...foreverOld, iss: 'joe', aud: 'stock' }))),
      );
      expect(error).toMatchObject({
        code: 'ERR_TOKEN_EXPIRED',
        claim: 'exp',
        message: 'The access token expired',
      });
      expect(error.violations).toHaveLength(3);
    });

    it('and no value of any claim', async () => {
      const secrets = {
        iss: 'secret-1',
        aud: ['secret-2'],
        sub: ['secret-3'],
        jti: { a: 'secret-4' },
        cnf: { jkt: 'secret-5' },
      };
      const error = await errorOf(
        verifierWith().verify(mint(header(), claims({ ...secrets, exp: 'secret-6' }))),
      );
      expect(error.violations.length).toBeGreaterThan(5);
      expect(JSON.stringify([error.message, error])).not.toContain('secret');
    });
  });
});

describe('decodeUnverified', () => {
  it('takes a token apart whoever signed it, with whatever, however long ago', () => {
    const parts = [
      { alg: 'none', kid: 7 },
      { exp: 1, sub: 'anybody' },
    ] as const;
    for (const token of [mint(...parts), mint(...parts, strangerKey), `${signingInput(...parts)}.`]) {
      expect(decodeUnverified(token, 8192)).toEqual({ header: parts[0], claims: parts[1] });
    }
  });

  it('gives what nobody can change', () => {
    const { header: head, claims: payload } = decodeUnverified(
      mint(header({ x: [1] }), claims({ y: {} })),
      8192,
    );
    expect([head, head.x, payload, payload.y].every((value) => Object.isFrozen(value))).toBe(true);
  });

  it('refuses what is longer than it may be, and what is no token, with ERR_TOKEN_MALFORMED', () => {
    const token = mint();
    expect(() => decodeUnverified(token, token.length)).not.toThrow();
    for (const [given, length] of [
      [token, token.length - 1],
      ['a.b', 99],
      [7, 99],
      [undefined, 99],
      [`${token}=`, 8192],
    ] as const) {
      expect(() => decodeUnverified(given as string, length)).toThrow(
        expect.objectContaining({ code: 'ERR_TOKEN_MALFORMED' }),
      );
    }
  });
});

describe('WitnessedVerifier', () => {
  const wrapped = (wrap: (own: Verifier) => unknown, own: Verifier = verifierWith()) =>
    new WitnessedVerifier(own, wrap as (own: Verifier) => Verifier);

  it('gives what ours verified, and hands the options on', async () => {
    const seen: unknown[] = [];
    const verifier = wrapped((own) => ({
      verify: (token: string, options?: VerifyOptions) => {
        seen.push(options);
        return own.verify(token, options);
      },
    }));
    const options = { requiredClaims: ['sub'] };
    await expect(verifier.verify(mint(), options)).resolves.toMatchObject({ sub: 'alice-of-wonderland' });
    await expect(verifier.verify(mint())).resolves.toMatchObject({ sub: 'alice-of-wonderland' });
    expect(seen).toEqual([options, undefined]);
    expect(await codeOf(verifier.verify(mint(), { requiredClaims: ['tenant'] }))).toBe('ERR_TOKEN_CLAIM');
  });

  it('lets ours refuse, and the other refuse more, each with its own error', async () => {
    const mine = new TokenSignatureError('I do not like it');
    const picky = wrapped((own) => ({
      verify: async (token: string) => {
        const verified = await own.verify(token);
        if (verified.sub === 'mallory') throw mine;
        return verified;
      },
    }));
    expect(await codeOf(picky.verify(mint(header(), claims(), strangerKey)))).toBe('ERR_TOKEN_SIGNATURE');
    await expect(picky.verify(mint(header(), claims({ sub: 'mallory' })))).rejects.toBe(mine);
    await expect(picky.verify(mint())).resolves.toBeDefined();
  });

  it.each<[string, (own: Verifier, token: string, before: Map<string, unknown>) => unknown]>([
    ['claims that it made up', async () => ({ sub: 'root' })],
    [
      'claims that it took from the token without a look at its signature',
      async (_, token) => decodeUnverified(token, 8192).claims,
    ],
    ['a copy of the claims', async (own, token) => structuredClone(await own.verify(token))],
    [
      'more than the claims',
      async (own, token) => Object.assign(Object.create(await own.verify(token)) as object, { admin: true }),
    ],
    ['a proxy of the claims', async (own, token) => new Proxy(await own.verify(token), {})],
    ['the claims of another token', (own) => own.verify(mint(header(), claims({ sub: 'bob' })))],
    [
      'the claims that it kept from an earlier call',
      (own, token, before) =>
        before.get(token) ?? own.verify(token).then((is) => (before.set(token, is), is)),
    ],
    ['undefined', async () => undefined],
    ['null', async () => null],
    ['a text', async () => 'root'],
    ['true', async () => true],
  ])('refuses %s, as a mistake of the developer', async (_, verify) => {
    const before = new Map<string, unknown>();
    const verifier = wrapped((own) => ({ verify: (token: string) => verify(own, token, before) }));
    const token = mint();
    const codes = [await codeOf(verifier.verify(token)), await codeOf(verifier.verify(token))];
    expect(codes.at(-1)).toBe('ERR_OPTION_INVALID');
    expect(await errorOf(verifier.verify(token))).toBeInstanceOf(DeveloperError);
  });

  it.each([undefined, null, {}, 7, 'verify', { verify: 'text' }])('cannot be made around %j', (made) => {
    expect(() => wrapped(() => made)).toThrow(expect.objectContaining({ code: 'ERR_OPTION_INVALID' }));
  });

  it('keeps many calls at once apart, of one token and of several', async () => {
    const verifier = wrapped((own) => ({ verify: (token: string) => own.verify(token) }));
    const tokens = Array.from({ length: 20 }, (_, at) => mint(header(), claims({ sub: `user-${at >> 1}` })));
    const verified = await Promise.all(tokens.map((token) => verifier.verify(token)));
    expect(verified.map(({ sub }) => sub)).toEqual(tokens.map((_, at) => `user-${at >> 1}`));
  });
});
