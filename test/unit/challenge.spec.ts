import { describe, expect, it } from '@jest/globals';
import { challengeHeader, isHeaderText } from '../../src/auth/challenge.js';

const bare = { scheme: 'Bearer', realm: undefined };

/** Reads a challenge as RFC 9110 §11.6.1 says; throws where it does not follow that grammar. */
function parse(header: string): { scheme: string; parameters: Record<string, string> } {
  const [, scheme, rest] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?: (.+))?$/.exec(header) ?? [];
  if (scheme === undefined) throw new Error(`not a challenge: ${header}`);
  const parameters: Record<string, string> = {};
  const parameter = /([a-z_]+)="((?:[\t \x21\x23-\x5b\x5d-\x7e]|\\[\t \x21-\x7e])*)"(?:, |$)/y;
  for (let at = 0; rest !== undefined && at < rest.length; at = parameter.lastIndex) {
    const [, name, value] = parameter.exec(rest) ?? [];
    if (name === undefined || value === undefined) throw new Error(`not a challenge: ${header}`);
    parameters[name] = value.replace(/\\(.)/g, '$1');
  }
  return { scheme, parameters };
}

describe('A challenge', () => {
  it.each([
    [bare, 'Bearer'],
    [{ scheme: 'JWT', realm: undefined }, 'JWT'],
    [{ scheme: 'Bearer', realm: 'orders' }, 'Bearer realm="orders"'],
    [{ scheme: 'JWT', realm: 'Login Required' }, 'JWT realm="Login Required"'],
    [{ scheme: 'Bearer', realm: '' }, 'Bearer realm=""'],
    [{ ...bare, error: 'invalid_token' }, 'Bearer error="invalid_token"'],
    [
      { scheme: 'Bearer', realm: 'orders', error: 'invalid_token', description: 'The access token expired' },
      'Bearer realm="orders", error="invalid_token", error_description="The access token expired"',
    ],
    [{ ...bare, resourceMetadata: 'https://a/b' }, 'Bearer resource_metadata="https://a/b"'],
    [{ scheme: 'Bearer', realm: 'a', resourceMetadata: 'b' }, 'Bearer realm="a", resource_metadata="b"'],
  ])('of %j is %s', (challenge, header) => {
    expect(challengeHeader(challenge)).toBe(header);
  });

  it.each([
    ['a quotation mark', 'say "please"', 'Bearer realm="say \\"please\\""'],
    ['a backslash', 'C:\\orders', 'Bearer realm="C:\\\\orders"'],
    ['a backslash at the end', 'orders\\', 'Bearer realm="orders\\\\"'],
    ['an attempt to add a parameter', 'a", error="none', 'Bearer realm="a\\", error=\\"none"'],
  ])('escapes in the realm %s', (_case, realm, header) => {
    expect(challengeHeader({ scheme: 'Bearer', realm })).toBe(header);
    expect(parse(header).parameters).toEqual({ realm });
  });

  it.each(['a\r\nSet-Cookie: a=b', 'a\nb', 'a\0b', 'a\tb', 'caf\u00e9', '\u{1f512}', '\u2028', '\x7f'])(
    'replaces in the realm what may not stand in a header, for not every realm was checked before: %j',
    (realm) => {
      const header = challengeHeader({ scheme: 'Bearer', realm });
      expect(header).toMatch(/^[\x20-\x7e]+$/);
      expect(parse(header).parameters.realm).toContain('?');
    },
  );

  it.each([
    ['a "b" c', 'a ?b? c'],
    ['a\\b', 'a?b'],
    ['a\r\nSet-Cookie: x=y', 'a??Set-Cookie: x=y'],
    ['a\tb', 'a?b'],
    ['caf\u00e9', 'caf?'],
    ['\u0000\u007f', '??'],
  ])('replaces in the description %j what RFC 6750 §3 does not allow there', (description, written) => {
    expect(challengeHeader({ ...bare, error: 'invalid_token', description })).toBe(
      `Bearer error="invalid_token", error_description="${written}"`,
    );
  });

  it('can be read back, whatever the texts', () => {
    const every = Array.from({ length: 0x180 }, (_, code) => String.fromCharCode(code)).join('');
    const { scheme, parameters } = parse(
      challengeHeader({ scheme: 'Bearer', realm: every, error: 'invalid_token', description: every }),
    );
    expect(scheme).toBe('Bearer');
    expect(Object.keys(parameters)).toEqual(['realm', 'error', 'error_description']);
    expect(parameters.realm).toContain(' !"#$');
  });
});

describe('Header text', () => {
  it.each(['', 'orders', 'Login Required', '"quoted" \\ escaped', '~!@#$%^&*()'])('may be %j', (text) => {
    expect(isHeaderText(text)).toBe(true);
  });

  it.each(['a\nb', 'a\r\nb', 'a\tb', 'a\0b', 'caf\u00e9', '\u{1f512}', '\x7f', 'orders\n'])(
    'may not be %j',
    (text) => {
      expect(isHeaderText(text)).toBe(false);
    },
  );
});
