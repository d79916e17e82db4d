import { AUDIENCE, claims, header, ISSUER, mint, NOW, textWith } from '../mint.js';
import {
  CLAIM,
  eachRefusedAs,
  EXPIRED,
  NOT_YET_VALID,
  refusedAs,
  type HostileCode,
  type HostileToken,
} from './hostile-token.js';

const DAY = 86_400;

/** Our key signed all of these, and their header is good: only a claim is wrong. */
export function claimTokens(): HostileToken[] {
  return [
    ...timeTypeTokens(),
    ...timeTokens(),
    ...issuerTokens(),
    ...audienceTokens(),
    ...otherClaimTokens(),
  ];
}

/** What is no NumericDate (RFC 7519 §2), as JSON text. */
const NO_TIMES: Readonly<Record<string, string>> = {
  'a text': '"1795000300"',
  'an empty text': '""',
  'a date in a text': '"2099-01-01T00:00:00Z"',
  'the text Infinity': '"Infinity"',
  'the text NaN': '"NaN"',
  '1e400': '1e400',
  '-1e400': '-1e400',
  'a number of 400 digits': '9'.repeat(400),
  true: 'true',
  false: 'false',
  null: 'null',
  'a list': '[1795000300]',
  'an empty list': '[]',
  'an object': '{"valueOf":1795000300}',
  'an empty object': '{}',
};

function timeTypeTokens(): HostileToken[] {
  return ['exp', 'nbf', 'iat', 'auth_time'].flatMap((claim) =>
    eachRefusedAs(
      CLAIM,
      Object.fromEntries(Object.entries(NO_TIMES).map(([what, value]) => [`${claim} is ${what}`, value])),
      (value) => mint(header(), textWith(claims({ [claim]: undefined }), `,"${claim}":${value}`)),
    ),
  );
}

function timeTokens(): HostileToken[] {
  const withClaims = (code: HostileCode, tokens: Record<string, object>) =>
    eachRefusedAs(code, tokens, (members) => mint(header(), claims(members)));
  const withExp = (iat: number, value: string) =>
    mint(header(), textWith(claims({ exp: undefined, iat }), `,"exp":${value}`));
  return [
    ...withClaims(CLAIM, {
      'exp missing': { exp: undefined },
      'nbf missing': { nbf: undefined },
      'iat missing': { iat: undefined },
      'no times': { exp: undefined, nbf: undefined, iat: undefined },
      'exp under another name': { exp: undefined, Exp: NOW + 300, EXP: NOW + 300, expires: NOW + 300 },
      'exp equal to iat': { exp: NOW + 5, iat: NOW + 5 },
      'exp before iat': { exp: NOW + 5, iat: NOW + 8, nbf: NOW },
      'exp - iat one second over maxTokenTtl': { exp: NOW + DAY + 1 },
      'exp - iat a hair over maxTokenTtl': { exp: NOW + DAY + 0.001 },
      'exp in a hundred years': { exp: NOW + 100 * 365 * DAY },
      'exp the largest double': { exp: Number.MAX_VALUE },
      'exp in milliseconds': { exp: (NOW + 300) * 1000 },
      'all times in milliseconds': { exp: (NOW + 300) * 1000, iat: NOW * 1000, nbf: NOW },
      'iat an hour in the future': { iat: NOW + 3600, exp: NOW + 3900 },
      'iat a second further than the tolerance': { iat: NOW + 11 },
      'iat 0 and exp good': { iat: 0 },
      'iat negative': { iat: -NOW },
      'iat the smallest double': { iat: -Number.MAX_VALUE },
      'everything wrong at once': { exp: 1, iat: NOW + DAY, nbf: NOW + DAY, iss: 1, aud: 1, sub: 1 },
    }),
    ...withClaims(EXPIRED, {
      'exp is now, less the tolerance': { exp: NOW - 10, iat: NOW - 100, nbf: NOW - 100 },
      'exp long ago': { exp: NOW - DAY, iat: NOW - DAY - 300, nbf: NOW - DAY - 300 },
      'exp negative': { exp: -1, iat: -300, nbf: -300 },
      'exp 0': { exp: 0, iat: -300, nbf: -300 },
      'exp a fraction ago, less the tolerance': { exp: NOW - 10.001, iat: NOW - 100, nbf: NOW - 100 },
      'exp 1': { exp: 1, iat: 0, nbf: 0 },
    }),
    ...refusedAs(EXPIRED, {
      'exp -0': withExp(-300, '-0'),
      'exp 1e-400': withExp(-300, '1e-400'),
      'exp so precise that a double rounds it to the limit': withExp(NOW - 100, `${NOW - 10}.00000000000001`),
    }),
    ...withClaims(NOT_YET_VALID, {
      'nbf a second further than the tolerance': { nbf: NOW + 11 },
      'nbf a fraction further than the tolerance': { nbf: NOW + 10.001 },
      'nbf in an hour': { nbf: NOW + 3600 },
      'nbf the largest double': { nbf: Number.MAX_VALUE },
      'nbf in milliseconds': { nbf: NOW * 1000 },
    }),
  ];
}

