import { createCipheriv, constants, publicEncrypt } from 'node:crypto';
import { base64url, claims, header, mint, ownKid, ownPublicKey, signingInput } from '../mint.js';
import { ALGORITHM, MALFORMED, refusedAs, SIGNATURE, TYPE, type HostileToken } from './hostile-token.js';

const good = mint();
const [head, payload, signature] = good.split('.') as [string, string, string];

/** A JWE of five parts that really is encrypted to the verifier's key: a signed token inside. */
function encrypted(protectedHeader: object): string {
  const [contentKey, iv, encodedHeader] = [
    Buffer.alloc(32, 7),
    Buffer.alloc(12, 9),
    base64url(protectedHeader),
  ];
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const encryptedKey = publicEncrypt({ key: ownPublicKey, padding, oaepHash: 'sha256' }, contentKey);
  const cipher = createCipheriv('aes-256-gcm', contentKey, iv).setAAD(Buffer.from(encodedHeader));
  const ciphertext = Buffer.concat([cipher.update(good), cipher.final()]);
  return [encodedHeader, ...[encryptedKey, iv, ciphertext, cipher.getAuthTag()].map(base64url)].join('.');
}

const flattened = { payload, protected: head, signature };
const general = { payload, signatures: [{ protected: head, signature }] };
const jwe = encrypted({ alg: 'RSA-OAEP-256', enc: 'A256GCM', typ: 'at+jwt', cty: 'at+jwt', kid: ownKid });

