import 'reflect-metadata';
import { describe, expect, it, jest } from '@jest/globals';
import { createHmac, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { JwtRs256ModuleOptions, TrustedIssuer, VerifyOptions } from '../../src/index.js';
import { TokenMissingError } from '../../src/index.js';
import { TokenExpiredError, TokenMalformedError } from '../../src/errors/token-errors.js';
import { KeysUnavailableError } from '../../src/errors/unavailable-errors.js';
import { OnlyVerificationKey } from '../../src/keys/only-verification-key.js';
import { VerificationKey } from '../../src/keys/verification-key.js';
import { FixedVerificationKeys, VerificationKeys } from '../../src/keys/verification-keys.js';
import { resolveOptions } from '../../src/module/resolve-options.js';
import { RevocationCheck } from '../../src/sessions/revocation-check.js';
import { UnrevokedVerifier } from '../../src/sessions/unrevoked-verifier.js';
import { OwnIssuer } from '../../src/tokens/own-issuer.js';
import { TestClock } from '../../src/testing/index.js';
import { TokenVerifier, type TokenVerifierOptions } from '../../src/tokens/token-verifier.js';
import { TrustedIssuers } from '../../src/tokens/trusted-issuers.js';
import { TokenRevokedError } from '../../src/errors/session-errors.js';
import { ChangingKeys, verificationKeyOf } from '../support/changing-keys.js';
import { foreignClaims, issuerOf, jwkOf, mintAs, mintForeign } from '../support/foreign.js';
import { keyPairOf } from '../support/keys.js';
import {
  AUDIENCE,
  claims,
  header,
  ISSUER,
  mint,
  mintWith,
  NOW,
  ownKey,
  ownKid,
  textWith,
  VERIFYING,
} from '../support/mint.js';

/** What the module demands of the tokens of another issuer. */
function demandsOf(owner: string, options: Partial<TokenVerifierOptions> = {}): TokenVerifierOptions {
  const foreign = { typ: undefined, requiredClaims: ['exp', 'iat'], allowsScopeList: true };
  return { ...VERIFYING, ...foreign, issuer: issuerOf(owner), ...options };
}

interface Parts {
  /** Of the entry of anna. */
  readonly anna?: Partial<TokenVerifierOptions>;
  readonly annasKeys?: VerificationKeys;
  readonly ownKeys?: VerificationKeys;
}

/** This service, with alice's key, trusts anna and ben. */
function bedWith({ anna = {}, annasKeys, ownKeys }: Parts = {}) {
  const clock = new TestClock();
  const keys = {
    own: new ChangingKeys('alice'),
    anna: new ChangingKeys('anna'),
    ben: new ChangingKeys('ben'),
  };
  const verifier = new TrustedIssuers(
    new Map([
      [ISSUER, new TokenVerifier(ownKeys ?? keys.own, clock, VERIFYING)],
      [issuerOf('anna'), new TokenVerifier(annasKeys ?? keys.anna, clock, demandsOf('anna', anna))],
      [issuerOf('ben'), new TokenVerifier(keys.ben, clock, demandsOf('ben'))],
    ]),
    VERIFYING.maxTokenLength,
  );
  const asked = () => [keys.own.asked, keys.anna.asked, keys.ben.asked];
  return { verifier, clock, keys, asked };
}

const refusal = (code: string, claim?: string) =>
  expect.objectContaining({ code, ...(claim === undefined ? {} : { claim }) });

describe('A token', () => {
  it('is verified under the issuer that it names, and under no other', async () => {
    const { verifier, asked } = bedWith();
    expect(await verifier.verify(mint())).toMatchObject({ iss: ISSUER });
    expect(asked()).toEqual([1, 0, 0]);
    expect(await verifier.verify(mintForeign('anna'))).toMatchObject({ sub: 'anna' });
    expect(asked()).toEqual([1, 1, 0]);
    expect(await verifier.verify(mintForeign('ben'))).toMatchObject({ sub: 'ben' });
    expect(asked()).toEqual([1, 1, 1]);
  });

  const issuers = { alice: ISSUER, anna: issuerOf('anna'), ben: issuerOf('ben') };
  const spoofs = Object.entries(issuers).flatMap(([named, iss]) =>
    Object.keys(issuers)
      .filter((signer) => signer !== named)
      .map((signer) => ({ named, iss, signer })),
  );

  it.each(spoofs)(
    'that names $named and was signed by $signer is refused',
    async ({ named, iss, signer }) => {
      const { verifier } = bedWith();
      await expect(verifier.verify(mintAs(iss, signer))).rejects.toEqual(refusal('ERR_TOKEN_KEY_UNKNOWN'));
      const { kid } = verificationKeyOf(named);
      await expect(verifier.verify(mintAs(iss, signer, { kid }))).rejects.toEqual(
        refusal('ERR_TOKEN_SIGNATURE'),
      );
      // The signer's own tokens were seen before, with this header.
      await verifier.verify(mintAs(issuers[signer as 'anna'], signer));
      await expect(verifier.verify(mintAs(iss, signer))).rejects.toEqual(refusal('ERR_TOKEN_KEY_UNKNOWN'));
    },
  );

  const odd: readonly (readonly [string, unknown])[] = [
    ['without iss', undefined],
    ['whose iss is null', null],
    ['whose iss is a number', 1],
    ['whose iss is true', true],
    ['whose iss is a list of a trusted issuer', [issuerOf('anna')]],
    ['whose iss is a list of two', [issuerOf('anna'), ISSUER]],
    ['whose iss is an object', { [issuerOf('anna')]: true }],
    ['whose iss is empty', ''],
    ['whose iss has no trailing slash', 'https://anna.example'],
    ['whose iss has a slash more', 'https://anna.example//'],
    ['whose iss has another case', 'https://Anna.example/'],
    ['whose iss has another scheme', 'http://anna.example/'],
    ['whose iss has the default port', 'https://anna.example:443/'],
    ['whose iss has a user', 'https://anna.example@evil.example/'],
    ['whose iss has a path that leads nowhere', 'https://anna.example/./'],
    ['whose iss has an escape', 'https://%61nna.example/'],
    ['whose iss has white space', ' https://anna.example/'],
    ['whose iss ends in NUL', 'https://anna.example/\0'],
    ['whose iss has a Cyrillic letter', 'https://аnna.example/'],
    ['whose iss is full-width', 'https://ａnna.example/'],
    ['whose iss has a soft hyphen', 'https://an\u00ADna.example/'],
    ['whose iss is a prefix', 'https://anna.example/evil'],
    ['whose iss is a member of every object', 'constructor'],
    ['whose iss is a stranger', 'https://mallory.example/'],
  ];

  it.each(odd)('%s is refused, whoever signed it, and no key is looked for', async (_, iss) => {
    const { verifier, asked } = bedWith();
    for (const signer of ['alice', 'anna', 'mallory']) {
      await expect(verifier.verify(mintAs(iss, signer))).rejects.toEqual(refusal('ERR_TOKEN_CLAIM', 'iss'));
    }
    expect(asked()).toEqual([0, 0, 0]);
  });

  it('is refused with a sentence that says what is wrong with iss, and not its value', async () => {
    const { verifier } = bedWith();
    const faultOf = async (iss: unknown) => {
      const { message, violations } = await verifier.verify(mintAs(iss, 'anna')).catch((error) => error);
      expect(violations).toEqual([{ code: 'ERR_TOKEN_CLAIM', claim: 'iss', message }]);
      return message;
    };
    expect(await faultOf(undefined)).toBe('The claim iss of the access token is missing');
    expect(await faultOf(null)).toBe('The claim iss of the access token is not a text');
    expect(await faultOf('https://mallory.example/')).toBe(
      'The claim iss of the access token is not an issuer that is trusted here',
    );
  });

  it.each([
    ['twice', textWith(foreignClaims('anna'), `,"iss":"${ISSUER}"`)],
    ['twice, the trusted one at the end', textWith(foreignClaims('mallory'), `,"iss":"${issuerOf('anna')}"`)],
    ['twice, one of them in escapes', textWith(foreignClaims('anna'), `,"\\u0069ss":"${ISSUER}"`)],
    ['with a lone surrogate', textWith(foreignClaims('anna', { iss: undefined }), ',"iss":"\\ud800"')],
    ['beside __proto__', textWith(foreignClaims('anna'), ',"__proto__":{"iss":"x"}')],
    ['in what is no JSON', `${JSON.stringify(foreignClaims('anna'))};`],
    ['in a list', JSON.stringify([foreignClaims('anna')])],
    ['behind a byte order mark', `\uFEFF${JSON.stringify(foreignClaims('anna'))}`],
    ['in octets that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
  ])('that has iss %s is malformed, and no key is looked for', async (_, part) => {
    const { verifier, asked } = bedWith();
    const key = createPrivateKey(keyPairOf('anna').privateKey);
    const token = mint({ alg: 'RS256', kid: verificationKeyOf('anna').kid }, part, key);
    await expect(verifier.verify(token)).rejects.toEqual(refusal('ERR_TOKEN_MALFORMED'));
    expect(asked()).toEqual([0, 0, 0]);
  });

  it('is malformed where it is no token at all, or too long', async () => {
    const { verifier } = bedWith();
    const long = mintForeign('anna', { filler: 'a'.repeat(8192) });
    for (const value of [undefined, null, 42, {}, [mintForeign('anna')], '', '..', 'a.b', 'a.b.c.d', long]) {
      await expect(verifier.verify(value as never)).rejects.toEqual(refusal('ERR_TOKEN_MALFORMED'));
      expect(() => verifier.accept(value as never)).toThrow(TokenMalformedError);
    }
  });

  it('whose header is malformed is refused as such', async () => {
    const { verifier } = bedWith();
    const [, payload, signature] = mintForeign('anna').split('.');
    await expect(verifier.verify(`e30=.${payload}.${signature}`)).rejects.toEqual(
      refusal('ERR_TOKEN_MALFORMED'),
    );
  });

  it('is not signed with anything but RS256, whatever key it names', async () => {
    const { verifier } = bedWith();
    const { publicKey, privateKey } = keyPairOf('anna');
    const { kid } = verificationKeyOf('anna');
    const part = foreignClaims('anna');
    const hmac = (input: Buffer) => createHmac('sha256', publicKey).update(input).digest();
    const sha512 = (input: Buffer) => sign('RSA-SHA512', input, createPrivateKey(privateKey));
    for (const [alg, makeSignature] of [
      ['HS256', hmac],
      ['RS512', sha512],
      ['none', () => Buffer.alloc(0)],
      ['rs256', sha512],
    ] as const) {
      const token = mintWith(makeSignature, { alg, typ: 'JWT', kid }, part);
      await expect(verifier.verify(token)).rejects.toEqual(refusal('ERR_TOKEN_ALGORITHM'));
    }
    const named = mintWith(hmac, { alg: 'RS256', typ: 'JWT', kid }, part);
    await expect(verifier.verify(named)).rejects.toEqual(refusal('ERR_TOKEN_SIGNATURE'));
  });

  it('brings no key of its own: jwk, jku and x5u are not read', async () => {
    const { verifier } = bedWith();
    const stranger = createPrivateKey(keyPairOf('mallory').privateKey);
    const evil = { jwk: jwkOf('mallory'), jku: 'http://127.0.0.1:1/', x5u: 'http://127.0.0.1:1/' };
    const { kid } = verificationKeyOf('anna');
    const token = mint({ alg: 'RS256', typ: 'JWT', kid, ...evil }, foreignClaims('anna'), stranger);
    await expect(verifier.verify(token)).rejects.toEqual(refusal('ERR_TOKEN_SIGNATURE'));
  });
});

describe('A kid', () => {
  /** anna publishes her key under our kid. */
  const underOurKid = () => new FixedVerificationKeys([verificationKeyWith('anna', ownKid)]);

  function verificationKeyWith(owner: string, kid: string): VerificationKey {
    return new VerificationKey(createPublicKey(keyPairOf(owner).publicKey), kid);
  }

  it('of another issuer that equals ours shadows nothing', async () => {
    const { verifier } = bedWith({ annasKeys: underOurKid() });
    expect(await verifier.verify(mintForeign('anna', {}, { kid: ownKid }))).toMatchObject({ sub: 'anna' });
    expect(await verifier.verify(mint())).toMatchObject({ iss: ISSUER });
    await expect(verifier.verify(mintAs(ISSUER, 'anna', { kid: ownKid }))).rejects.toEqual(
      refusal('ERR_TOKEN_SIGNATURE'),
    );
    await expect(verifier.verify(mintAs(issuerOf('anna'), 'alice', { kid: ownKid }))).rejects.toEqual(
      refusal('ERR_TOKEN_SIGNATURE'),
    );
  });

  it('of ours that equals another issuer`s shadows nothing', async () => {
    const { kid } = verificationKeyOf('anna');
    const { verifier } = bedWith({ ownKeys: new FixedVerificationKeys([verificationKeyWith('alice', kid)]) });
    expect(await verifier.verify(mint(header({ kid })))).toMatchObject({ iss: ISSUER });
    expect(await verifier.verify(mintForeign('anna'))).toMatchObject({ sub: 'anna' });
    await expect(verifier.verify(mintAs(ISSUER, 'anna'))).rejects.toEqual(refusal('ERR_TOKEN_SIGNATURE'));
  });

  it('of the one key of an issuer is not compared where that key brought none', async () => {
    const annasKeys = new OnlyVerificationKey(verificationKeyOf('anna'));
    const { verifier } = bedWith({ annasKeys });
    for (const kid of ['of-her-own', ownKid, undefined]) {
      expect(await verifier.verify(mintForeign('anna', {}, { kid }))).toMatchObject({ sub: 'anna' });
      const forged = mintAs(issuerOf('anna'), 'alice', { kid });
      await expect(verifier.verify(forged)).rejects.toEqual(refusal('ERR_TOKEN_SIGNATURE'));
    }
  });

  it('that is missing is no matter where its issuer has one key, and only there', async () => {
    const one = new FixedVerificationKeys([verificationKeyOf('anna')]);
    const token = mintForeign('anna', {}, { kid: undefined });
    expect(await bedWith({ annasKeys: one }).verifier.verify(token)).toMatchObject({ sub: 'anna' });
    const two = new FixedVerificationKeys([verificationKeyOf('anna'), verificationKeyOf('alice')]);
    await expect(bedWith({ annasKeys: two }).verifier.verify(token)).rejects.toEqual(
      refusal('ERR_TOKEN_KEY_UNKNOWN'),
    );
  });
});

describe('What is demanded', () => {
  const typed = (typ: unknown) => mintForeign('anna', {}, { typ });

  it.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'JWT', 'jwt', 'application/jwt', undefined])(
    'of others allows typ %s',
    async (typ) => {
      expect(await bedWith().verifier.verify(typed(typ))).toMatchObject({ sub: 'anna' });
    },
  );

  it.each([
    'logout+jwt',
    'dpop+jwt',
    'secevent+jwt',
    'id+jwt',
    'JOSE',
    '',
    ' JWT',
    'at+jwt;v=1',
    null,
    1,
    ['JWT'],
  ])('of others refuses typ %j', async (typ) => {
    await expect(bedWith().verifier.verify(typed(typ))).rejects.toEqual(refusal('ERR_TOKEN_TYPE'));
  });

  it.each([
    { typ: 'at+jwt', accepted: ['at+jwt'], refused: ['JWT', undefined] },
    { typ: 'JWT', accepted: ['JWT'], refused: ['at+jwt', undefined] },
  ] as const)('of others is narrowed to $typ', async ({ typ, accepted, refused }) => {
    const { verifier } = bedWith({ anna: { typ } });
    for (const good of accepted) expect(await verifier.verify(typed(good))).toMatchObject({ sub: 'anna' });
    for (const bad of refused)
      await expect(verifier.verify(typed(bad))).rejects.toEqual(refusal('ERR_TOKEN_TYPE'));
  });

  it('of our own tokens is no less than without other issuers', async () => {
    const { verifier } = bedWith();
    for (const [token, code, claim] of [
      [mint(header({ typ: 'JWT' })), 'ERR_TOKEN_TYPE'],
      [mint(header({ typ: undefined })), 'ERR_TOKEN_TYPE'],
      [mint(header(), claims({ nbf: undefined })), 'ERR_TOKEN_CLAIM', 'nbf'],
      [mint(header(), claims({ scope: ['read'] })), 'ERR_TOKEN_CLAIM', 'scope'],
    ] as const) {
      await expect(verifier.verify(token)).rejects.toEqual(refusal(code, claim));
    }
  });

  it('is not softened by a header that was accepted under another issuer', async () => {
    const { verifier } = bedWith({ ownKeys: new OnlyVerificationKey(verificationKeyOf('alice')) });
    const shared = { alg: 'RS256', typ: 'JWT', kid: verificationKeyOf('anna').kid };
    await verifier.verify(
      mint(shared, foreignClaims('anna'), createPrivateKey(keyPairOf('anna').privateKey)),
    );
    await expect(verifier.verify(mint(shared, claims(), ownKey))).rejects.toEqual(refusal('ERR_TOKEN_TYPE'));
  });

  it.each([
    ['of an ID token', { aud: 'the-client', nonce: 'n', at_hash: 'h' }, 'aud'],
    ['of another service', { aud: ['invoices', 'https://anna.example/userinfo'] }, 'aud'],
    ['that is missing', { aud: undefined }, 'aud'],
    ['without exp', { exp: undefined }, 'exp'],
    ['without iat', { iat: undefined }, 'iat'],
    ['with exp in a text', { exp: String(NOW + 300) }, 'exp'],
    ['longer than a day', { exp: NOW + 86_401 }, 'exp'],
    ['bound to a key', { cnf: { jkt: 'x' } }, 'cnf'],
    ['with a list of scopes that are no texts', { scope: ['read', 1] }, 'scope'],
    ['with scopes in an object', { scope: { read: true } }, 'scope'],
  ])('refuses a token of another issuer %s', async (_, members, claim) => {
    await expect(bedWith().verifier.verify(mintForeign('anna', members))).rejects.toEqual(
      refusal('ERR_TOKEN_CLAIM', claim),
    );
  });

  it('refuses an expired token of another issuer, and one that is not yet valid', async () => {
    const { verifier, clock } = bedWith();
    await expect(verifier.verify(mintForeign('anna', { nbf: NOW + 11 }))).rejects.toEqual(
      refusal('ERR_TOKEN_NOT_YET_VALID'),
    );
    const token = mintForeign('anna');
    await verifier.verify(token);
    clock.advance(3610);
    await expect(verifier.verify(token)).rejects.toEqual(refusal('ERR_TOKEN_EXPIRED'));
    expect(() => verifier.accept(token)).toThrow(TokenExpiredError);
  });

  const exact = { audience: undefined, exactClaims: [['token_use', 'access']] } as const;

  it('is the exact value of a claim', async () => {
    const { verifier } = bedWith({ anna: exact });
    const token = mintForeign('anna', { aud: undefined, token_use: 'access' });
    expect(await verifier.verify(token)).toMatchObject({ token_use: 'access' });
    expect(verifier.accept(token)).toMatchObject({ token_use: 'access' });
  });

  it.each([
    ['is missing', undefined, 'is missing'],
    ['is that of an ID token', 'id', 'does not have the expected value'],
    ['has another case', 'Access', 'does not have the expected value'],
    ['is in a list', ['access'], 'does not have the expected value'],
    ['is null', null, 'does not have the expected value'],
    ['is true', true, 'does not have the expected value'],
  ])('refuses a token whose claim %s', async (_, value, fault) => {
    const { verifier } = bedWith({ anna: exact });
    await expect(verifier.verify(mintForeign('anna', { token_use: value }))).rejects.toMatchObject({
      code: 'ERR_TOKEN_CLAIM',
      claim: 'token_use',
      message: `The claim token_use of the access token ${fault}`,
    });
  });

  it.each([
    [1, '1'],
    ['1', 1],
    [true, 'true'],
    [0, false],
  ])('does not take %j for %j', async (expected, value) => {
    const { verifier } = bedWith({ anna: { exactClaims: [['ver', expected]] } });
    await expect(verifier.verify(mintForeign('anna', { ver: value }))).rejects.toEqual(
      refusal('ERR_TOKEN_CLAIM', 'ver'),
    );
    expect(await verifier.verify(mintForeign('anna', { ver: expected }))).toMatchObject({ ver: expected });
  });

  it('is each of several values, and a name that every object has is no claim', async () => {
    const { verifier } = bedWith({
      anna: {
        exactClaims: [
          ['tid', 't'],
          ['constructor', 'x'],
        ],
      },
    });
    await expect(verifier.verify(mintForeign('anna', { tid: 'u' }))).rejects.toEqual(
      refusal('ERR_TOKEN_CLAIM', 'tid'),
    );
    await expect(verifier.verify(mintForeign('anna', { tid: 't' }))).rejects.toEqual(
      refusal('ERR_TOKEN_CLAIM', 'constructor'),
    );
    expect(await verifier.verify(mintForeign('anna', { tid: 't', constructor: 'x' }))).toBeDefined();
  });
});

