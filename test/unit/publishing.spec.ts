import { describe, expect, it } from '@jest/globals';
import {
  authorizationServerMetadata,
  metadataPaths,
  type AuthorizationServerMetadata,
} from '../../src/http/authorization-server-metadata.js';
import { isUnmodified } from '../../src/http/if-none-match.js';
import { protectedResource } from '../../src/http/protected-resource-metadata.js';
import { PublishedDocument } from '../../src/http/published-document.js';
import { isPlainPath, requirePublishedUrl } from '../../src/http/published-url.js';
import { JwkSet } from '../../src/keys/jwk-set.js';
import type { PublishedKeys } from '../../src/keys/published-keys.js';
import { VerificationKey } from '../../src/keys/verification-key.js';
import { resolveJwksCache, resolvePublishing } from '../../src/module/resolve-publishing.js';
import { leakInText } from '../support/key-leak.js';
import { keyPairOf } from '../support/keys.js';
import { ownKey, ownKid, ownPublicKey, strangerPublicKey } from '../support/mint.js';

const own = new VerificationKey(ownPublicKey);
const stranger = new VerificationKey(strangerPublicKey);

describe('A JWK Set', () => {
  it('has of each key kty, n, e, kid, alg and use, and nothing else', () => {
    const { keys } = JSON.parse(new JwkSet({ version: 0, published: [own, stranger] }).text);
    const { n, e } = ownPublicKey.export({ format: 'jwk' });
    expect(keys[0]).toEqual({ kty: 'RSA', n, e, kid: ownKid, alg: 'RS256', use: 'sig' });
    expect(keys.map((key: object) => Object.keys(key))).toEqual(
      Array(2).fill(['kty', 'n', 'e', 'kid', 'alg', 'use']),
    );
  });

  it('leaves out every private member, whatever a key says of itself', () => {
    const traitor = { toJwk: () => ({ ...ownKey.export({ format: 'jwk' }), ...own.toJwk(), k: 'secret' }) };
    const { text } = new JwkSet({ version: 0, published: [traitor as unknown as VerificationKey] });
    expect(leakInText(text, keyPairOf('alice').privateKey)).toBeUndefined();
    expect(JSON.parse(text)).toEqual({ keys: [own.toJwk()] });
  });

  it('of a verification key that was made from a private key is public', () => {
    const { text } = new JwkSet({ version: 0, published: [new VerificationKey(ownKey, ownKid)] });
    expect(JSON.parse(text)).toEqual({ keys: [own.toJwk()] });
  });

  it('is made anew when the version changes, and only then', () => {
    let asked = 0;
    const keys = {
      version: 1,
      get published() {
        asked++;
        return [own];
      },
    } satisfies PublishedKeys;
    const set = new JwkSet(keys);
    const first = set.text;
    expect([set.text, asked]).toEqual([first, 1]);
    keys.version = 2;
    expect([set.text, asked]).toEqual([first, 2]);
  });

  it('follows the keys', () => {
    const keys: { version: unknown; published: VerificationKey[] } = { version: {}, published: [own] };
    const set = new JwkSet(keys);
    const kids = () => JSON.parse(set.text).keys.map(({ kid }: { kid: string }) => kid);
    expect(kids()).toEqual([own.kid]);
    Object.assign(keys, { version: {}, published: [stranger, own] });
    expect(kids()).toEqual([stranger.kid, own.kid]);
    Object.assign(keys, { version: {}, published: [] });
    expect(kids()).toEqual([]);
  });
});

describe('If-None-Match', () => {
  it.each(['*', ' * ', '"a"', 'W/"a"', '"b", "a"', '"b","a"', 'W/"b" , W/"a", ', ',, "a"', '"b" "a"'])(
    'says with %j that the client has it',
    (header) => expect(isUnmodified(header, '"a"')).toBe(true),
  );

  it.each([
    undefined,
    '',
    'a',
    '"b"',
    '"A"',
    '"a',
    'a"',
    '"b, a"',
    '"*"',
    '**',
    'W/',
    '""',
    ['"a"'],
    7,
    null,
  ])('says with %j that it has not', (header) => expect(isUnmodified(header, '"a"')).toBe(false));

  it('is read in linear time', () => {
    for (const part of ['"', ',', 'W/', '" ', '"a', ' '])
      expect(isUnmodified(part.repeat(1_000_000), '"b"')).toBe(false);
  });
});

