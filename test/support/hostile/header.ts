import { constants, createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import {
  base64url,
  claims,
  header,
  mint,
  mintWith,
  ownKey,
  ownKid,
  ownPublicKey,
  signingInput,
  strangerKey,
  strangerPublicKey,
  textWith,
} from '../mint.js';
import { keyPairOf } from '../keys.js';
import { thumbprint } from '../../../src/keys/key-id.js';
import {
  ALGORITHM,
  eachRefusedAs,
  KEY_UNKNOWN,
  MALFORMED,
  refusedAs,
  SIGNATURE,
  TYPE,
  visible,
  type HostileToken,
} from './hostile-token.js';

/** Every part of the header that could talk a verifier into something. Where nothing else is said, our key signed it. */
export function headerTokens(): HostileToken[] {
  return [
    ...unsecuredTokens(),
    ...misspelledTokens(),
    ...otherAlgorithmTokens(),
    ...hmacTokens(),
    ...typeTokens(),
    ...extensionTokens(),
    ...kidTokens(),
    ...embeddedKeyTokens(),
  ];
}

/** alg none (RFC 7515 §3.6, RFC 8725 §2.1): with no signature, with ours, and with one of zeros. */
function unsecuredTokens(): HostileToken[] {
  const spellings = [
    'none',
    'None',
    'NONE',
    'nOnE',
    'NonE',
    'noNe',
    ' none',
    'none ',
    'none\0',
    'n\u043ene',
    'ｎｏｎｅ',
  ];
  return spellings.flatMap((alg) =>
    refusedAs(ALGORITHM, {
      [`alg ${visible(alg)} without a signature`]: `${signingInput(header({ alg }), claims())}.`,
      [`alg ${visible(alg)} with a good RS256 signature`]: mint(header({ alg })),
      [`alg ${visible(alg)} with a signature of zeros`]: mintWith(() => Buffer.alloc(256), header({ alg })),
    }),
  );
}

/** alg that is nearly RS256, with a good RS256 signature. */
function misspelledTokens(): HostileToken[] {
  const texts = [
    '',
    ' ',
    'RS256 ',
    ' RS256',
    'rs256',
    'Rs256',
    'rS256',
    'RS256\n',
    'RS256\0',
    '\ufeffRS256',
    'RS 256',
  ];
  texts.push(
    'RS-256',
    'RS_256',
    'RS2560',
    'RS25',
    'RSA256',
    'RSA-SHA256',
    'SHA256withRSA',
    'sha256WithRSAEncryption',
  );
  texts.push(
    'RS256,none',
    'RS256;none',
    'RS256|none',
    'RS٢٥٦',
    'ＲＳ２５６',
    'R\u0405256',
    'RS\u200b256',
    '*',
    '.*',
    'any',
  );
  texts.push('__proto__', 'constructor', 'toString', 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256');
  const others: Record<string, unknown> = {
    'alg missing': undefined,
    'alg null': null,
    'alg true': true,
    'alg false': false,
    'alg 0': 0,
    'alg 256': 256,
    'alg an empty list': [],
    'alg a list of RS256': ['RS256'],
    'alg a list of RS256 and none': ['RS256', 'none'],
    'alg an object': {},
    'alg an object with RS256': { RS256: true },
    'alg an object with a toString member': { toString: 'RS256' },
    'alg an object with a length': { length: 5, 0: 'R', 1: 'S', 2: '2', 3: '5', 4: '6' },
  };
  return [
    ...texts.map((alg) => ({
      name: `alg ${visible(alg)}`,
      token: mint(header({ alg })),
      code: ALGORITHM as 'ERR_TOKEN_ALGORITHM',
    })),
    ...eachRefusedAs(ALGORITHM, others, (alg) => mint(header({ alg }))),
    ...refusedAs(ALGORITHM, {
      'alg under the name Alg': mint({ Alg: 'RS256', typ: 'at+jwt', kid: ownKid }),
      'alg under the name ALG': mint({ ALG: 'RS256', typ: 'at+jwt', kid: ownKid }),
      'alg under the name "alg "': mint({ 'alg ': 'RS256', typ: 'at+jwt', kid: ownKid }),
      'alg in a nested header': mint({ header: header() }),
      'alg in the claims only': mint({ typ: 'at+jwt', kid: ownKid }, claims({ alg: 'RS256' })),
      'an empty header': mint({}),
    }),
  ];
}

/** Signatures that are good in their own right, of algorithms that are not ours. */
function otherAlgorithmTokens(): HostileToken[] {
  const pss = (saltLength: number) => ({ key: ownKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
  const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey;
  const [p256, p384, p521, k256] = ['P-256', 'P-384', 'P-521', 'secp256k1'].map(ec) as [
    KeyObject,
    KeyObject,
    KeyObject,
    KeyObject,
  ];
  const ed25519 = generateKeyPairSync('ed25519').privateKey;
  const ieee = (key: KeyObject) => ({ key, dsaEncoding: 'ieee-p1363' }) as const;
  const signers: Record<string, (input: Buffer) => Buffer> = {
    RS1: (input) => sign('RSA-SHA1', input, ownKey),
    RS384: (input) => sign('RSA-SHA384', input, ownKey),
    RS512: (input) => sign('RSA-SHA512', input, ownKey),
    PS256: (input) => sign('RSA-SHA256', input, pss(32)),
    PS384: (input) => sign('RSA-SHA384', input, pss(48)),
    PS512: (input) => sign('RSA-SHA512', input, pss(64)),
    ES256: (input) => sign('SHA256', input, ieee(p256)),
    ES384: (input) => sign('SHA384', input, ieee(p384)),
    ES512: (input) => sign('SHA512', input, ieee(p521)),
    ES256K: (input) => sign('SHA256', input, ieee(k256)),
    'ES256 in DER': (input) => sign('SHA256', input, p256),
    EdDSA: (input) => sign(null, input, ed25519),
    Ed25519: (input) => sign(null, input, ed25519),
  };
  return Object.entries(signers).flatMap(([name, signer]) => [
    ...refusedAs(ALGORITHM, {
      [`an ${name} signature that says so`]: mintWith(signer, header({ alg: name.split(' ')[0] })),
    }),
    // The two names of the Ed25519 algorithm make one signature.
    ...(name === 'Ed25519'
      ? []
      : refusedAs(SIGNATURE, { [`an ${name} signature that says RS256`]: mintWith(signer) })),
  ]);
}

/** HMAC keyed with the public key, in every form that a service may hold it in (RFC 8725 §2.1). */
function hmacTokens(): HostileToken[] {
  const hmac = (bits: number, key: string | Buffer) => (input: Buffer) =>
    createHmac(`sha${bits}`, key).update(input).digest();
  return Object.entries(publicKeyForms()).flatMap(([form, key]) => [
    ...[256, 384, 512].flatMap((bits) =>
      refusedAs(ALGORITHM, {
        [`HS${bits} keyed with ${form}`]: mintWith(hmac(bits, key), header({ alg: `HS${bits}` })),
      }),
    ),
    ...refusedAs(SIGNATURE, { [`an HMAC keyed with ${form} that says RS256`]: mintWith(hmac(256, key)) }),
  ]);
}

function publicKeyForms(): Record<string, string | Buffer> {
  const pem = keyPairOf('alice').publicKey;
  const pkcs1 = ownPublicKey.export({ type: 'pkcs1', format: 'pem' }) as string;
  const { n = '', e = '' } = ownPublicKey.export({ format: 'jwk' });
  const body = pem.split('\n').filter((line) => line !== '' && !line.startsWith('-----'));
  const modulus = Buffer.from(n, 'base64url');
  return {
    'SPKI PEM': pem,
    'SPKI PEM without its last line feed': pem.trimEnd(),
    'SPKI PEM with CR LF': pem.replaceAll('\n', '\r\n'),
    'SPKI PEM with literal \\n': pem.replaceAll('\n', '\\n'),
    'SPKI PEM in one line': pem.replaceAll('\n', ''),
    'the base64 body of the PEM': body.join(''),
    'the base64 body of the PEM in its lines': body.join('\n'),
    'SPKI DER': ownPublicKey.export({ type: 'spki', format: 'der' }),
    'base64 of the PEM': Buffer.from(pem).toString('base64'),
    'PKCS #1 PEM': pkcs1,
    'PKCS #1 PEM without its last line feed': pkcs1.trimEnd(),
    'PKCS #1 DER': ownPublicKey.export({ type: 'pkcs1', format: 'der' }),
    'the JWK': JSON.stringify({ kty: 'RSA', n, e }),
    'the members of the thumbprint': JSON.stringify({ e, kty: 'RSA', n }),
    'the octets of the modulus': modulus,
    'the octets of the modulus with a leading zero': Buffer.concat([Buffer.alloc(1), modulus]),
    'the base64url of the modulus': n,
    'the hexadecimal of the modulus': modulus.toString('hex'),
    'the kid': ownKid,
    'an empty key': '',
  };
}

/** typ (RFC 8725 §3.11, RFC 9068 §2.1): tokens for other purposes that our key signed. */
function typeTokens(): HostileToken[] {
  const texts = [
    '',
    ' ',
    'JWT',
    'jwt',
    'JOSE',
    'JWE',
    'application/jwt',
    'id_token',
    'logout+jwt',
    'dpop+jwt',
    'secevent+jwt',
  ];
  texts.push(
    'at+jwt ',
    ' at+jwt',
    'at+jwt\0',
    'at+jwt\n',
    'at jwt',
    'at-jwt',
    'atjwt',
    'at+jws',
    'x-at+jwt',
    'at+jwt+jwt',
  );
  texts.push(
    'application/application/at+jwt',
    'application/',
    'text/at+jwt',
    '/at+jwt',
    'application/ at+jwt',
  );
  texts.push(
    'application/at+jwt;charset=utf-8',
    'at+jwt; v=1',
    'at+jwt,JWT',
    'at%2Bjwt',
    'ａｔ+jwt',
    'at\u207ajwt',
    '*/*',
  );
  const others: Record<string, unknown> = {
    'typ missing': undefined,
    'typ null': null,
    'typ a list': ['at+jwt'],
    'typ an object': { 'at+jwt': true },
    'typ a number': 1,
    'typ true': true,
  };
  return [
    ...texts.map((typ) => ({
      name: `typ ${visible(typ)}`,
      token: mint(header({ typ })),
      code: TYPE as 'ERR_TOKEN_TYPE',
    })),
    ...eachRefusedAs(TYPE, others, (typ) => mint(header({ typ }))),
    ...refusedAs(TYPE, { 'typ under the name Typ': mint(header({ typ: undefined, Typ: 'at+jwt' })) }),
  ];
}

/** crit, b64, zip and enc: whoever ignores them reads another token than was signed (RFC 7515 §4.1.11, RFC 7797). */
function extensionTokens(): HostileToken[] {
  const members: Record<string, object> = {
    'crit with an unknown extension': {
      crit: ['http://example.com/UNDEFINED'],
      'http://example.com/UNDEFINED': true,
    },
    'crit with b64': { crit: ['b64'], b64: false },
    'crit with b64 true': { crit: ['b64'], b64: true },
    'crit with exp': { crit: ['exp'], exp: 1 },
    'crit with alg': { crit: ['alg'] },
    'crit with a member that is not there': { crit: ['nowhere'] },
    'crit an empty list': { crit: [] },
    'crit null': { crit: null },
    'crit false': { crit: false },
    'crit a text': { crit: 'b64' },
    'crit an empty text': { crit: '' },
    'crit an object': { crit: {} },
    'crit with a number': { crit: [1] },
    'b64 false without crit': { b64: false },
    'b64 true without crit': { b64: true },
    'b64 null': { b64: null },
    'zip DEF': { zip: 'DEF' },
    'zip null': { zip: null },
    'zip GZIP': { zip: 'GZIP' },
    'enc null': { enc: null },
    'enc an empty text': { enc: '' },
  };
  const unencoded = `${base64url(header({ crit: ['b64'], b64: false }))}.claims`;
  return [
    ...eachRefusedAs(MALFORMED, members, (more) => mint(header(more))),
    ...refusedAs(MALFORMED, {
      'an unencoded payload (RFC 7797)': `${unencoded}.${sign('RSA-SHA256', Buffer.from(unencoded), ownKey).toString('base64url')}`,
    }),
  ];
}

/** kid as a path, a query, a lookup in a prototype. Our key signed all of these, so only the kid is wrong. */
function kidTokens(): HostileToken[] {
  const texts = [
    '',
    ' ',
    'no-such-key',
    'default',
    '*',
    '0',
    'null',
    'undefined',
    'true',
    '[object Object]',
    '../../../../dev/null',
  ];
  texts.push(
    '/dev/null',
    '/proc/self/environ',
    'C:\\Windows\\win.ini',
    'file:///etc/passwd',
    'https://mallory.example/jwks.json',
  );
  texts.push(
    "' OR 1=1 --",
    "x' UNION SELECT 'key",
    '"; DROP TABLE keys; --',
    '$(id)',
    '`id`',
    '; id',
    '| id',
    '{{7*7}}',
    '${7*7}',
  );
  texts.push(
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'valueOf',
    'size',
    'get',
    '%00',
    '\0',
    '\ufeff',
  );
  texts.push(
    `${ownKid} `,
    ` ${ownKid}`,
    `${ownKid}\0`,
    `${ownKid}\n`,
    `${ownKid}=`,
    `${ownKid}#1`,
    ownKid.slice(0, -1),
  );
  texts.push(
    ownKid.toUpperCase(),
    ownKid.toLowerCase(),
    `${ownKid},${ownKid}`,
    Buffer.from(ownKid, 'base64url').toString('hex'),
  );
  texts.push(thumbprint(strangerPublicKey), 'a'.repeat(5000), '\u{1f511}');
  const others: Record<string, unknown> = {
    'kid null': null,
    'kid 0': 0,
    'kid 1': 1,
    'kid true': true,
    'kid an empty list': [],
    'kid a list of our kid': [ownKid],
    'kid an object': {},
    'kid an object with our kid': { kid: ownKid },
    'kid a query operator': { $ne: null },
  };
  return [
    ...[...new Set(texts)].map((kid) => ({
      name: `kid ${visible(kid).replace(/a{99,}/, '"a" 5,000 times')}`,
      token: mint(header({ kid })),
      code: KEY_UNKNOWN as 'ERR_TOKEN_KEY_UNKNOWN',
    })),
    ...eachRefusedAs(MALFORMED, others, (kid) => mint(header({ kid }))),
  ];
}

/** Keys that a token brings along (RFC 7515 §4.1.2-4.1.8): a stranger signed, and says with which key to verify. */
function embeddedKeyTokens(): HostileToken[] {
  const jwk = strangerPublicKey.export({ format: 'jwk' });
  const der = strangerPublicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const strangerKid = thumbprint(strangerPublicKey);
  const secret = { kty: 'oct', k: base64url('a secret of the attacker') };
  const members: Record<string, object> = {
    jwk: { jwk },
    'jwk with our kid in it': { jwk: { ...jwk, kid: ownKid } },
    'jwk with private members': { jwk: strangerKey.export({ format: 'jwk' }) },
    'a symmetric jwk': { jwk: secret },
    jku: { jku: 'https://mallory.example/jwks.json' },
    'jku at our issuer': { jku: 'https://issuer.example/.well-known/jwks.json@mallory.example' },
    'jku of a file': { jku: 'file:///tmp/jwks.json' },
    x5u: { x5u: 'https://mallory.example/cert.pem' },
    x5c: { x5c: [der] },
    'x5t and x5t#S256': { x5t: base64url('thumbprint'), 'x5t#S256': base64url('thumbprint') },
    'all of them': { jwk, jku: 'https://mallory.example/', x5u: 'https://mallory.example/', x5c: [der] },
  };
  return [
    ...Object.entries(members).flatMap(([name, more]) => [
      ...refusedAs(SIGNATURE, {
        [`a stranger's signature with ${name} and our kid`]: mint(header(more), claims(), strangerKey),
        [`a stranger's signature with ${name} and no kid`]: mint(
          header({ ...more, kid: undefined }),
          claims(),
          strangerKey,
        ),
      }),
      ...refusedAs(KEY_UNKNOWN, {
        [`a stranger's signature with ${name} and its kid`]: mint(
          header({ ...more, kid: strangerKid }),
          claims(),
          strangerKey,
        ),
      }),
    ]),
    ...refusedAs(ALGORITHM, {
      'a symmetric jwk that verifies it': mintWith(
        (input) => createHmac('sha256', 'a secret of the attacker').update(input).digest(),
        header({ alg: 'HS256', jwk: secret }),
      ),
    }),
    ...refusedAs(MALFORMED, {
      'a jwk with kid twice': mint(textWith(header(), `,"jwk":{"kty":"RSA","kid":"a","kid":"${ownKid}"}`)),
    }),
  ];
}
