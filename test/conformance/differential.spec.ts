import { describe, expect, it, jest } from '@jest/globals';
import { createPublicKey, sign, type JsonWebKey } from 'node:crypto';
import fc from 'fast-check';
import { createSigner, createVerifier } from 'fast-jwt';
import { jwtVerify, SignJWT } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import { TokenError } from '../../src/errors/token-errors.js';
import { SigningKey } from '../../src/keys/signing-key.js';
import { VerificationKey } from '../../src/keys/verification-key.js';
import { FixedVerificationKeys } from '../../src/keys/verification-keys.js';
import { TestClock } from '../../src/testing/index.js';
import type { TokenClaimsInput } from '../../src/tokens/token-issuer.js';
import { keyPairOf } from '../support/keys.js';
import {
  AUDIENCE,
  base64url,
  ISSUER,
  issuerWith,
  mint,
  NOW,
  ownKey,
  ownKid,
  ownPublicKey,
  VERIFYING,
  verifierWith,
} from '../support/mint.js';
import { toBigInt } from '../support/rsa-block.js';
import { privateKeyOf } from '../support/rsa-number.js';
import { TokenVerifier } from '../../src/tokens/token-verifier.js';

// RSA and hundreds of requests take their time on a machine that has much else to do.
jest.setTimeout(60_000);

const { privateKey: privatePem, publicKey: publicPem } = keyPairOf('alice');
const SPACIOUS = { maxTokenLength: 1_000_000 };

/** Claims that have a meaning, so that a random value of theirs may be refused, and rightly. */
const KNOWN = [
  'iss',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'sub',
  'scope',
  'client_id',
  'sid',
  'auth_time',
  'cnf',
  '__proto__',
];

const text = fc.string({ unit: 'binary' });
const name = text.filter((candidate) => !KNOWN.includes(candidate));
const value = fc.jsonValue({ stringUnit: 'binary', maxDepth: 4 });
const customClaims = fc
  .dictionary(name, value, { maxKeys: 8 })
  .filter((claims) => !JSON.stringify(claims).includes('"__proto__":'));
const subject = fc.string({ unit: 'binary', minLength: 1 });

/** Random claims as an application has them: plain JSON, with a subject or without. */
const someClaims = fc
  .tuple(customClaims, fc.option(subject, { nil: undefined }))
  .map(([custom, sub]) => JSON.parse(JSON.stringify({ ...custom, sub })) as TokenClaimsInput);

/** The claims of a whole token. */
const wholeClaims = fc
  .record({
    custom: someClaims,
    aud: fc.oneof(
      fc.constant(AUDIENCE),
      fc.array(text).map((others) => [...others, AUDIENCE]),
    ),
    ttl: fc.integer({ min: 1, max: 86_400 }),
    age: fc.double({ min: 0, max: 0.9, noNaN: true }),
  })
  .map(({ custom, aud, ttl, age }) => {
    const iat = NOW - Math.floor(age * ttl);
    return { ...custom, iss: ISSUER, aud, iat, nbf: iat, exp: iat + ttl, jti: 'an-identifier' };
  });

