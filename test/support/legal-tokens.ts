import { sign } from 'node:crypto';
import type { TokenVerifierOptions } from '../../src/tokens/token-verifier.js';
import { ofLength } from './hostile/structure.js';
import {
  AUDIENCE,
  claims,
  header,
  ISSUER,
  mint,
  mintWith,
  NOW,
  ownKey,
  signingInput,
  strangerPublicKey,
  textWith,
} from './mint.js';

/** A token that must be accepted: what a verifier that refuses too much would refuse. */
export interface LegalToken {
  readonly name: string;
  readonly token: string;
  /** Under which options, where those of `VERIFYING` would refuse it. */
  readonly options?: Partial<TokenVerifierOptions>;
}

const DAY = 86_400;

/** The control of the corpus of hostile tokens. */
export const LEGAL_TOKENS: readonly LegalToken[] = [
  ...withHeaders(),
  ...withHeaderTexts(),
  ...withClaims(),
  ...withClaimTexts(),
  ...underOtherPolicies(),
  { name: 'a signature that starts with a zero octet', token: startingWithZero() },
  { name: 'a token of 8,192 characters', token: ofLength(8192) },
  { name: 'a token of 8,191 characters', token: ofLength(8191) },
];

function named<T>(values: Readonly<Record<string, T>>, make: (value: T) => string): LegalToken[] {
  return Object.entries(values).map(([name, value]) => ({ name, token: make(value) }));
}

function withHeaders(): LegalToken[] {
  const jwk = strangerPublicKey.export({ format: 'jwk' });
  const types = [
    'at+jwt',
    'AT+JWT',
    'At+Jwt',
    'application/at+jwt',
    'APPLICATION/AT+JWT',
    'Application/at+JWT',
  ];
  return [
    ...types.map((typ) => ({ name: `typ ${typ}`, token: mint(header({ typ })) })),
    ...named<object>(
      {
        'no kid, for there is one key': { kid: undefined },
        'a cty': { cty: 'JWT' },
        'an unknown member': { nonce: 'abc' },
        'an unknown member that is an object': { 'https://example.com/x': { a: [1, { b: null }] } },
        'a jwk, which is not looked at': { jwk },
        'a jku, which is not looked at': { jku: 'https://mallory.example/jwks.json' },
        'an x5u, which is not looked at': { x5u: 'https://mallory.example/cert.pem' },
        'an x5c, which is not looked at': { x5c: ['AAAA'] },
        'x5t and x5t#S256, which are not looked at': { x5t: 'AAAA', 'x5t#S256': 'AAAA' },
        'members of other cases': { ALG: 'none', Typ: 'JWT', KID: 'x', Crit: ['x'] },
        'a member without a name': { '': 1 },
        'members of Object.prototype': {
          constructor: 'x',
          toString: 'y',
          hasOwnProperty: 'z',
          prototype: {},
        },
        'a Unicode member': { 'schl\u00fcssel': '\u{1f511}' },
      },
      (members) => mint(header(members)),
    ),
  ];
}

function withHeaderTexts(): LegalToken[] {
  const { alg, typ, kid } = header() as Record<'alg' | 'typ' | 'kid', string>;
  return named(
    {
      'header members in another order': `{"kid":"${kid}","typ":"${typ}","alg":"${alg}"}`,
      'a header with white space, as in RFC 7519': `{"typ":"${typ}",\r\n "alg":"${alg}"}`,
      'a header with much white space': ` \t\n{ "typ" : "${typ}"\n,\t"alg" :\r"${alg}" } \n`,
      'a header in escapes': `{"\\u0061lg":"\\u0052S256","typ":"at\\u002bjwt","kid":"${kid}"}`,
      'a header with an escaped slash': `{"alg":"${alg}","typ":"application\\/at+jwt","kid":"${kid}"}`,
      'a header of 32 levels': textWith(header(), `,"x":${'['.repeat(31)}${']'.repeat(31)}`),
    },
    (text) => mint(text),
  );
}