function issuerTokens(): HostileToken[] {
  const host = new URL(ISSUER).host;
  const values: Record<string, unknown> = {
    'iss missing': undefined,
    'iss null': null,
    'iss a number': 7,
    'iss true': true,
    'iss a list': [ISSUER],
    'iss an object': { [ISSUER]: true },
    'iss empty': '',
    'iss in upper case': ISSUER.toUpperCase(),
    'iss with its host in upper case': ISSUER.replace(host, host.toUpperCase()),
    'iss with a slash after it': `${ISSUER}/`,
    'iss with a path after it': `${ISSUER}/realms/other`,
    'iss with a port': `${ISSUER}:443`,
    'iss with a space after it': `${ISSUER} `,
    'iss with a space before it': ` ${ISSUER}`,
    'iss with NUL after it': `${ISSUER}\0`,
    'iss with a line feed after it': `${ISSUER}\n`,
    'iss over http': ISSUER.replace('https', 'http'),
    'iss without its scheme': host,
    'iss that begins with ours': `${ISSUER}.mallory.example`,
    'iss that ends with ours': `https://mallory.example/?${ISSUER}`,
    'iss that ours begins with': ISSUER.slice(0, -1),
    'iss with a user': ISSUER.replace('//', '//user@'),
    'iss with a Cyrillic letter': ISSUER.replace('e', '\u0435'),
    'iss a wildcard': '*',
    'iss of somebody else': 'https://mallory.example',
  };
  return eachRefusedAs(CLAIM, values, (iss) => mint(header(), claims({ iss })));
}

function audienceTokens(): HostileToken[] {
  const values: Record<string, unknown> = {
    'aud missing': undefined,
    'aud null': null,
    'aud a number': 7,
    'aud true': true,
    'aud an object': { [AUDIENCE]: true },
    'aud an object like a list': { 0: AUDIENCE, length: 1 },
    'aud an empty list': [],
    'aud empty': '',
    'aud of somebody else': 'payments',
    'aud a list of others': ['payments', 'admin'],
    'aud ours and a number': [AUDIENCE, 7],
    'aud ours and null': [AUDIENCE, null],
    'aud ours in a nested list': [[AUDIENCE]],
    'aud ours and an object': [AUDIENCE, {}],
    'aud in upper case': AUDIENCE.toUpperCase(),
    'aud with a space after it': `${AUDIENCE} `,
    'aud two in one text': `${AUDIENCE} payments`,
    'aud two in one text, with a comma': `${AUDIENCE},payments`,
    'aud that begins with ours': `${AUDIENCE}-admin`,
    'aud that ours begins with': AUDIENCE.slice(0, -1),
    'aud a wildcard': '*',
    'aud a pattern': '.*',
    'aud with NUL after it': `${AUDIENCE}\0`,
  };
  return eachRefusedAs(CLAIM, values, (aud) => mint(header(), claims({ aud })));
}

function otherClaimTokens(): HostileToken[] {
  const noTexts: Record<string, unknown> = {
    'a number': 7,
    '0': 0,
    true: true,
    false: false,
    null: null,
    'an empty list': [],
    'a list of a text': ['alice'],
    'an object': { toString: 'alice' },
  };
  const texts = ['sub', 'jti', 'scope', 'client_id', 'sid'].flatMap((claim) =>
    eachRefusedAs(
      CLAIM,
      Object.fromEntries(Object.entries(noTexts).map(([what, value]) => [`${claim} is ${what}`, value])),
      (value) => mint(header(), claims({ [claim]: value })),
    ),
  );
  const empty = ['sub', 'jti', 'client_id', 'sid'].map((claim) => ({
    name: `${claim} is empty`,
    token: mint(header(), claims({ [claim]: '' })),
    code: CLAIM as 'ERR_TOKEN_CLAIM',
  }));
  const members: Record<string, object> = {
    'no claims that are ours': {
      iss: undefined,
      aud: undefined,
      exp: undefined,
      nbf: undefined,
      iat: undefined,
    },
    'the claims in a member': { iss: undefined, claims: claims() },
    'cnf with a thumbprint of a DPoP key': { cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' } },
    'cnf with a thumbprint of a certificate': {
      cnf: { 'x5t#S256': 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2' },
    },
    'cnf an empty object': { cnf: {} },
    'cnf null': { cnf: null },
    'cnf false': { cnf: false },
    'cnf an empty text': { cnf: '' },
  };
  return [
    ...texts,
    ...empty,
    ...eachRefusedAs(CLAIM, members, (more) => mint(header(), claims(more))),
    ...refusedAs(CLAIM, { 'empty claims': mint(header(), {}) }),
  ];
}