describe('What others stamp', () => {
  const day = { iat: NOW, exp: NOW + 86_400 };
  const tokens: Record<string, { header?: object; claims: object }> = {
    'Auth0, its own profile, for a day': {
      claims: { ...day, aud: [AUDIENCE, 'https://anna.example/userinfo'], azp: 'spa', scope: 'openid read' },
    },
    'Auth0, RFC 9068 profile': {
      header: { typ: 'at+jwt' },
      claims: {
        ...day,
        sub: 'auth0|123456',
        client_id: 'spa',
        jti: '73WakrfVbNJBaAmhQtEeDv',
        permissions: [],
      },
    },
    'Auth0, a machine': { claims: { ...day, sub: 'abc@clients', gty: 'client-credentials' } },
    Keycloak: {
      claims: {
        jti: 'onrtac:d58f5dc8-fd8f-462b-8a19-716f8f83985b',
        aud: [AUDIENCE, 'account'],
        typ: 'Bearer',
        azp: 'web',
        acr: '1',
        auth_time: NOW - 60,
        sid: '2a88c258-f73a-4103-b862-e1fbd8f4e04e',
        'allowed-origins': ['http://localhost:3000'],
        realm_access: { roles: ['offline_access'] },
        resource_access: { account: { roles: ['view-profile'] } },
        scope: '',
        email_verified: true,
      },
    },
    'Keycloak, years ago': { claims: { nbf: 0, auth_time: 0, session_state: 's', typ: 'Bearer' } },
    'Keycloak, lightweight': { claims: { sub: undefined, azp: 'web', typ: 'Bearer', scope: 'profile' } },
    'Entra ID, version 1': {
      header: { x5t: 'nOo3ZDrODXEK1jKWhXslHR_KXEg' },
      claims: {
        iat: NOW - 300,
        nbf: NOW - 300,
        acr: '1',
        aio: 'ATQA',
        amr: ['pwd', 'mfa'],
        appid: '0000-web',
        appidacr: '0',
        oid: 'o',
        rh: '0.A',
        scp: 'Orders.Read',
        tid: 't',
        uti: 'u',
        ver: '1.0',
      },
    },
    'Entra ID, version 2, a machine': {
      claims: { nbf: NOW, azp: '0000-job', azpacr: '1', roles: ['Orders.All'], tid: 't', ver: '2.0' },
    },
    'Okta and Ory Hydra, scopes in scp': {
      claims: { ver: 1, cid: 'c', uid: null, scp: ['orders.read'], ext: {} },
    },
    'Spring and Duende, a list of scopes': {
      claims: { nbf: NOW, jti: 'j', scope: ['orders.read', 'openid'] },
    },
  };

  it.each(Object.keys(tokens))('is accepted: %s', async (name) => {
    const { header: headerPart, claims: claimsPart } = tokens[name] as (typeof tokens)[string];
    const { verifier } = bedWith();
    const token = mintForeign('anna', claimsPart, headerPart);
    const accepted = await verifier.verify(token);
    expect(accepted).toMatchObject(JSON.parse(JSON.stringify(claimsPart)));
    expect(verifier.accept(token)).toBe(accepted);
  });

  it('is accepted: Cognito, which stamps neither typ nor aud', async () => {
    const { verifier } = bedWith({ anna: { audience: undefined, exactClaims: [['token_use', 'access']] } });
    const cognito = {
      aud: undefined,
      client_id: 'web',
      origin_jti: 'o',
      event_id: 'e',
      token_use: 'access',
      scope: 'aws.cognito.signin.user.admin',
      auth_time: NOW,
      jti: 'j',
      username: 'anna',
      version: 2,
    };
    expect(await verifier.verify(mintForeign('anna', cognito, { typ: undefined }))).toMatchObject(
      JSON.parse(JSON.stringify(cognito)),
    );
    const idToken = { aud: 'web', token_use: 'id', 'cognito:username': 'anna' };
    await expect(verifier.verify(mintForeign('anna', idToken, { typ: undefined }))).rejects.toEqual(
      refusal('ERR_TOKEN_CLAIM', 'token_use'),
    );
  });
});