/** The others, each with the checks that we make too, at the time of the test. */
const others = {
  jose: {
    verify: async (token: string): Promise<object> => {
      const options = {
        algorithms: ['RS256'],
        issuer: ISSUER,
        audience: AUDIENCE,
        typ: 'at+jwt',
        currentDate: new Date(NOW * 1000),
      };
      return (await jwtVerify(token, ownPublicKey, options)).payload;
    },
    sign: async (claims: object): Promise<string> =>
      new SignJWT(claims as Record<string, unknown>)
        .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: ownKid })
        .sign(ownKey),
  },
  jsonwebtoken: {
    verify: async (token: string): Promise<object> =>
      jsonwebtoken.verify(token, publicPem, {
        algorithms: ['RS256'],
        issuer: ISSUER,
        audience: AUDIENCE,
        clockTimestamp: NOW,
      }) as object,
    sign: async (claims: object): Promise<string> =>
      jsonwebtoken.sign(claims, privatePem, {
        algorithm: 'RS256',
        keyid: ownKid,
        header: { alg: 'RS256', typ: 'at+jwt' },
      }),
  },
  'fast-jwt': {
    verify: createVerifier({
      key: async () => publicPem,
      algorithms: ['RS256'],
      allowedIss: ISSUER,
      allowedAud: AUDIENCE,
      clockTimestamp: NOW * 1000,
    }) as (token: string) => Promise<object>,
    sign: createSigner({
      key: async () => privatePem,
      algorithm: 'RS256',
      kid: ownKid,
      header: { alg: 'RS256', typ: 'at+jwt' },
      clockTimestamp: NOW * 1000,
    }) as (claims: object) => Promise<string>,
  },
} as const;

describe.each(Object.entries(others))('%s and we agree', (_, other) => {
  it('on every token that we issue', async () => {
    const issuer = issuerWith(SPACIOUS);
    await fc.assert(
      fc.asyncProperty(someClaims, async (claims) => {
        const token = await issuer.issue(claims);
        const stamped = {
          iss: ISSUER,
          aud: AUDIENCE,
          iat: NOW,
          nbf: NOW,
          exp: NOW + 300,
          jti: expect.any(String),
        };
        await expect(other.verify(token)).resolves.toEqual({ ...claims, ...stamped });
      }),
    );
  });

  it('on every token that it signs', async () => {
    const verifier = verifierWith(SPACIOUS);
    await fc.assert(
      fc.asyncProperty(wholeClaims, async (claims) => {
        // jsonwebtoken looks its validators up by the claim's name, and finds those of Object.prototype.
        fc.pre(!Object.keys(claims).some((claim) => claim in Object.prototype));
        const token = await other.sign(structuredClone(claims));
        await expect(verifier.verify(token)).resolves.toEqual(claims);
      }),
    );
  });

  it('on a token whose signature is not over it', async () => {
    const [head, payload] = (await issuerWith().issue({ sub: 'alice' })).split('.') as [string, string];
    const token = `${head}.${payload}.${sign('RSA-SHA256', Buffer.from(`${head}.${payload}x`), ownKey).toString('base64url')}`;
    await expect(other.verify(token)).rejects.toThrow(/signature/);
    await expect(verifierWith().verify(token)).rejects.toThrow(TokenError);
  });
});

describe('a token that was changed in any character', () => {
  const ALPHABET = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');
  const token = mint();

  /** Verifiers that have never seen the token, and that have. */
  const verifiers = async (): Promise<TokenVerifier[]> => {
    const seen = verifierWith();
    for (let time = 0; time < 3; time++) await seen.verify(token);
    return [seen, verifierWith({ cacheSize: 0 })];
  };

  const replacement = fc.oneof(fc.constantFrom(...ALPHABET), fc.string({ unit: 'binary', maxLength: 2 }));
  const change = fc
    .tuple(fc.nat(token.length - 1), fc.nat(3), replacement)
    .map(([at, length, put]) => token.slice(0, at) + put + token.slice(at + length));

  it('never verifies, whatever was put in, left out or put in its place', async () => {
    const all = await verifiers();
    await fc.assert(
      fc.asyncProperty(change, async (changed) => {
        fc.pre(changed !== token);
        for (const verifier of all) await expect(verifier.verify(changed)).rejects.toThrow(TokenError);
      }),
      { numRuns: 1000 },
    );
  });

  it('never verifies with any single character replaced by another of the alphabet', async () => {
    const all = await verifiers();
    const accepted: string[] = [];
    for (let at = 0; at < token.length; at++) {
      const here = ALPHABET.indexOf(token[at]!);
      // The neighbour differs in the last bit only; the other one in the first.
      for (const other of [here ^ 1, here ^ 32].map((index) => ALPHABET[index & 63]!)) {
        const changed = token.slice(0, at) + other + token.slice(at + 1);
        for (const verifier of all)
          await verifier.verify(changed).then(
            () => accepted.push(changed),
            () => undefined,
          );
      }
    }
    expect(accepted).toEqual([]);
  });

  it('never verifies with another last character, of which fifteen decode to the same octets', async () => {
    const all = await verifiers();
    for (const last of ALPHABET.filter((char) => char !== token.at(-1))) {
      for (const verifier of all)
        await expect(verifier.verify(token.slice(0, -1) + last)).rejects.toThrow(TokenError);
    }
  });

  it('never verifies with two characters exchanged, or in another case', async () => {
    const all = await verifiers();
    const exchanged = fc.tuple(fc.nat(token.length - 1), fc.nat(token.length - 1)).map(([a, b]) => {
      const characters = Array.from(token);
      [characters[a], characters[b]] = [characters[b]!, characters[a]!];
      return characters.join('');
    });
    const recased = fc.nat(token.length - 1).map((at) => {
      const char = token[at]!;
      return (
        token.slice(0, at) +
        (char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase()) +
        token.slice(at + 1)
      );
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(exchanged, recased), async (changed) => {
        fc.pre(changed !== token);
        for (const verifier of all) await expect(verifier.verify(changed)).rejects.toThrow(TokenError);
      }),
      { numRuns: 500 },
    );
  });
});

