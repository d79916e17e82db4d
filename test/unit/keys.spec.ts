import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  sign,
  verify,
  X509Certificate,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { KeyErrorCode } from '../../src/errors/developer-errors.js';
import { generateKeyPair, type GeneratedKeyPair, type KeySize } from '../../src/keys/generate-key-pair.js';
import { thumbprint } from '../../src/keys/key-id.js';
import type { KeyInput } from '../../src/keys/key-input.js';
import { writeKeyPair } from '../../src/keys/key-pair-files.js';
import { loadKeyPair, type KeyPair, type KeyPairOptions } from '../../src/keys/key-pair.js';
import { SigningKey } from '../../src/keys/signing-key.js';
import { VerificationKey } from '../../src/keys/verification-key.js';
import { FixedVerificationKeys } from '../../src/keys/verification-keys.js';
import { certificateOf, pemOf } from '../support/certificate.js';
import { leakInText } from '../support/key-leak.js';
import { keyPairOf } from '../support/keys.js';
import { modulusOf, publicJwkOf } from '../support/rsa-number.js';

// Hundreds of keys are parsed in some tests, and a machine may be busy.
jest.setTimeout(60_000);

const NOW = Date.UTC(2026, 10, 22) / 1000;
const DAY = 86_400;
const PASSPHRASE = 'correct horse';
const MESSAGE = Buffer.from('eyJhbGciOiJSUzI1NiJ9.e30');

const privateKey = createPrivateKey(keyPairOf('alice').privateKey);
const publicKey = createPublicKey(privateKey);
const kid = thumbprint(publicKey);
const certificate = certificateOf(privateKey, { from: NOW - DAY, to: NOW + DAY });
const protection = { cipher: 'aes-256-cbc', passphrase: PASSPHRASE } as const;

let directory: string;
beforeAll(() => void (directory = mkdtempSync(join(tmpdir(), 'jwt-rs256-keys-'))));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let files = 0;
function fileWith(content: string | Buffer, mode = 0o600): { file: string } {
  const file = join(directory, `key-${(files += 1)}`);
  writeFileSync(file, content, { mode });
  return { file };
}

function load(options: KeyPairOptions, now = NOW): Promise<KeyPair> {
  return loadKeyPair(options, now);
}

/** Alice's private key as every text that openssl and node:crypto write, by what each is called. */
const privatePems: Record<string, string> = {
  'PKCS #8': privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  'PKCS #1': privateKey.export({ type: 'pkcs1', format: 'pem' }) as string,
  'encrypted PKCS #8': privateKey.export({ type: 'pkcs8', format: 'pem', ...protection }) as string,
  'encrypted PKCS #1': privateKey.export({ type: 'pkcs1', format: 'pem', ...protection }) as string,
};
const privateDers: Record<string, Buffer> = {
  'PKCS #8': privateKey.export({ type: 'pkcs8', format: 'der' }),
  'PKCS #1': privateKey.export({ type: 'pkcs1', format: 'der' }),
  'encrypted PKCS #8': privateKey.export({ type: 'pkcs8', format: 'der', ...protection }),
};
const publicPems: Record<string, string> = {
  SPKI: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  'PKCS #1': publicKey.export({ type: 'pkcs1', format: 'pem' }) as string,
  'X.509': pemOf('CERTIFICATE', certificate),
};
const publicDers: Record<string, Buffer> = {
  SPKI: publicKey.export({ type: 'spki', format: 'der' }),
  'PKCS #1': publicKey.export({ type: 'pkcs1', format: 'der' }),
  'X.509': certificate,
};
const privateJwk = privateKey.export({ format: 'jwk' });
const publicJwk = publicKey.export({ format: 'jwk' });

/** The same content in each of the ways that a KeyInput has for it. */
function channels(pems: Record<string, string>, ders: Record<string, Buffer>): [string, () => KeyInput][] {
  return [
    ...Object.entries(pems).flatMap(([name, pem]): [string, () => KeyInput][] => [
      [`${name} PEM as text`, () => pem],
      [`${name} PEM as a Buffer`, () => Buffer.from(pem)],
      [`${name} PEM in a file`, () => fileWith(pem)],
    ]),
    ...Object.entries(ders).flatMap(([name, der]): [string, () => KeyInput][] => [
      [`${name} DER as a Buffer`, () => der],
      [`${name} DER in a file`, () => fileWith(der)],
    ]),
  ];
}