/** What is not three segments of base64url at all. */
export function structureTokens(): HostileToken[] {
  return [
    ...refusedAs(MALFORMED, {
      'an empty text': '',
      'one space': ' ',
      'one dot': '.',
      'two dots': '..',
      'three dots': '...',
      'four dots': '....',
      'a word': 'token',
      'two words': 'a.b',
      'three words': 'a.b.c',
      'the text null': 'null',
      'the text undefined': 'undefined',
      'the text [object Object]': '[object Object]',
      'the header alone': head,
      'the header and a dot': `${head}.`,
      'the header and the payload': `${head}.${payload}`,
      'the payload and the signature': `${payload}.${signature}`,
      'the signature alone': signature,
      'no header, but its dot': `.${payload}.${signature}`,
      'a dot before': `.${good}`,
      'a dot after': `${good}.`,
      'an empty fourth segment between': `${head}..${payload}.${signature}`,
      'a fourth segment': `${good}.${signature}`,
      'six segments: the token twice': `${good}.${good}`,
      'the token twice with nothing between': good + good,
      'two tokens with a comma': `${good},${good}`,
      'two tokens with a space': `${good} ${good}`,
      'two tokens with a line feed': `${good}\n${good}`,
      'signature first': `${signature}.${head}.${payload}`,
      'colons for dots': good.replaceAll('.', ':'),
      'commas for dots': good.replaceAll('.', ','),
      'no dots': good.replaceAll('.', ''),
      'ideographic full stops for dots': good.replaceAll('.', '\u3002'),
      'full-width dots for dots': good.replaceAll('.', '\uff0e'),
      'middle dots for dots': good.replaceAll('.', '\u00b7'),
      'percent-encoded dots': good.replaceAll('.', '%2E'),
      'HTML entities for dots': good.replaceAll('.', '&#46;'),
      'a scheme before': `Bearer ${good}`,
      'a scheme before, with a colon': `Bearer:${good}`,
      'in quotation marks': `"${good}"`,
      'in single quotes': `'${good}'`,
      'in angle brackets': `<${good}>`,
      'in square brackets': `[${good}]`,
      'as the value of a parameter': `access_token=${good}`,
      'with a parameter after it': `${good};realm=x`,
      'with a fragment after it': `${good}#fragment`,
      'with a query after it': `${good}?alg=none`,
      'as a URL': `https://issuer.example/?token=${good}`,
      'as a data URL': `data:application/jwt,${good}`,
      'base64url of the whole token': base64url(good),
      'hexadecimal of the whole token': Buffer.from(good).toString('hex'),
      'an SD-JWT without disclosures': `${good}~`,
      'an SD-JWT with a disclosure': `${good}~${base64url(['salt', 'admin', true])}~`,
      'a PASETO': `v2.public.${payload}${signature}`,
      'a JWE of five parts, encrypted to our key': jwe,
      'a JWE without its tag': jwe.split('.').slice(0, 4).join('.'),
      'JSON serialisation, flattened': JSON.stringify(flattened),
      'JSON serialisation, general': JSON.stringify(general),
      'JSON serialisation with an unprotected header': JSON.stringify({
        ...flattened,
        header: { alg: 'none' },
      }),
      'JSON serialisation without signatures': JSON.stringify({ payload, signatures: [] }),
      'a list with the token': JSON.stringify([good]),
      'base64url of the flattened JSON serialisation': base64url(flattened),
      'the JSON of the three parts': `${JSON.stringify(header())}.${JSON.stringify(claims())}.${signature}`,
      XML: '<saml:Assertion/>',
    }),
    ...refusedAs(ALGORITHM, {
      'a JWE cut to three parts': jwe.split('.').slice(0, 3).join('.'),
      'the flattened JSON serialisation and two dots': `${base64url(flattened)}..`,
      'payload first': `${payload}.${head}.${signature}`,
      'the payload as header too': `${payload}.${payload}.${signature}`,
    }),
    ...refusedAs(SIGNATURE, {
      'a detached payload': `${head}..${signature}`,
      'an empty payload and an empty signature': `${head}..`,
      'no signature, but its dot': `${head}.${payload}.`,
      'the payload twice': `${head}.${payload}.${payload}`,
      'the header for the payload': `${head}.${head}.${signature}`,
      'the payload of another token': `${head}.${base64url(claims({ sub: 'root' }))}.${signature}`,
      'the header of another token': `${base64url(header({ cty: 'JWT' }))}.${payload}.${signature}`,
      'the payload with its JSON laid out differently': `${head}.${base64url(JSON.stringify(claims(), null, 1))}.${signature}`,
    }),
    ...refusedAs(TYPE, {
      'an OpenID Connect ID token': mint(header({ typ: 'JWT' }), claims({ nonce: 'n-0S6_WzA2Mj' })),
    }),
    ...refusedAs(MALFORMED, {
      'a JWS with a signed token as its payload': mint(header({ cty: 'JWT' }), good),
      'a header with enc, in three parts': mint(header({ enc: 'A256GCM' })),
      'a token of 8,193 characters': ofLength(8193),
      'a token of 10 MB': ofLength(10_000_000),
      'a text of 8,193 letters': 'A'.repeat(8193),
      'a text of 10 MB': 'A'.repeat(10_000_000),
      '8,192 dots': '.'.repeat(8192),
      '10 MB of dots': '.'.repeat(10_000_000),
      'a header of 5,000 opening brackets': `${base64url('['.repeat(5000))}.${payload}.${signature}`,
      'a header of nested lists, 2,000 deep': `${base64url(`{"a":${'['.repeat(2000)}${']'.repeat(2000)}}`)}..`,
    }),
  ];
}

/** A token that would be good, but for how many characters it has: exactly so many. */
export function ofLength(length: number): string {
  const filled = (inHeader: number, inClaims: number) =>
    [header({ x: 'x'.repeat(inHeader) }), claims({ x: 'x'.repeat(inClaims) })] as const;
  // Three octets are four characters, and no base64url has 4n + 1 of them: the header makes up for it.
  for (const inHeader of [0, 1, 2]) {
    const missing = length - mint(...filled(inHeader, 0)).length;
    for (const inClaims of [0, 1, 2].map((more) => Math.floor((missing * 3) / 4) + more)) {
      const parts = filled(inHeader, inClaims);
      const signatureLength = signature.length;
      if (signingInput(...parts).length + 1 + signatureLength === length) return mint(...parts);
    }
  }
  throw new Error(`no token has ${length} characters`);
}