describe('whatever is not a token', () => {
  it('is refused with an error of ours, be it text, octets or any value', async () => {
    const verifier = verifierWith();
    const segments = fc
      .array(fc.oneof(text, fc.base64String(), fc.json().map(base64url)), { maxLength: 5 })
      .map((all) => all.join('.'));
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          segments,
          fc.anything({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true }),
        ),
        async (given) => {
          await expect(verifier.verify(given as string)).rejects.toThrow(TokenError);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is refused too when our key signed it: any header, any claims', async () => {
    const verifier = verifierWith();
    const part = fc.oneof(
      fc.json(),
      text,
      fc.object().map((object) => JSON.stringify(object)),
    );
    await fc.assert(
      fc.asyncProperty(part, part, async (header, claims) => {
        await expect(verifier.verify(mint(header, claims))).rejects.toThrow(TokenError);
        await expect(verifier.verify(mint(undefined, claims))).rejects.toThrow(TokenError);
      }),
      { numRuns: 200 },
    );
  });
});

describe('the examples of the RFCs', () => {
  /** RFC 7515 A.2.1: the key, by its prime factors, and the same key as the document has it. */
  const factors = [
    '4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc',
    'uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc',
  ].map((factor) => toBigInt(Buffer.from(factor, 'base64url'))) as [bigint, bigint];
  const jwk: JsonWebKey = {
    kty: 'RSA',
    n: 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
    e: 'AQAB',
  };
  /** RFC 7519 §3.1, with its line breaks. */
  const claims = '{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}';
  const payload =
    'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';
  const input = `eyJhbGciOiJSUzI1NiJ9.${payload}`;
  const signature = Buffer.from(
    'cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw',
    'base64url',
  );

  const privateKey = privateKeyOf(...factors);
  const key = new VerificationKey(createPublicKey({ key: jwk, format: 'jwk' }));
  const END = 1_300_819_380;

  /** What the example needs: typ JWT, only exp, joe. */
  const verifyAt = (now: number, token: string): Promise<object> => {
    const options = {
      ...VERIFYING,
      issuer: 'joe',
      audience: undefined,
      typ: 'JWT',
      requiredClaims: ['exp'],
      clockTolerance: 0,
    } as const;
    return new TokenVerifier(new FixedVerificationKeys([key]), new TestClock(now), options).verify(token);
  };

  it('RFC 7515 A.2: its signature is made by our signing key and verified by our verification key', async () => {
    expect(base64url(claims)).toBe(payload);
    expect(createPublicKey(privateKey).export({ format: 'jwk' })).toMatchObject(jwk);
    expect(await new SigningKey(privateKey).sign(Buffer.from(input))).toEqual(signature);
    expect(key.verify(Buffer.from(input), signature)).toBe(true);
    expect(key.verify(input, signature)).toBe(true);
  });

  it('RFC 7515 A.2: its signature does not verify with any of its 2,048 bits flipped', () => {
    const verifying = Array.from({ length: 2048 }, (_, bit) => {
      const changed = Buffer.from(signature);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      return key.verify(input, changed);
    });
    expect(verifying).not.toContain(true);
  });

  it('RFC 7515 A.2: the whole token is refused, for it has no typ', async () => {
    await expect(verifyAt(END - 1, `${input}.${signature.toString('base64url')}`)).rejects.toMatchObject({
      code: 'ERR_TOKEN_TYPE',
    });
  });

  it('RFC 7519 §3.1: the claims, with a typ and signed with that key, verify until their exp', async () => {
    const token = mint('{"typ":"JWT",\r\n "alg":"RS256"}', claims, privateKey);
    await expect(verifyAt(END - 1, token)).resolves.toEqual({
      iss: 'joe',
      exp: END,
      'http://example.com/is_root': true,
    });
    await expect(verifyAt(END, token)).rejects.toMatchObject({ code: 'ERR_TOKEN_EXPIRED' });
  });

  it.each([
    [
      'RFC 7515 A.1 (HS256)',
      `eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${payload}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk`,
      'ALGORITHM',
    ],
    [
      'RFC 7515 A.3 (ES256)',
      `eyJhbGciOiJFUzI1NiJ9.${payload}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q`,
      'ALGORITHM',
    ],
    ['RFC 7515 A.5 and RFC 7519 §6.1 (unsecured)', `eyJhbGciOiJub25lIn0.${payload}.`, 'ALGORITHM'],
    [
      'RFC 7515 A.6 (general JSON serialisation)',
      JSON.stringify({
        payload,
        signatures: [{ protected: 'eyJhbGciOiJSUzI1NiJ9', signature: signature.toString('base64url') }],
      }),
      'MALFORMED',
    ],
    [
      'RFC 7519 A.1 (encrypted)',
      'eyJhbGciOiJSU0ExXzUiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.QR1Owv2ug2WyPBnbQrRARTeEk9kDO2w8qDcjiHnSJflSdv1iNqhWXaKH4MqAkQtMoNfABIPJaZm0HaA415sv3aeuBWnD8J-Ui7Ah6cWafs3ZwwFKDFUUsWHSK-IPKxLGTkND09XyjORj_CHAgOPJ-Sd8ONQRnJvWn_hXV1BNMHzUjPyYwEsRhDhzjAD26imasOTsgruobpYGoQcXUwFDn7moXPRfDE8-NoQX7N7ZYMmpUDkR-Cx9obNGwJQ3nM52YCitxoQVPzjbl7WBuB7AohdBoZOdZ24WlN1lVIeh8v1K4krB8xgKvRU8kgFrEn_a1rZgN5TiysnmzTROF869lQ.AxY8DCtDaGlsbGljb3RoZQ.MKOle7UQrG6nSxTLX6Mqwt0orbHvAKeWnDYvpIAeZ72deHxz3roJDXQyhxx0wKaMHDjUEOKIwrtkHthpqEanSBNYHZgmNOV7sln1Eu9g3J8.fiK51VwhsxJ-siBMR-YFiA',
      'MALFORMED',
    ],
  ])('%s: the token is refused', async (_, token, code) => {
    await expect(verifyAt(END - 1, token)).rejects.toMatchObject({
      code: `ERR_TOKEN_${code}`,
      fault: 'caller',
    });
  });

  it('RFC 7638 §3.1: the thumbprint is the kid of a key that brings none', () => {
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw';
    const example = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' });
    expect(new VerificationKey(example).kid).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
  });
});