describe('A published document', () => {
  const options = { mediaType: 'application/json', caching: { maxAge: 300, staleWhileRevalidate: 600 } };

  it('has an entity tag that changes with its text and with nothing else', () => {
    const source = { text: '{"a":1}' };
    const document = new PublishedDocument(source, options);
    const tag = document.answer(undefined).headers.ETag!;
    expect(tag).toMatch(/^"[\w-]{22}"$/);
    expect(document.answer(tag)).toMatchObject({ status: 304, body: undefined });
    expect(new PublishedDocument({ text: '{"a":1}' }, options).answer(tag).status).toBe(304);
    source.text = '{"a":2}';
    const changed = document.answer(tag);
    expect(changed).toMatchObject({ status: 200, body: Buffer.from('{"a":2}') });
    expect(changed.headers.ETag).not.toBe(tag);
  });

  it('is measured in octets', () => {
    const { headers, body } = new PublishedDocument({ text: '{"é":1}' }, options).answer('');
    expect(headers['Content-Length']).toBe('8');
    expect(body).toHaveLength(8);
  });
});

describe('A path', () => {
  it.each(['/jwks', '/.well-known/jwks.json', '/a/b-c/d_e/~f', '/...', '/.a', '/a..'])('may be %j', (path) =>
    expect(isPlainPath(path)).toBe(true),
  );

  it.each([
    ...[
      '',
      '/',
      'jwks',
      '//',
      '/a/',
      '/a//b',
      '/*',
      '/a*',
      '/:id',
      '/a/:id',
      '/{*rest}',
      '/(a)',
      '/a?',
      '/a?b',
    ],
    ...[
      '/a#b',
      '/a b',
      '/%61',
      '/a\n',
      '\\a',
      '/a\\b',
      '/.',
      '/..',
      '/a/../b',
      '/./a',
      '/a/..',
      '/ä',
      '/a+b',
    ],
    ...['https://a/b', null, undefined, 7, ['/a'], { toString: () => '/a' }],
  ])('may not be %j', (path) => expect(isPlainPath(path)).toBe(false));
});

describe('The URL of an issuer', () => {
  it.each([
    ['https://auth.example.com', 'https://auth.example.com', ''],
    ['https://auth.example.com/', 'https://auth.example.com', ''],
    ['https://auth.example.com:8443/tenants/1', 'https://auth.example.com:8443', '/tenants/1'],
    ['https://auth.example.com/tenants/1/', 'https://auth.example.com', '/tenants/1'],
    ['https://Auth.Example.com:443', 'https://auth.example.com', ''],
    ['http://localhost:3000', 'http://localhost:3000', ''],
    ['http://127.0.0.1:3000/a', 'http://127.0.0.1:3000', '/a'],
    ['http://[::1]:3000', 'http://[::1]:3000', ''],
    ['http://app.localhost', 'http://app.localhost', ''],
  ])('may be %j', (url, origin, path) => {
    expect(requirePublishedUrl(url, 'issuer')).toEqual({ origin, path });
  });

  it.each([
    ...[
      '',
      'auth',
      'auth.example.com',
      '//a',
      'ftp://a',
      'file:///a',
      'javascript:alert(1)',
      'https://',
      'https:///',
    ],
    ...[
      'http://auth.example.com',
      'http://localhost.example.com',
      'http://127.0.0.1.example.com',
      'http://127.1e1',
    ],
    ...['https://a?b', 'https://a/?', 'https://a/b?c=d', 'https://a#b', 'https://a/#', 'https://a/b#c'],
    ...[
      'https://user@a',
      'https://user:word@a',
      'https://:word@a',
      ' https://a',
      'https://a ',
      'https://a\n/b',
    ],
    ...[
      'https://a/b c',
      'https://a/*',
      'https://a/:id',
      'https://a/{b}',
      'https://a//',
      'https://a//b',
      'https://a/b//',
    ],
    ...[
      'https://a/../b',
      'https://a/%2e',
      'https://a\\b',
      'https:\\\\a',
      'https://ä',
      'https://a/ä',
      'https://a b',
    ],
    ...[undefined, null, 7, {}, ['https://a'], new URL('https://a')],
  ])('may not be %j', (url) => {
    const error = expect.objectContaining({
      code: 'ERR_OPTION_INVALID',
      message: expect.stringMatching(/^issuer /),
    });
    expect(() => requirePublishedUrl(url, 'issuer')).toThrow(error);
  });

  it('is read in linear time', () => {
    for (const part of ['/', '/a', 'a', '.', ':'])
      expect(() => requirePublishedUrl(`https://a/${part.repeat(200_000)}?`, 'issuer')).toThrow();
  });
});

