import { describe, expect, it } from '@jest/globals';
import { assertOneToken, isScheme, readBearerToken } from '../../src/auth/bearer-credentials.js';
import { CredentialsMalformedError } from '../../src/errors/token-errors.js';

const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl';

/** The token of a header, as the strategy reads it: what does not verify is looked at more closely. */
function read(authorization: unknown, scheme = 'Bearer'): string | undefined {
  const text = readBearerToken({ headers: { authorization } }, scheme);
  if (text !== undefined) assertOneToken(text, scheme);
  return text;
}

/** A request whose header lines are these, as Node shows them: `headers` has the first Authorization line only. */
function requestOf(...lines: [name: string, value: string][]) {
  const first = lines.find(([name]) => name.toLowerCase() === 'authorization');
  return { headers: first ? { authorization: first[1] } : {}, rawHeaders: lines.flat() };
}

describe('A token in the Authorization header', () => {
  it.each([
    ['after one space', `Bearer ${TOKEN}`, TOKEN],
    ['after two spaces', `Bearer  ${TOKEN}`, TOKEN],
    ['after many spaces', `Bearer${' '.repeat(40)}${TOKEN}`, TOKEN],
    ['of one character', 'Bearer a', 'a'],
    ['with every character of token68', 'Bearer AZaz09-._~+/', 'AZaz09-._~+/'],
    ['with padding', 'Bearer abc==', 'abc=='],
    ['that is spelled like the scheme', 'Bearer Bearer', 'Bearer'],
  ])('is read %s', (_case, header, token) => {
    expect(read(header)).toBe(token);
  });

  it.each(['bearer', 'BEARER', 'bEaReR'])('is read whatever the case of the scheme: %s', (sent) => {
    expect(read(`${sent} ${TOKEN}`)).toBe(TOKEN);
  });

  it.each([
    ['JWT', 'jwt'],
    ['jwt', 'JWT'],
    ['X-My.Scheme', 'x-my.scheme'],
    ['!#$%&', '!#$%&'],
  ])('is read for a scheme of the application: %s', (scheme, sent) => {
    expect(read(`${sent} ${TOKEN}`, scheme)).toBe(TOKEN);
    expect(read(`Bearer ${TOKEN}`, scheme)).toBeUndefined();
  });
});

describe('No credentials of ours', () => {
  it.each([
    ['no header', undefined],
    ['a blank header', ''],
    ['spaces', '   '],
    ['another scheme', 'Basic YWxpY2U6c2VjcmV0'],
    ['another scheme alone', 'Negotiate'],
    ['a scheme that begins with ours', `BearerToken ${TOKEN}`],
    ['a scheme that ours begins with', `Bear ${TOKEN}`],
    ['a scheme that ends with ours', `X-Bearer ${TOKEN}`],
    ['our scheme and the token, run together', `Bearer${TOKEN}`],
    ['a token without a scheme', TOKEN],
    ['another scheme, with ours after a comma', `Basic YQ==, Bearer ${TOKEN}`],
    ['white space before our scheme, which Node never leaves there', ` Bearer ${TOKEN}`],
    ['a scheme in another alphabet', `Ｂearer ${TOKEN}`],
    ['quotes', `"Bearer" ${TOKEN}`],
  ])('are what %s is', (_case, header) => {
    expect(read(header)).toBeUndefined();
  });

  it('are what a scheme has that only Unicode calls the same as ours', () => {
    expect('\u212aey'.toLowerCase()).toBe('key');
    expect(read(`\u212aey ${TOKEN}`, 'Key')).toBeUndefined();
  });

  it('are what a request without headers has', () => {
    expect(readBearerToken({}, 'Bearer')).toBeUndefined();
    expect(readBearerToken({ headers: {} }, 'Bearer')).toBeUndefined();
  });

  it('are what a query or a body has, even one with a token', () => {
    const request = { headers: {}, query: { access_token: TOKEN }, body: { access_token: TOKEN } };
    expect(readBearerToken(request, 'Bearer')).toBeUndefined();
  });
});