function withClaims(): LegalToken[] {
  return named<object>(
    {
      'claims as they usually are': {},
      'aud a list of one': { aud: [AUDIENCE] },
      'aud a list with ours first': { aud: [AUDIENCE, 'payments'] },
      'aud a list with ours last': { aud: ['payments', '', AUDIENCE] },
      'aud a list with ours twice': { aud: [AUDIENCE, AUDIENCE] },
      'no sub': { sub: undefined },
      'no jti': { jti: undefined },
      'only what is required': { sub: undefined, jti: undefined },
      'a sub of spaces': { sub: '  ' },
      'a sub that looks like a number': { sub: '42' },
      'a sub of 2,000 characters': { sub: 'x'.repeat(2000) },
      'a sub of Unicode': { sub: '\u{1f467}\u{1f3fd}\u200d\u{1f52c} \u05d0\u05d1 e\u0301' },
      'a sub with NUL': { sub: 'a\0b' },
      'a scope': { scope: 'read write' },
      'an empty scope': { scope: '' },
      'client_id, sid and auth_time': { client_id: 'app', sid: 's-1', auth_time: NOW - 60 },
      'times with a fraction': { iat: NOW - 0.5, nbf: NOW - 0.25, exp: NOW + 299.75 },
      'exp a hair after now, less the tolerance': { exp: NOW - 9.999, iat: NOW - 100, nbf: NOW - 100 },
      'exp expired less than the tolerance ago': { exp: NOW - 9, iat: NOW - 100, nbf: NOW - 100 },
      'nbf in the future by the tolerance': { nbf: NOW + 10 },
      'iat in the future by the tolerance': { iat: NOW + 10 },
      'exp - iat exactly maxTokenTtl': { exp: NOW + DAY },
      'exp a hair after iat': { iat: NOW, exp: NOW + 0.001 },
      'nbf after exp, within the tolerance': { nbf: NOW + 9, exp: NOW + 5 },
      'custom claims of every type': {
        a: true,
        b: false,
        c: null,
        d: 0,
        e: '',
        f: [],
        g: {},
        h: 1.5,
        i: -7,
        j: 1e300,
      },
      'custom claims within claims': { realm_access: { roles: ['admin', { of: 'orders' }] } },
      'a custom claim without a name': { '': '' },
      'members of Object.prototype as claims': {
        constructor: { prototype: { admin: true } },
        toString: 'x',
        valueOf: 1,
        then: 'x',
      },
      'names that differ by case': { Sub: 1, SUB: 2, Exp: 'x' },
      'one name in two objects': { a: { x: 1 }, b: { x: 2 }, c: [{ x: 3 }, { x: 4 }] },
      'texts with JSON in them': { x: '{"a":1,"a":2}', '{"x":1}': ':', y: '\\":\\', z: '"__proto__":{}' },
      'a name that is nearly __proto__': { __proto: 1, _proto_: 2, '__proto__ ': 3, __PROTO__: 4 },
      'Unicode that JavaScript minds': { x: '\u2028\u2029\ufeff\u00a0\u200b\ufffd\uffff\u{10ffff}' },
      'names that are normalised alike': { '\u00e9': 1, 'e\u0301': 2 },
      'lists of 1,000': { x: Array.from({ length: 1000 }, () => 0) },
    },
    (members) => mint(header(), claims(members)),
  );
}

function withClaimTexts(): LegalToken[] {
  const times = `"iat":${NOW},"nbf":${NOW},"exp":${NOW + 300}`;
  return named(
    {
      'claims in another order': `{${times},"aud":"${AUDIENCE}","iss":"${ISSUER}"}`,
      'claims with white space': ` {\r\n\t"iss" : "${ISSUER}" , "aud":[ "${AUDIENCE}" ] ,${times}\n} `,
      'claims with escaped slashes': `{"iss":"${ISSUER.replaceAll('/', '\\/')}","aud":"${AUDIENCE}",${times}}`,
      'claims in escapes': `{"\\u0069ss":"${ISSUER}","aud":"\\u006frders",${times}}`,
      'an emoji in escapes': textWith(claims(), ',"x":"\\ud83d\\ude00"'),
      'a name that is an emoji in escapes': textWith(claims(), ',"\\ud83d\\ude00":1'),
      'every escape there is': textWith(claims(), ',"x":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\uFFFF"'),
      'times with an exponent': `{"iss":"${ISSUER}","aud":"${AUDIENCE}","iat":1.795e9,"nbf":1795E6,"exp":1.7950003E+9}`,
      'times with .0': `{"iss":"${ISSUER}","aud":"${AUDIENCE}","iat":${NOW}.0,"nbf":${NOW}.000,"exp":${NOW + 300}.0}`,
      'nbf -0 and iat good': textWith(claims({ nbf: undefined }), ',"nbf":-0'),
      'numbers that a double rounds': textWith(
        claims(),
        ',"x":9007199254740993,"y":0.1000000000000000055511151231257827,"z":-0',
      ),
      '32 levels of lists': textWith(claims(), `,"x":${'['.repeat(31)}${']'.repeat(31)}`),
      '31 levels of objects': textWith(claims(), `,"x":${'{"a":'.repeat(29)}{}${'}'.repeat(29)}`),
      '32 levels of objects': textWith(claims(), `,"x":${'{"a":'.repeat(30)}{}${'}'.repeat(30)}`),
    },
    (text) => mint(header(), text),
  );
}