async function expectAliceSigns(input: KeyInput): Promise<void> {
  const { signer, verificationKey, warnings } = await load({ privateKey: input, passphrase: PASSPHRASE });
  const signature = await signer!.sign(MESSAGE);
  expect(verify('RSA-SHA256', MESSAGE, publicKey, signature)).toBe(true);
  expect(verificationKey.verify(MESSAGE, signature)).toBe(true);
  expect([signer!.kid, verificationKey.kid, warnings]).toEqual([kid, kid, []]);
}

async function expectAliceVerifies(input: KeyInput): Promise<void> {
  const { signer, verificationKey, warnings } = await load({ publicKey: input });
  expect(signer).toBeUndefined();
  expect(verificationKey.verify(MESSAGE, sign('RSA-SHA256', MESSAGE, privateKey))).toBe(true);
  expect([verificationKey.kid, warnings]).toEqual([kid, []]);
}

describe('a private key', () => {
  it.each([
    ...channels(privatePems, privateDers),
    ['a KeyObject', () => privateKey],
    ['a JWK', () => privateJwk],
    [
      'a JWK that says what it is for',
      () => ({ ...privateJwk, alg: 'RS256', use: 'sig', key_ops: ['sign'] }),
    ],
  ] as [string, () => KeyInput][])('signs, given as %s', (_, input) => expectAliceSigns(input()));

  it('is found among the certificates of a bundle, wherever it stands', async () => {
    const { 'PKCS #8': key } = privatePems;
    const { 'X.509': chain } = publicPems;
    for (const bundle of [
      key! + chain!,
      chain! + key!,
      `Bag Attributes\n    friendlyName: alice\n${chain!}${key!}`,
    ]) {
      await expectAliceSigns(bundle);
    }
  });

  it('is not in need of its passphrase when it is not encrypted', async () => {
    await expect(
      load({ privateKey: privatePems['PKCS #8']!, passphrase: 'not needed' }),
    ).resolves.toBeDefined();
    await expect(load({ privateKey: privatePems['PKCS #8']!, passphrase: undefined })).resolves.toBeDefined();
  });

  it('in a file that others may read gets a warning with the file and the fix, and in a file of mode 0600 none', async () => {
    for (const mode of [0o644, 0o640, 0o604, 0o660]) {
      const input = fileWith(privatePems['PKCS #8']!);
      chmodSync(input.file, mode);
      const { warnings } = await load({ privateKey: input });
      expect(warnings).toEqual([
        expect.stringMatching(/^privateKey \(file .+\) can be read by others than its owner\. .*chmod 600/),
      ]);
      expect(warnings[0]).toContain(input.file);
    }
    for (const mode of [0o600, 0o400]) {
      const input = fileWith(privatePems['PKCS #8']!);
      chmodSync(input.file, mode);
      expect((await load({ privateKey: input })).warnings).toEqual([]);
    }
  });

  it('is found through a relative path, from the working directory, and through a symbolic link', async () => {
    const { file } = fileWith(privatePems['PKCS #8']!);
    const link = join(directory, 'link.pem');
    symlinkSync(file, link);
    await expectAliceSigns({ file: link });
    const before = process.cwd();
    try {
      process.chdir(directory);
      await expectAliceSigns({ file: 'link.pem' });
    } finally {
      process.chdir(before);
    }
  });
});