describe('What a call asks for', () => {
  const both: readonly (readonly [string, VerifyOptions, string])[] = [
    ['the issuer of another entry', { issuer: issuerOf('ben') }, 'iss'],
    ['our own issuer', { issuer: ISSUER }, 'iss'],
    ['an issuer that nobody is', { issuer: 'https://mallory.example/' }, 'iss'],
    ['another audience', { audience: 'invoices' }, 'aud'],
    ['a claim that is not there', { requiredClaims: ['nbf'] }, 'nbf'],
  ];

  it.each(both)('narrows, for a token seen before as well: %s', async (_, options, claim) => {
    const { verifier } = bedWith();
    const token = mintForeign('anna');
    await expect(verifier.verify(token, options)).rejects.toEqual(refusal('ERR_TOKEN_CLAIM', claim));
    await verifier.verify(token);
    await expect(verifier.verify(token, options)).rejects.toEqual(refusal('ERR_TOKEN_CLAIM', claim));
  });

  it('never widens: an issuer that is trusted by the call alone is not', async () => {
    const { verifier } = bedWith();
    const token = mintForeign('mallory');
    await expect(verifier.verify(token, { issuer: issuerOf('mallory') })).rejects.toEqual(
      refusal('ERR_TOKEN_CLAIM', 'iss'),
    );
  });

  it('may be the issuer of the token', async () => {
    const { verifier } = bedWith();
    expect(await verifier.verify(mintForeign('anna'), { issuer: issuerOf('anna') })).toBeDefined();
    expect(await verifier.verify(mint(), { issuer: ISSUER })).toBeDefined();
  });

  it('does not switch exact claims off', async () => {
    const { verifier } = bedWith({ anna: { audience: undefined, exactClaims: [['token_use', 'access']] } });
    const idToken = mintForeign('anna', { token_use: 'id' });
    await expect(verifier.verify(idToken, { audience: AUDIENCE, ignoreExpiration: true })).rejects.toEqual(
      refusal('ERR_TOKEN_CLAIM', 'token_use'),
    );
  });

  it('is a developer`s mistake where it is not valid', async () => {
    const { verifier } = bedWith();
    await expect(verifier.verify(mintForeign('anna'), { issuer: '' })).rejects.toEqual(
      refusal('ERR_OPTION_INVALID'),
    );
  });
});