describe('The metadata of an issuer', () => {
  const of = (given: unknown) =>
    authorizationServerMetadata('https://a', 'https://a/jwks', given as AuthorizationServerMetadata);
  const token_endpoint = 'https://a/token';

  it('says by itself that there is no OAuth grant', () => {
    expect(of({})).toEqual({
      issuer: 'https://a',
      jwks_uri: 'https://a/jwks',
      response_types_supported: ['none'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
    });
  });

  it('says with a token endpoint that it refreshes for public clients, or what the application says', () => {
    expect(of({ token_endpoint })).toMatchObject({
      token_endpoint,
      grant_types_supported: ['refresh_token'],
      token_endpoint_auth_methods_supported: ['none'],
    });
    const grant_types_supported = ['client_credentials'];
    expect(of({ token_endpoint, grant_types_supported })).toMatchObject({ grant_types_supported });
  });

  it('takes the members of a complete authorization server', () => {
    const given = {
      jwks_uri: 'https://keys.example.com/jwks',
      authorization_endpoint: 'https://a/authorize',
      token_endpoint,
      grant_types_supported: ['authorization_code'],
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
    };
    expect(of(given)).toMatchObject(given);
  });

  it.each([
    [{ issuer: 'https://b' }, 'ERR_OPTION_UNKNOWN', /issuer.*It is the option issuer/],
    [{ id_token_signing_alg_values_supported: ['none'] }, 'ERR_OPTION_UNKNOWN', /id_token/],
    [{ token_endpont: 'https://a' }, 'ERR_OPTION_UNKNOWN', /metadata takes no member token_endpont/],
    [JSON.parse('{"__proto__":{"issuer":"x"}}'), 'ERR_OPTION_UNKNOWN', /__proto__/],
    [{ constructor: 'x' }, 'ERR_OPTION_UNKNOWN', /constructor/],
    [{ jwks_uri: 'http://a/jwks' }, 'ERR_OPTION_INVALID', /metadata\.jwks_uri/],
    [{ token_endpoint: undefined }, 'ERR_OPTION_INVALID', /metadata\.token_endpoint/],
    [{ token_endpoint: 'https://a/token#b' }, 'ERR_OPTION_INVALID', /metadata\.token_endpoint/],
    [{ token_endpoint: 'https://a/token#' }, 'ERR_OPTION_INVALID', /metadata\.token_endpoint/],
    [{ token_endpoint: 'https://user@a/token' }, 'ERR_OPTION_INVALID', /metadata\.token_endpoint/],
    [{ token_endpoint: 'https://:word@a/token' }, 'ERR_OPTION_INVALID', /metadata\.token_endpoint/],
    [{ token_endpoint: '/token' }, 'ERR_OPTION_INVALID', /metadata\.token_endpoint/],
    [{ scopes_supported: [] }, 'ERR_OPTION_INVALID', /metadata\.scopes_supported.*not empty/],
    [{ scopes_supported: 'read' }, 'ERR_OPTION_INVALID', /metadata\.scopes_supported/],
    [{ scopes_supported: ['read', 7] }, 'ERR_OPTION_INVALID', /metadata\.scopes_supported/],
    [{ response_types_supported: [] }, 'ERR_OPTION_INVALID', /response_types_supported/],
    [
      { authorization_endpoint: 'https://a' },
      'ERR_OPTION_INVALID',
      /grant_types_supported and response_types/,
    ],
    [
      { authorization_endpoint: 'https://a', grant_types_supported: ['implicit'] },
      'ERR_OPTION_INVALID',
      /response_types_supported/,
    ],
    [{ grant_types_supported: ['implicit'] }, 'ERR_OPTION_INVALID', /needs authorization_endpoint/],
    [
      { token_endpoint, grant_types_supported: ['authorization_code'] },
      'ERR_OPTION_INVALID',
      /needs authorization_endpoint/,
    ],
    [{ grant_types_supported: ['refresh_token'] }, 'ERR_OPTION_INVALID', /needs token_endpoint/],
    [[], 'ERR_OPTION_INVALID', /metadata must be an object/],
    [null, 'ERR_OPTION_INVALID', /metadata must be an object/],
  ])('refuses %j', (given, code, message) => {
    expect(() => of(given)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it('is at two places, and at four where the issuer has a path', () => {
    expect(metadataPaths('')).toEqual([
      '/.well-known/oauth-authorization-server',
      '/.well-known/openid-configuration',
    ]);
    expect(metadataPaths('/t/1')).toEqual([
      '/.well-known/oauth-authorization-server/t/1',
      '/t/1/.well-known/oauth-authorization-server',
      '/.well-known/openid-configuration/t/1',
      '/t/1/.well-known/openid-configuration',
    ]);
  });
});

describe('The metadata of a protected resource', () => {
  const of = (given: unknown, issuer?: string) => protectedResource(given as never, issuer);

  it('has defaults', () => {
    expect(of({ resource: 'https://api.example.com/' }, 'https://a')).toEqual({
      path: '/.well-known/oauth-protected-resource',
      url: 'https://api.example.com/.well-known/oauth-protected-resource',
      document: {
        resource: 'https://api.example.com/',
        authorization_servers: ['https://a'],
        bearer_methods_supported: ['header'],
      },
    });
  });

  it('takes members, and stands before the path of the resource', () => {
    const given = {
      resource: 'https://api.example.com/v1/orders',
      authorization_servers: ['https://a', 'https://b/'],
      bearer_methods_supported: ['header', 'query'],
      scopes_supported: ['orders:read'],
      resource_name: 'Orders',
      resource_documentation: 'https://docs.example.com',
    };
    expect(of(given)).toEqual({
      path: '/.well-known/oauth-protected-resource/v1/orders',
      url: 'https://api.example.com/.well-known/oauth-protected-resource/v1/orders',
      document: given,
    });
  });

  it.each([
    [{}, /protectedResource\.resource must/],
    [true, /must be an object/],
    [{ resource: undefined }, /protectedResource\.resource must/],
    [{ resource: 'orders' }, /protectedResource\.resource must/],
    [{ resource: 'https://a?b' }, /protectedResource\.resource must/],
    [{ resource: 'https://a/b/' }, /must not end in a slash/],
    [{ resource: 'https://a', resource_nam: 'x' }, /takes no member resource_nam/],
    [{ resource: 'https://a', authorization_servers: [] }, /authorization_servers/],
    [{ resource: 'https://a', authorization_servers: ['b'] }, /authorization_servers/],
    [{ resource: 'https://a', bearer_methods_supported: ['cookie'] }, /body, header, query/],
    [{ resource: 'https://a', bearer_methods_supported: 'header' }, /bearer_methods_supported/],
    [{ resource: 'https://a', resource_name: 7 }, /resource_name/],
    [{ resource: 'https://a' }, /authorization_servers is needed, or the option issuer/],
  ])('refuses %j', (given, message) => {
    expect(() => of(given)).toThrow(message);
  });

  it('refuses an issuer that is no URL, unless the servers are named', () => {
    expect(() => of({ resource: 'https://a' }, 'me')).toThrow(/issuer \(for protectedResource\)/);
    expect(of({ resource: 'https://a', authorization_servers: ['https://b'] }, 'me')).toBeDefined();
  });
});

describe('The extras about publishing', () => {
  const issuing = (issuer: string | undefined) => ({ issuer, hasOwnKeys: true });
  const off = { jwksPath: undefined, metadata: new Map(), resourceMetadata: undefined };

  it.each([{}, { jwks: false, metadata: false, protectedResource: false } as const, { jwks: undefined! }])(
    'are off: %j',
    (extras) => expect(resolvePublishing(extras, issuing(undefined))).toEqual(off),
  );

  it('metadata brings the JWK Set with it, at its path', () => {
    const { jwksPath, metadata } = resolvePublishing(
      { metadata: true, jwks: { path: '/keys' } },
      issuing('https://a/t'),
    );
    expect(jwksPath).toBe('/keys');
    expect([...metadata.values()].map((text) => JSON.parse(text).jwks_uri)).toEqual(
      Array(4).fill('https://a/keys'),
    );
    expect(resolvePublishing({ metadata: true }, issuing('https://a')).jwksPath).toBe(
      '/.well-known/jwks.json',
    );
  });

  it.each([
    [{ jwks: 'yes' }, /^jwks must be an object, or true or false/],
    [{ jwks: null }, /^jwks must be/],
    [{ jwks: [] }, /^jwks must be/],
    [{ jwks: { path: '/*' } }, /^jwks\.path must be a path/],
    [{ jwks: { path: null } }, /^jwks\.path must be a path/],
    [{ jwks: { paths: '/a' } }, /^jwks knows no option paths/],
    [{ metadata: 1 }, /^metadata must be/],
    [{ protectedResource: true }, /^protectedResource must be an object/],
    [{ metadata: true, jwks: { path: '/.well-known/openid-configuration' } }, /^jwks\.path is the path of/],
  ])('%j stops the boot', (extras, message) => {
    expect(() => resolvePublishing(extras as object, issuing('https://a'))).toThrow(message);
  });

  it.each([
    [undefined, /^metadata needs the option issuer/],
    ['orders', /^issuer \(for metadata\) must be a URL/],
    ['http://auth.example.com', /^issuer \(for metadata\) must be a URL/],
    ['https://a?b=c', /^issuer \(for metadata\) must have no query/],
  ])('metadata with the issuer %j stops the boot', (issuer, message) => {
    expect(() => resolvePublishing({ metadata: true }, issuing(issuer))).toThrow(message);
  });

  it.each([{ jwks: true }, { metadata: true }])('%j without a key of its own stops the boot', (extras) => {
    const verifying = { issuer: 'https://a', hasOwnKeys: false };
    expect(() => resolvePublishing(extras, verifying)).toThrow(
      /publishes the keys of this service, and it has none/,
    );
    expect(resolvePublishing({}, verifying)).toEqual(off);
  });

  it('the option jwksCache has defaults, and takes whole seconds', () => {
    expect(resolveJwksCache()).toEqual({ maxAge: 300, staleWhileRevalidate: 600 });
    expect(resolveJwksCache({ maxAge: '1h', staleWhileRevalidate: 0 })).toEqual({
      maxAge: 3600,
      staleWhileRevalidate: 0,
    });
  });

  it.each([
    [{ maxAge: 0.5 }, 'ERR_OPTION_INVALID'],
    [{ maxAge: 1e300 }, 'ERR_OPTION_INVALID'],
    [{ maxAge: -1 }, 'ERR_OPTION_DURATION'],
    [{ maxAge: '300' }, 'ERR_OPTION_DURATION'],
    [{ maxAge: '1\r\nX: y' }, 'ERR_OPTION_DURATION'],
    [{ staleWhileRevalidate: NaN }, 'ERR_OPTION_DURATION'],
    [{ maxage: 1 }, 'ERR_OPTION_UNKNOWN'],
    ['5m', 'ERR_OPTION_INVALID'],
    [null, 'ERR_OPTION_INVALID'],
    [[], 'ERR_OPTION_INVALID'],
  ])('jwksCache: %j', (options, code) => {
    expect(() => resolveJwksCache(options as object)).toThrow(expect.objectContaining({ code }));
  });
});