describe('a public key', () => {
  it.each([
    ...channels(publicPems, publicDers),
    ['a KeyObject', () => publicKey],
    ['a JWK', () => publicJwk],
    [
      'a JWK that says what it is for',
      () => ({ ...publicJwk, alg: 'RS256', use: 'sig', key_ops: ['verify'] }),
    ],
  ] as [string, () => KeyInput][])('verifies, given as %s', (_, input) => expectAliceVerifies(input()));

  it('refuses what another key signed, and a signature that was changed', async () => {
    const { verificationKey } = await load({ publicKey });
    const stranger = sign('RSA-SHA256', MESSAGE, keyPairOf('mallory').privateKey);
    const changed = sign('RSA-SHA256', MESSAGE, privateKey);
    changed[17]! ^= 1;
    for (const signature of [
      stranger,
      changed,
      Buffer.alloc(256),
      Buffer.alloc(0),
      createHmac('sha256', publicPems.SPKI!).digest(),
    ]) {
      expect(verificationKey.verify(MESSAGE, signature)).toBe(false);
    }
  });

  it('in a file that everybody may read is nothing to warn of', async () => {
    const input = fileWith(publicPems.SPKI!);
    chmodSync(input.file, 0o666);
    expect((await load({ publicKey: input })).warnings).toEqual([]);
  });

  it('tells its size, in bits and in octets of a signature', async () => {
    const { verificationKey } = await load({ publicKey });
    expect([verificationKey.bits, verificationKey.signatureLength]).toEqual([2048, 256]);
    const odd = await load({ publicKey: publicJwkOf(modulusOf(2049)) });
    expect([odd.verificationKey.bits, odd.verificationKey.signatureLength]).toEqual([2049, 257]);
  });

  it('out of a certificate is used whatever the date, with a warning when that is not the time of the certificate', async () => {
    const input = publicPems['X.509']!;
    const { validTo, validFrom } = new X509Certificate(certificate);
    expect((await load({ publicKey: input }, NOW)).warnings).toEqual([]);
    const expired = await load({ publicKey: input }, NOW + DAY + 1);
    expect(expired.warnings).toEqual([expect.stringContaining(`expired on ${validTo}`)]);
    expect(expired.warnings[0]).toMatch(/^publicKey \(text\).+renew/);
    const early = await load({ publicKey: certificate }, NOW - DAY - 1);
    expect(early.warnings).toEqual([expect.stringContaining(`valid only from ${validFrom}`)]);
    expect(early.warnings[0]).toMatch(/^publicKey \(Buffer\).+clock/);
    expect(expired.verificationKey.kid).toBe(kid);
  });
});

// What env files, shells, YAML and secret stores make of a key. Each takes a PEM text and returns what arrives.

const base64 = (text: string) => Buffer.from(text).toString('base64');

const textDamages: Record<string, (pem: string) => string> = {
  'line breaks written as \\n': (pem) => pem.replaceAll('\n', '\\n'),
  'line breaks written as \\\\n': (pem) => pem.replaceAll('\n', '\\\\n'),
  'line breaks written as \\r\\n': (pem) => pem.replaceAll('\n', '\\r\\n'),
  'line breaks written as \\\\r\\\\n': (pem) => pem.replaceAll('\n', '\\\\r\\\\n'),
  'an escaped \\n before each line break': (pem) => pem.replaceAll('\n', '\\n\n'),
  CRLF: (pem) => pem.replaceAll('\n', '\r\n'),
  'CR alone': (pem) => pem.replaceAll('\n', '\r'),
  'double quotes around it': (pem) => `"${pem.trim()}"`,
  'single quotes around it': (pem) => `'${pem}'`,
  'backticks around it': (pem) => `\`${pem}\``,
  'one line, with spaces': (pem) => pem.trim().replaceAll('\n', ' '),
  'an indented block': (pem) => pem.replace(/^/gm, '      '),
  'white space around it': (pem) => `\n\n  \t${pem}\n \n`,
  'no line break at its end': (pem) => pem.trim(),
  'a byte order mark': (pem) => `\uFEFF${pem}`,
  'base64 of the PEM': base64,
  'base64 in lines of 76': (pem) => base64(pem).replace(/.{76}/g, '$&\n'),
  'base64url of the PEM': (pem) => Buffer.from(pem).toString('base64url'),
  'a text before and after it': (pem) => `Bag Attributes: <No Attributes>\n${pem}# end of the key\n`,
};
const byteDamages: Record<string, (pem: string) => Buffer> = {
  'UTF-16, as PowerShell writes it': (pem) => Buffer.from(`\uFEFF${pem}`, 'utf16le'),
  'UTF-16 with CRLF': (pem) => Buffer.from(`\uFEFF${pem.replaceAll('\n', '\r\n')}`, 'utf16le'),
  'UTF-16 of the base64 of the PEM': (pem) => Buffer.from(`\uFEFF${base64(pem)}\r\n`, 'utf16le'),
  'UTF-8 with a byte order mark': (pem) => Buffer.from(`\uFEFF${pem}`),
};
const pems = [
  ...Object.entries(privatePems).map(([name, pem]) => ({ name, pem, expectIt: expectAliceSigns })),
  ...Object.entries(publicPems).map(([name, pem]) => ({ name, pem, expectIt: expectAliceVerifies })),
];