describe('A token that was verified before', () => {
  it('is found again, whichever of the issuers it is of', async () => {
    const { verifier, asked } = bedWith();
    for (const token of [mint(), mintForeign('anna'), mintForeign('ben')]) {
      const seen = await verifier.verify(token);
      expect(verifier.accept(token)).toBe(seen);
      expect(await verifier.verify(token)).toBe(seen);
    }
    expect(asked()).toEqual([1, 1, 1]);
  });

  it('is not parsed again', async () => {
    const { verifier } = bedWith();
    const token = mintForeign('ben');
    await verifier.verify(token);
    const parsed = jest.spyOn(JSON, 'parse');
    await verifier.verify(token);
    await verifier.accept(token);
    expect(parsed).not.toHaveBeenCalled();
    parsed.mockRestore();
  });

  it('is forgotten when the keys of its issuer change, and only of its issuer', async () => {
    const { verifier, keys, asked } = bedWith();
    const [annas, bens] = [mintForeign('anna'), mintForeign('ben')];
    for (const token of [annas, bens]) await verifier.verify(token);
    keys.anna.change(['anna-later'], 1);
    expect(verifier.accept(bens)).toMatchObject({ sub: 'ben' });
    await expect(verifier.verify(annas)).rejects.toEqual(refusal('ERR_TOKEN_KEY_UNKNOWN'));
    await verifier.verify(bens);
    expect(asked()).toEqual([0, 2, 1]);
    const { kid } = verificationKeyOf('anna-later');
    const key = createPrivateKey(keyPairOf('anna-later').privateKey);
    const later = mint({ alg: 'RS256', kid }, foreignClaims('anna'), key);
    expect(await verifier.verify(later)).toMatchObject({ sub: 'anna' });
  });

  it('of others is not stored under keys that changed while one was being found', async () => {
    const { verifier, keys, asked } = bedWith();
    keys.anna.isAsync = true;
    keys.anna.meanwhile = () => keys.anna.change(['anna', 'anna-later'], 1);
    const token = mintForeign('anna');
    expect(await verifier.verify(token)).toMatchObject({ sub: 'anna' });
    expect(await verifier.verify(token)).toMatchObject({ sub: 'anna' });
    expect(asked()).toEqual([0, 2, 0]);
  });

  it('is not there without a cache', async () => {
    const { verifier, asked } = bedWith({ anna: { cacheSize: 0 } });
    const token = mintForeign('anna');
    await verifier.verify(token);
    expect(await verifier.verify(token)).toMatchObject({ sub: 'anna' });
    expect(asked()).toEqual([0, 2, 0]);
  });
});