describe('Credentials of ours that cannot be read', () => {
  it.each([
    ['the scheme alone', 'Bearer'],
    ['the scheme and a space', 'Bearer '],
    ['a token that begins where the scheme ends', 'Bearer/abc'],
    ['the scheme and spaces', 'Bearer     '],
    ['a TAB instead of the space', `Bearer\t${TOKEN}`],
    ['a TAB after the space', `Bearer \t${TOKEN}`],
    ['a TAB after the token', `Bearer ${TOKEN}\t`],
    ['a no-break space', `Bearer\u00a0${TOKEN}`],
    ['a space after the token', `Bearer ${TOKEN} `],
    ['two tokens', `Bearer ${TOKEN} ${TOKEN}`],
    ['junk after the token', `Bearer ${TOKEN} junk`],
    ['a list of tokens', `Bearer ${TOKEN}, ${TOKEN}`],
    ['a list of credentials', `Bearer ${TOKEN}, Bearer ${TOKEN}`],
    ['our scheme and another after a comma', `Bearer ${TOKEN},Basic YQ==`],
    ['a comma after the scheme', `Bearer,${TOKEN}`],
    ['auth-params', `Bearer token="${TOKEN}"`],
    ['a quoted token', `Bearer "${TOKEN}"`],
    ['padding alone', 'Bearer =='],
    ['padding inside', 'Bearer a=b'],
    ['a percent sign', 'Bearer a%20b'],
    ['a colon', 'Bearer a:b'],
    ['a line break', `Bearer ${TOKEN}\n`],
    ['a NUL', `Bearer ${TOKEN}\0`],
    ['a Latin-1 letter', 'Bearer tökén'],
    ['the scheme twice', `Bearer Bearer ${TOKEN}`],
  ])('are refused: %s', (_case, header) => {
    expect(() => read(header)).toThrow(CredentialsMalformedError);
  });

  it('are refused with a message that holds nothing of what was sent', () => {
    expect(() => read('bearer s3cret-t0ken junk')).toThrow(
      'The Authorization header must be Bearer, a space and one token',
    );
    expect(() => read('jwt s3cret-t0ken junk', 'JWT')).toThrow(
      'The Authorization header must be JWT, a space and one token',
    );
  });

  it.each([[[`Bearer ${TOKEN}`]], [{}], [42], [null], [true]])(
    'are refused when something made of the header what is no text: %j',
    (header) => {
      expect(() => read(header)).toThrow(CredentialsMalformedError);
    },
  );
});

describe('Two Authorization lines', () => {
  const good = `Bearer ${TOKEN}`;

  it.each([
    ['the same twice', good, good],
    ['ours and another scheme', good, 'Basic YQ=='],
    ['another scheme and ours', 'Basic YQ==', good],
    ['ours and a blank one', good, ''],
    ['a blank one and ours', '', good],
    ['two of another scheme', 'Basic YQ==', 'Digest a="b"'],
  ])('are refused on Express, which shows their names in rawHeaders: %s', (_case, first, second) => {
    const request = requestOf(
      ['Host', 'a'],
      ['authorization', first],
      ['Accept', '*/*'],
      ['AUTHORIZATION', second],
    );
    expect(() => readBearerToken(request, 'Bearer')).toThrow(
      'The request has more than one Authorization header',
    );
  });

  it('are refused on Fastify, which keeps them in request.raw', () => {
    const { headers, rawHeaders } = requestOf(['Authorization', good], ['Authorization', good]);
    expect(() => readBearerToken({ headers, raw: { rawHeaders } }, 'Bearer')).toThrow(
      CredentialsMalformedError,
    );
  });

  it('are told from header values and other names that say Authorization', () => {
    const request = requestOf(
      ['X-Name', 'Authorization'],
      ['Authorization', good],
      ['Proxy-Authorization', good],
      ['Access-Control-Request-Headers', 'authorization'],
    );
    expect(readBearerToken(request, 'Bearer')).toBe(TOKEN);
  });
});

describe('A hostile header', () => {
  // Four million characters: whatever needs more than linear time for them does not come back.
  const LONG = 4_000_000;

  it.each([
    ['no space at all', 'a'.repeat(LONG)],
    ['only spaces', ' '.repeat(LONG)],
    ['our scheme and spaces', `Bearer${' '.repeat(LONG)}`],
    ['our scheme, spaces, a bad character', `Bearer${' '.repeat(LONG)}\t`],
    ['our scheme again and again', 'Bearer '.repeat(LONG / 8)],
    ['a long token with a bad last character', `Bearer ${'a'.repeat(LONG)}!`],
    ['nothing but padding', `Bearer ${'='.repeat(LONG)}`],
    ['padding, a letter, padding', `Bearer a${'='.repeat(LONG / 2)}a${'='.repeat(LONG / 2)}`],
    ['TABs', `Bearer${'\t'.repeat(LONG)}`],
    ['commas', `Bearer ${'a,'.repeat(LONG / 2)}`],
  ])('is answered in linear time: %s', (_case, header) => {
    let answer: unknown = 'malformed';
    try {
      answer = read(header);
    } catch (error) {
      expect(error).toBeInstanceOf(CredentialsMalformedError);
    }
    expect(answer === 'malformed' || answer === undefined).toBe(true);
  });

  it('of a great many lines is counted in linear time', () => {
    const authorization = `Bearer ${TOKEN}`;
    const rawHeaders = [
      ...Array.from({ length: 1_000_000 }, (_, at) => `x-${at}`),
      'Authorization',
      authorization,
    ];
    expect(readBearerToken({ headers: { authorization }, rawHeaders }, 'Bearer')).toBe(TOKEN);
  });
});

describe('The name of a scheme', () => {
  it.each(['Bearer', 'JWT', 'a', 'DPoP', "!#$%&'*+-.^_`|~09"])('may be %s', (name) => {
    expect(isScheme(name)).toBe(true);
  });

  it.each([
    '',
    ' ',
    'Bearer ',
    ' Bearer',
    'Two Words',
    'a\tb',
    'a,b',
    'a:b',
    'a"b',
    'a=b',
    'a/b',
    'é',
    'a\r\nb',
    'a@b',
  ])('may not be %j', (name) => {
    expect(isScheme(name)).toBe(false);
  });
});