describe('a key that was damaged on its way', () => {
  it.each(Object.entries(textDamages))('is repaired: %s', async (_, damage) => {
    for (const { pem, expectIt } of pems) await expectIt(damage(pem));
    const arrived = damage(privatePems['PKCS #8']!);
    for (const input of [Buffer.from(arrived), fileWith(arrived)]) await expectAliceSigns(input);
  });

  it.each(Object.entries(byteDamages))('is repaired: %s', async (_, damage) => {
    for (const { pem, expectIt } of pems) await expectIt(damage(pem));
    await expectAliceSigns(fileWith(damage(privatePems['PKCS #8']!)));
  });

  it('is repaired: base64 of the UTF-16 that PowerShell wrote', async () => {
    for (const { pem, expectIt } of pems)
      await expectIt(Buffer.from(`\uFEFF${pem}`, 'utf16le').toString('base64'));
  });

  it('is repaired: all on one line, without even spaces (where no header lines are inside)', async () => {
    for (const { name, pem, expectIt } of pems) {
      if (name !== 'encrypted PKCS #1') await expectIt(pem.replaceAll('\n', ''));
    }
  });

  it('is repaired: base64 of the DER, without any armour', async () => {
    for (const der of Object.values(privateDers)) await expectAliceSigns(der.toString('base64'));
    for (const der of Object.values(publicDers)) await expectAliceVerifies(`"${der.toString('base64url')}"`);
  });

  it('is repaired: any two damages, one upon the other, save base64 of base64, or with a text around', async () => {
    const damages = Object.entries(textDamages);
    const isBeyond = (first: string, second: string) =>
      /base64/.test(first) && /base64|a text before/.test(second);
    const failures: string[] = [];
    for (const [first, damage] of damages) {
      for (const [second, damageAgain] of damages) {
        if (isBeyond(first, second)) continue;
        const arrived = damageAgain(damage(publicPems.SPKI!));
        await expectAliceVerifies(arrived).catch(() => failures.push(`${first}, then ${second}`));
      }
    }
    expect(failures).toEqual([]);
  });

  it('is repaired inside the JSON of a service account', async () => {
    await expectAliceSigns(JSON.stringify({ type: 'service_account', private_key: privatePems['PKCS #8'] }));
  });
});

describe('the kid', () => {
  // RFC 7638 §3.1
  const example: JsonWebKey = {
    kty: 'RSA',
    n:
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs' +
      'tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5ha' +
      'jrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
    e: 'AQAB',
    alg: 'RS256',
  };

  it("is the RFC 7638 thumbprint, as in the RFC's own example", async () => {
    expect((await load({ publicKey: example })).verificationKey.kid).toBe(
      'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
    );
  });

  it("is the JWK's own where it brings one, whatever the text", async () => {
    for (const own of ['2011-04-29', 'a b', 'ключ', '0', '__proto__']) {
      expect((await load({ publicKey: { ...example, kid: own } })).verificationKey.kid).toBe(own);
      const { signer, verificationKey } = await load({ privateKey: { ...privateJwk, kid: own } });
      expect([signer!.kid, verificationKey.kid]).toEqual([own, own]);
    }
  });

  it('does not depend on how the key is written', async () => {
    const padded = Buffer.concat([Buffer.alloc(1), Buffer.from(publicJwk.n!, 'base64url')]).toString(
      'base64url',
    );
    expect((await load({ publicKey: { ...publicJwk, n: padded } })).verificationKey.kid).toBe(kid);
  });

  it('of a pair is the one that either half brings', async () => {
    const named = { ...publicJwk, kid: 'k1' };
    for (const options of [
      { privateKey, publicKey: named },
      { privateKey: { ...privateJwk, kid: 'k1' }, publicKey },
      { privateKey: { ...privateJwk, kid: 'k1' }, publicKey: named },
    ]) {
      const { signer, verificationKey } = await load(options);
      expect([signer!.kid, verificationKey.kid]).toEqual(['k1', 'k1']);
    }
  });
});