/** The keys of an issuer that is down. */
class KeysThatAreDown extends VerificationKeys {
  override readonly version = 0;

  override find(): never {
    throw new KeysUnavailableError();
  }
}

describe('An issuer that is down', () => {
  it('is no refusal of its tokens, and no matter for those of others', async () => {
    const { verifier } = bedWith({ annasKeys: new KeysThatAreDown() });
    await expect(verifier.verify(mintForeign('anna'))).rejects.toMatchObject({
      code: 'ERR_KEYS_UNAVAILABLE',
      fault: 'server',
    });
    expect(await verifier.verify(mintForeign('ben'))).toMatchObject({ sub: 'ben' });
    expect(await verifier.verify(mint())).toMatchObject({ iss: ISSUER });
  });
});

/** Knows one session and one token that ended, or knows nothing any more. */
class Ended extends RevocationCheck {
  error: Error = new TokenRevokedError();
  readonly looked: unknown[] = [];

  override assertNotRevoked({ iss, sid, jti }: Record<string, unknown>): void {
    this.looked.push(iss);
    if (sid === 'ended' || jti === 'ended') throw this.error;
  }
}

describe('What ended here', () => {
  it.each([{ sid: 'ended' }, { jti: 'ended' }])('ends no token of another issuer: %j', async (members) => {
    const ended = new Ended();
    const verifier = new UnrevokedVerifier(bedWith().verifier, ended, new OwnIssuer(ISSUER));
    const foreign = mintForeign('anna', members);
    expect(await verifier.verify(foreign)).toMatchObject(members);
    expect(verifier.accept(foreign)).toMatchObject(members);
    await expect(verifier.verify(mint(header(), claims(members)))).rejects.toEqual(
      refusal('ERR_TOKEN_REVOKED'),
    );
    expect(() => verifier.accept(mint(header(), claims(members)))).toThrow(TokenRevokedError);
    expect(ended.looked).toEqual([ISSUER, ISSUER]);
  });

  it('is looked up for every token where there is one issuer', async () => {
    const ended = new Ended();
    const one = new TokenVerifier(new ChangingKeys('anna'), new TestClock(), demandsOf('anna'));
    const verifier = new UnrevokedVerifier(one, ended, new OwnIssuer());
    await expect(verifier.verify(mintForeign('anna', { sid: 'ended' }))).rejects.toEqual(
      refusal('ERR_TOKEN_REVOKED'),
    );
  });
});