function underOtherPolicies(): LegalToken[] {
  const jwt = ['JWT', 'jwt', 'Jwt', 'application/jwt', 'APPLICATION/JWT'];
  const old = { iat: NOW - 10 * DAY, nbf: NOW - 10 * DAY, exp: NOW - 10 * DAY + 300 };
  return [
    ...jwt.map((typ) => ({
      name: `typ ${typ} where JWT is expected`,
      token: mint(header({ typ })),
      options: { typ: 'JWT' as const },
    })),
    {
      name: 'no iss where there is no issuer',
      token: mint(header(), claims({ iss: undefined })),
      options: { issuer: undefined },
    },
    {
      name: 'any iss where there is no issuer',
      token: mint(header(), claims({ iss: 'joe' })),
      options: { issuer: undefined },
    },
    {
      name: 'no aud where there is no audience',
      token: mint(header(), claims({ aud: undefined })),
      options: { audience: undefined },
    },
    {
      name: 'any aud where there is no audience',
      token: mint(header(), claims({ aud: ['x', 'y'] })),
      options: { audience: undefined },
    },
    {
      name: 'the second of two audiences',
      token: mint(header(), claims({ aud: 'stock' })),
      options: { audience: [AUDIENCE, 'stock'] },
    },
    {
      name: 'no nbf where it is not required',
      token: mint(header(), claims({ nbf: undefined })),
      options: { requiredClaims: ['exp', 'iat'] },
    },
    {
      name: 'no iat where it is not required',
      token: mint(header(), claims({ iat: undefined })),
      options: { requiredClaims: ['exp'] },
    },
    {
      name: 'no exp where it is not required',
      token: mint(header(), claims({ exp: undefined })),
      options: { requiredClaims: ['iat'] },
    },
    {
      name: 'no claims where nothing is required',
      token: mint(header(), {}),
      options: { requiredClaims: [], issuer: undefined, audience: undefined },
    },
    {
      name: 'expired where exp is not compared',
      token: mint(header(), claims(old)),
      options: { verifyClaims: ['nbf', 'iat'] },
    },
    {
      name: 'early where nbf is not compared',
      token: mint(header(), claims({ nbf: NOW + 200 })),
      options: { verifyClaims: ['exp', 'iat'] },
    },
    {
      name: 'issued in the future where iat is not compared',
      token: mint(header(), claims({ iat: NOW + 100 })),
      options: { verifyClaims: ['exp', 'nbf'] },
    },
    {
      name: 'a longer life where maxTokenTtl allows it',
      token: mint(header(), claims({ exp: NOW + 30 * DAY })),
      options: { maxTokenTtl: 30 * DAY },
    },
    {
      name: 'a longer token where maxTokenLength allows it',
      token: ofLength(20_000),
      options: { maxTokenLength: 20_000 },
    },
    { name: 'without a cache', token: mint(), options: { cacheSize: 0 } },
  ];
}

/** One signature of 256 begins with a zero octet; it is a signature like any other. */
function startingWithZero(): string {
  for (let attempt = 0; ; attempt++) {
    const parts = [header(), claims({ attempt })] as const;
    const signature = sign('RSA-SHA256', Buffer.from(signingInput(...parts)), ownKey);
    if (signature[0] === 0) return mintWith(() => signature, ...parts);
  }
}