describe('a pair', () => {
  it('comes from the private key alone, or from both halves, in any two forms', async () => {
    const alone = await load({ privateKey });
    expect(alone.verificationKey.isSameKey(publicKey)).toBe(true);
    for (const half of [publicPems.SPKI!, publicPems['PKCS #1']!, certificate, publicJwk, publicKey]) {
      const both = await load({ privateKey: privatePems['PKCS #1']!, publicKey: half });
      expect(both.verificationKey.kid).toBe(kid);
      expect(both.signer!.kid).toBe(kid);
    }
  });

  it('brings the warnings of both halves', async () => {
    const input = fileWith(privatePems['PKCS #8']!);
    chmodSync(input.file, 0o644);
    const { warnings } = await load({ privateKey: input, publicKey: certificate }, NOW + 2 * DAY);
    expect(warnings).toEqual([expect.stringContaining('privateKey'), expect.stringContaining('publicKey')]);
  });

  it('does not let the private key out through its signer', async () => {
    const { signer, verificationKey } = await load({ privateKey });
    for (const object of [signer, verificationKey]) {
      const shown = inspect(object, { depth: 10, showHidden: true }) + JSON.stringify(object);
      expect(leakInText(shown, privateKey)).toBeUndefined();
      const reachable = Object.values(object as object).filter(
        (value) => (value as KeyObject)?.type === 'private',
      );
      expect(reachable).toEqual([]);
    }
  });

  it('signs on the thread pool: the event loop turns before a signature is there', async () => {
    let isDone = false;
    const signing = new SigningKey(privateKey).sign(MESSAGE).then((signature) => {
      isDone = true;
      return signature;
    });
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
    expect(isDone).toBe(false);
    expect(await signing).toHaveLength(256);
  });
});