describe('The order of one issuer', () => {
  it('stays: nothing of the claims is parsed before the signature', async () => {
    const { verifier } = bedWith();
    const one = new TokenVerifier(new ChangingKeys('alice'), new TestClock(), VERIFYING);
    const stranger = createPrivateKey(keyPairOf('mallory').privateKey);
    const token = mint(header(), '{"iss"', stranger);
    await expect(one.verify(token)).rejects.toEqual(refusal('ERR_TOKEN_SIGNATURE'));
    await expect(verifier.verify(token)).rejects.toEqual(refusal('ERR_TOKEN_MALFORMED'));
  });
});

describe('The options', () => {
  const { publicKey, privateKey } = keyPairOf('alice');
  const own: JwtRs256ModuleOptions = { privateKey, issuer: ISSUER, audience: AUDIENCE };
  const jwksUri = 'https://anna.example/jwks.json';
  const entry: TrustedIssuer = { issuer: issuerOf('anna'), audience: AUDIENCE, jwksUri };
  const remote = { issuer: issuerOf('anna'), audience: AUDIENCE, jwksUri };
  const trusting = (members: object, more: object = {}): object => ({
    ...own,
    trustedIssuers: [{ ...entry, ...members }],
    ...more,
  });
  const without = (name: string, options: object = entry) =>
    Object.fromEntries(Object.entries(options).filter(([member]) => member !== name));
  const only = (...entries: object[]): object => ({ trustedIssuers: entries });

  const refused: readonly (readonly [string, object, RegExp, string?])[] = [
    ['trustedIssuers that is no list', { ...own, trustedIssuers: entry }, /^trustedIssuers must be a list/],
    [
      'an entry that is no object',
      { ...own, trustedIssuers: ['x'] },
      /^trustedIssuers\[0\] must be an object/,
    ],
    ['an entry that is null', { ...own, trustedIssuers: [entry, null] }, /^trustedIssuers\[1\] must be/],
    [
      'an unknown member',
      trusting({ jwksURI: jwksUri }),
      /^trustedIssuers\[0\] knows no option jwksURI/,
      'ERR_OPTION_UNKNOWN',
    ],
    ['no issuer', only(without('issuer')), /^trustedIssuers\[0\]\.issuer must be a text/],
    ['an issuer that is not a text', trusting({ issuer: [ISSUER] }), /\.issuer must be a text/],
    ['no audience', only(without('audience')), /^trustedIssuers\[0\]\.audience is needed/],
    [
      'an audience there but undefined',
      trusting({ audience: undefined }),
      /\.audience is there but undefined/,
    ],
    ['an empty audience', trusting({ audience: [] }), /\.audience must not be an empty list/],
    ['audience true', trusting({ audience: true }), /\.audience must be a text/],
    ['audience false without claims', trusting({ audience: false }), /ID tokens as access tokens/],
    ['audience false with no claim', trusting({ audience: false, claims: {} }), /ID tokens as access tokens/],
    ['claims that are no object', trusting({ claims: ['a'] }), /\.claims must be an object/],
    ['claims there but undefined', trusting({ claims: undefined }), /\.claims is there but undefined/],
    ['a claim there but undefined', trusting({ claims: { tid: undefined } }), /\.claims\.tid must be a text/],
    ['a claim that is a list', trusting({ claims: { tid: ['t'] } }), /\.claims\.tid must be a text/],
    ['a claim that is NaN', trusting({ claims: { ver: Number.NaN } }), /\.claims\.ver must be a text/],
    ['a claim that is empty', trusting({ claims: { tid: '' } }), /\.claims\.tid must be a text/],
    ['a claim with a rule of its own', trusting({ claims: { iss: 'x' } }), /\.claims must not have iss/],
    ['no keys', only(without('jwksUri')), /^trustedIssuers\[0\]: it is not said where the keys/],
    ['jwksUri and discovery', trusting({ discovery: true }), /jwksUri and discovery exclude each other/],
    ['jwksUri and publicKey', trusting({ publicKey }), /jwksUri and publicKey exclude each other/],
    ['jwksUri there but undefined', trusting({ jwksUri: undefined }), /\.jwksUri is there but undefined/],
    [
      'publicKey there but undefined',
      trusting({ publicKey: undefined }),
      /\.publicKey is there but undefined/,
    ],
    ['discovery false', only({ ...without('jwksUri'), discovery: false }), /\.discovery must be true/],
    [
      'maxStale beside publicKey',
      only({ ...without('jwksUri'), publicKey, maxStale: '1h' }),
      /maxStale goes with/,
    ],
    ['allowInsecureHttp: 1', trusting({ allowInsecureHttp: 1 }), /\.allowInsecureHttp must be true or false/],
    ['maxStale: 60 in a text', trusting({ maxStale: '60' }), /\.maxStale is "60"/, 'ERR_OPTION_DURATION'],
    ['a typ that is none', trusting({ typ: 'jwt' }), /\.typ must be 'at\+jwt' or 'JWT'/],
    ['requiredClaims in a text', trusting({ requiredClaims: 'exp' }), /\.requiredClaims must be a list/],
    [
      'a negative tolerance',
      trusting({ clockTolerance: -1 }),
      /\.clockTolerance must/,
      'ERR_OPTION_DURATION',
    ],
    [
      'one issuer twice',
      only(entry, { ...entry, typ: 'JWT' }),
      /\[1\]\.issuer is the same as trustedIssuers\[0\]/,
    ],
    ['our own issuer', trusting({ issuer: ISSUER }), /is the same as the option issuer of the module/],
    ['the issuer of the short form', { ...remote, ...only(entry) }, /is the same as the option issuer/],
    [
      'own keys without an issuer',
      { privateKey, audience: AUDIENCE, ...only(entry) },
      /^issuer is needed beside/,
    ],
    ['sessions of nobody', { ...only(entry), sessions: {} }, /^sessions are of the tokens of this service/],
    ['the short form beside privateKey', { ...own, jwksUri }, /use trustedIssuers/],
    ['the short form beside publicKey', { ...remote, publicKey }, /use trustedIssuers/],
    [
      'the short form beside a publicKey that is unset',
      { ...remote, publicKey: undefined },
      /use trustedIssuers/,
    ],
    ['discovery beside privateKey', { ...own, discovery: true }, /use trustedIssuers/],
    ['the short form without issuer', without('issuer', remote), /^issuer is needed with jwksUri/],
    ['the short form without audience', without('audience', remote), /^audience is needed with jwksUri/],
    ['the short form with audience false', { ...remote, audience: false }, /use trustedIssuers/],
    ['the short form with issuer unset', { ...remote, issuer: undefined }, /^issuer is there but undefined/],
    ['both short forms', { ...remote, discovery: true }, /^jwksUri and discovery exclude each other/],
    ['jwksUri unset', { ...remote, jwksUri: undefined }, /^jwksUri is there but undefined/],
    [
      'discovery unset',
      { ...without('jwksUri', remote), discovery: undefined },
      /^discovery is there but undefined/,
    ],
    [
      'discovery false at the top',
      { ...without('jwksUri', remote), discovery: false },
      /^discovery must be true/,
    ],
    ['maxStale beside own keys', { ...own, maxStale: '1h' }, /^maxStale goes with jwksUri or discovery/],
    [
      'allowInsecureHttp beside own keys',
      { ...own, allowInsecureHttp: true },
      /^allowInsecureHttp goes with/,
    ],
  ];

  it.each(refused)('stop the boot: %s', (_, options, sentence, code = 'ERR_OPTION_INVALID') => {
    let error: unknown = new TokenMissingError('There was no error');
    try {
      resolveOptions(options as JwtRs256ModuleOptions);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code, message: expect.stringMatching(sentence) });
  });

  const verifyingOf = (options: object) =>
    resolveOptions(options as JwtRs256ModuleOptions).trustedIssuers[0]?.verifying;

  it('have defaults for others that do not depend on what is demanded of our own tokens', () => {
    const lax = { verifyClaims: [], requiredClaims: [], typ: 'JWT' };
    for (const more of [{}, lax]) {
      expect(verifyingOf(trusting({}, more))).toEqual({
        issuer: issuerOf('anna'),
        audience: [AUDIENCE],
        typ: undefined,
        verifyClaims: ['exp', 'nbf', 'iat'],
        requiredClaims: ['exp', 'iat'],
        exactClaims: [],
        allowsScopeList: true,
        clockTolerance: 10,
        maxTokenTtl: 86_400,
        maxTokenLength: 8192,
        cacheSize: 5000,
      });
    }
  });

  it('of the module hold for others where they are about this service: its clock, its audience, its bounds', () => {
    const options = trusting(
      {},
      { clockTolerance: 3, maxTokenTtl: '1h', maxTokenLength: 9000, verifiedTokenCache: false },
    );
    expect(verifyingOf(options)).toMatchObject({
      clockTolerance: 3,
      maxTokenTtl: 3600,
      maxTokenLength: 9000,
      cacheSize: 0,
    });
    expect(verifyingOf({ ...own, trustedIssuers: [without('audience')] })).toMatchObject({
      audience: [AUDIENCE],
    });
  });

  it('of an entry come first', () => {
    const members = {
      audience: ['a', 'b'],
      typ: 'at+jwt',
      requiredClaims: ['exp', 'iat', 'azp'],
      clockTolerance: '1m',
      maxTokenTtl: '30d',
      claims: { tid: 't', ver: 2, beta: false },
    };
    expect(verifyingOf(trusting(members))).toMatchObject({
      audience: ['a', 'b'],
      typ: 'at+jwt',
      requiredClaims: ['exp', 'iat', 'azp'],
      clockTolerance: 60,
      maxTokenTtl: 30 * 86_400,
      exactClaims: [
        ['tid', 't'],
        ['ver', 2],
        ['beta', false],
      ],
    });
  });

  it('of the short form are those of an entry, unless they are given', () => {
    const { verifying, remoteKeys, keys } = resolveOptions(remote);
    expect(keys).toBeUndefined();
    expect(remoteKeys).toMatchObject({ source: { jwksUri }, policy: { maxStale: 86_400 } });
    expect(verifying).toMatchObject({
      typ: undefined,
      requiredClaims: ['exp', 'iat'],
      allowsScopeList: true,
    });
    const narrowed = { typ: 'at+jwt', requiredClaims: ['exp', 'iat', 'sub'] } as const;
    expect(resolveOptions({ ...remote, ...narrowed }).verifying).toMatchObject(narrowed);
    const discovery = { ...without('jwksUri', remote), discovery: true, maxStale: '1h' };
    expect(resolveOptions(discovery as JwtRs256ModuleOptions).remoteKeys).toMatchObject({
      source: { discovery: true },
      policy: { maxStale: 3600 },
    });
  });

  it('of our own tokens stay what they were beside trusted issuers', () => {
    const alone = resolveOptions(own).verifying;
    expect(resolveOptions(trusting({}) as JwtRs256ModuleOptions).verifying).toEqual(alone);
    expect(alone).toMatchObject({ typ: 'at+jwt', requiredClaims: ['exp', 'iat', 'nbf'] });
  });

  const warningsOf = (options: object) => resolveOptions(options as JwtRs256ModuleOptions).warnings;

  it('warn of http, of an issuer without a key, and else of nothing', () => {
    expect(warningsOf(trusting({}))).toEqual([]);
    expect(warningsOf(only(entry))).toEqual([]);
    expect(warningsOf(remote)).toEqual([]);
    expect(warningsOf(trusting({ allowInsecureHttp: true }))).toEqual([
      expect.stringMatching(/^trustedIssuers\[0\]\.allowInsecureHttp is on/),
    ]);
    expect(warningsOf({ ...remote, allowInsecureHttp: true })).toEqual([
      expect.stringMatching(/^allowInsecureHttp is on/),
    ]);
    expect(warningsOf({ issuer: ISSUER, ...only(entry) })).toEqual([
      expect.stringMatching(/^issuer is there, and no key for it/),
    ]);
  });

  it('that trust nobody still need a key', () => {
    expect(resolveOptions({ trustedIssuers: [] }).keys).toBeDefined();
    expect(resolveOptions({}).keys).toBeDefined();
  });
});