describe('what comes from elsewhere in an object', () => {
  it('of JSON with a member __proto__ is only that member, and changes no prototype', async () => {
    const text = JSON.stringify(publicJwk).replace(
      '{',
      '{"__proto__":{"d":"AQAB","kid":"stolen","polluted":true},',
    );
    const { verificationKey } = await load({ publicKey: JSON.parse(text) as JsonWebKey });
    expect(verificationKey.kid).toBe(kid);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('of a JWK with getters is read once, so that what was checked is what is used', async () => {
    const reads: string[] = [];
    const jwk = Object.defineProperties(
      {},
      Object.fromEntries(
        Object.entries({ ...publicJwk, d: undefined, alg: 'RS256' }).map(([name, value]) => [
          name,
          { enumerable: true, get: () => (reads.push(name), value) },
        ]),
      ),
    );
    expect((await load({ publicKey: jwk as JsonWebKey })).verificationKey.kid).toBe(kid);
    expect(reads.sort()).toEqual(['alg', 'd', 'e', 'kty', 'n']);
  });

  it('of a JWK is left as it was', async () => {
    const jwk = Object.freeze({ ...privateJwk, kid: 'k1' });
    await load({ privateKey: jwk });
    expect(jwk).toEqual({ ...privateJwk, kid: 'k1' });
  });
});

describe('verification keys', () => {
  const alice = new VerificationKey(publicKey);
  const mallory = new VerificationKey(createPublicKey(keyPairOf('mallory').publicKey), 'm');

  it('are found by their kid and by nothing else', () => {
    const keys = new FixedVerificationKeys([alice, mallory]);
    expect([keys.find(kid), keys.find('m')]).toEqual([alice, mallory]);
    for (const unknown of ['', 'M', `${kid} `, '__proto__', 'constructor'])
      expect(keys.find(unknown)).toBeUndefined();
  });

  it('are found without a kid only where there is exactly one', () => {
    expect(new FixedVerificationKeys([alice]).find(undefined)).toBe(alice);
    expect(new FixedVerificationKeys([alice, mallory]).find(undefined)).toBeUndefined();
    expect(new FixedVerificationKeys([]).find(undefined)).toBeUndefined();
  });
});

describe('a key pair that this package makes', () => {
  let pair: GeneratedKeyPair;
  beforeAll(async () => void (pair = await generateKeyPair()));

  it('is PKCS #8 and SPKI of 2048 bits with exponent 65537, and loads', async () => {
    expect(pair.privateKey).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(pair.publicKey).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
    const { verificationKey } = await load(pair);
    expect([verificationKey.kid, verificationKey.bits]).toEqual([pair.kid, 2048]);
    expect(createPrivateKey(pair.privateKey).asymmetricKeyDetails?.publicExponent).toBe(65_537n);
  });

  it('has no other size than 2048, 3072 and 4096 bits', async () => {
    for (const bits of [0, 512, 1024, 2047, 2049, 8192, '2048', NaN, null] as KeySize[]) {
      await expect(generateKeyPair(bits)).rejects.toMatchObject({
        code: 'ERR_OPTION_INVALID',
        message: /2048, 3072 or 4096/,
      });
    }
  });

  it('is written as two files, of which only its owner reads the private one, into a folder that is made for it', async () => {
    const target = join(directory, 'a', 'b');
    const written = await writeKeyPair(target, pair);
    expect(written).toEqual({
      privateKeyFile: join(target, 'rs256.pem'),
      publicKeyFile: join(target, 'rs256.pub'),
    });
    expect(readdirSync(target).sort()).toEqual(['rs256.pem', 'rs256.pub']);
    expect(statSync(written.privateKeyFile).mode & 0o777).toBe(0o600);
    expect(readFileSync(written.privateKeyFile, 'utf8')).toBe(pair.privateKey);
    expect(readFileSync(written.publicKeyFile, 'utf8')).toBe(pair.publicKey);
    expect((await load({ privateKey: { file: written.privateKeyFile } })).warnings).toEqual([]);
  });

  it.each(['rs256.pem', 'rs256.pub'])(
    'never replaces a file %s that is there, unless told to',
    async (name) => {
      const target = mkdtempSync(join(directory, 'there-'));
      writeFileSync(join(target, name), 'precious', { mode: 0o644 });
      await expect(writeKeyPair(target, pair)).rejects.toMatchObject({
        code: 'ERR_KEY_FILE_EXISTS' satisfies KeyErrorCode,
        message: expect.stringMatching(new RegExp(`${name} is there already.*--force \\(force: true\\)`)),
      });
      expect(readdirSync(target)).toEqual([name]);
      expect(readFileSync(join(target, name), 'utf8')).toBe('precious');

      await writeKeyPair(target, pair, { force: true });
      expect(readdirSync(target).sort()).toEqual(['rs256.pem', 'rs256.pub']);
      expect(readFileSync(join(target, 'rs256.pem'), 'utf8')).toBe(pair.privateKey);
      expect(statSync(join(target, 'rs256.pem')).mode & 0o777).toBe(0o600);
    },
  );

  it('is not written through a symbolic link that leads nowhere, and leaves nothing behind', async () => {
    const target = mkdtempSync(join(directory, 'dangling-'));
    symlinkSync(join(directory, 'elsewhere.pem'), join(target, 'rs256.pem'));
    await expect(writeKeyPair(target, pair)).rejects.toMatchObject({ code: 'ERR_KEY_FILE_EXISTS' });
    expect(readdirSync(target)).toEqual(['rs256.pem']);
    expect(existsSync(join(directory, 'elsewhere.pem'))).toBe(false);
  });

  it('says what the system says when the folder cannot be made', async () => {
    const { file } = fileWith('a file, not a folder');
    await expect(writeKeyPair(join(file, 'keys'), pair)).rejects.toMatchObject({ code: 'ENOTDIR' });
  });
});

describe('the two openssl commands of keys/README.md', () => {
  const commands =
    readFileSync(join(import.meta.dirname, '../../keys/README.md'), 'utf8').match(/^openssl .*$/gm) ?? [];
  const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

  it('are the ones that everybody knows', () => {
    expect(commands).toEqual([
      'openssl genrsa -out rs256.pem 2048',
      'openssl rsa -in rs256.pem -pubout -outform PEM -out rs256.pub',
    ]);
  });

  it(`make a pair that works as it is (${hasOpenssl ? 'run here' : 'openssl is not here: the same files, made by Node'})`, async () => {
    const target = mkdtempSync(join(directory, 'openssl-'));
    if (hasOpenssl) {
      for (const command of commands)
        execFileSync('openssl', command.split(' ').slice(1), { cwd: target, stdio: 'ignore' });
    } else {
      writeFileSync(join(target, 'rs256.pem'), privatePems['PKCS #8']!, { mode: 0o600 });
      writeFileSync(join(target, 'rs256.pub'), publicPems.SPKI!);
    }
    const options = {
      privateKey: { file: join(target, 'rs256.pem') },
      publicKey: { file: join(target, 'rs256.pub') },
    };
    const { signer, verificationKey, warnings } = await load(options);
    expect(verificationKey.verify(MESSAGE, await signer!.sign(MESSAGE))).toBe(true);
    expect([verificationKey.bits, warnings]).toEqual([2048, []]);
    const verifyOnly = await load({ publicKey: options.publicKey });
    expect(verifyOnly.signer).toBeUndefined();
    expect(verifyOnly.verificationKey.kid).toBe(verificationKey.kid);
  });

  it('make, with an old OpenSSL, a PKCS #1 file, which works as well', async () => {
    await expectAliceSigns(fileWith(privatePems['PKCS #1']!));
  });
});
