import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  publicEncrypt,
  sign,
  type KeyObject,
} from 'node:crypto';
import { thumbprint } from '../../../src/keys/key-id.js';
import { keyPairOf } from '../keys.js';
import {
  claims,
  header,
  mint,
  mintWith,
  ownKey,
  ownKid,
  ownPublicKey,
  signingInput,
  strangerKey,
} from '../mint.js';
import {
  DIGEST_INFO,
  digest,
  digestInfo,
  modulusOf,
  paddedBlock,
  rawSign,
  toBigInt,
  toBytes,
  withOtherExponent,
  type BlockShape,
} from '../rsa-block.js';
import { KEY_UNKNOWN, refusedAs, SIGNATURE, type HostileToken } from './hostile-token.js';

/** Octets of a signature of our key. */
const SIZE = 256;

/** Everything but the signature is good. */
export function signatureTokens(): HostileToken[] {
  return [...mangledTokens(), ...numberTokens(), ...bitTokens(), ...blockTokens(), ...foreignTokens()];
}

/** Of another length, or not over this token. */
function mangledTokens(): HostileToken[] {
  const ours = (input: Buffer) => sign('RSA-SHA256', input, ownKey);
  const changes: Record<string, (input: Buffer) => Buffer> = {
    'a signature of one octet': () => Buffer.alloc(1),
    'the first half of the signature': (input) => ours(input).subarray(0, SIZE / 2),
    'the second half of the signature': (input) => ours(input).subarray(SIZE / 2),
    'the signature without its last octet': (input) => ours(input).subarray(0, -1),
    'the signature without its first octet': (input) => ours(input).subarray(1),
    'the signature with a zero octet before it': (input) => Buffer.concat([Buffer.alloc(1), ours(input)]),
    'the signature with 256 zero octets before it': (input) =>
      Buffer.concat([Buffer.alloc(SIZE), ours(input)]),
    'the signature with a zero octet after it': (input) => Buffer.concat([ours(input), Buffer.alloc(1)]),
    'the signature with a line feed after it': (input) => Buffer.concat([ours(input), Buffer.from('\n')]),
    'the signature twice': (input) => Buffer.concat([ours(input), ours(input)]),
    'the signature in a DER octet string': (input) =>
      Buffer.concat([Buffer.from('04820100', 'hex'), ours(input)]),
    'the signature backwards': (input) => ours(input).reverse(),
    'the signature with its halves exchanged': (input) =>
      Buffer.concat([ours(input).subarray(SIZE / 2), ours(input).subarray(0, SIZE / 2)]),
    'the signature in text': (input) => Buffer.from(ours(input).toString('base64url')),
    'a signature over the header': (input) => ours(Buffer.from(input.toString().split('.')[0]!)),
    'a signature over the payload': (input) => ours(Buffer.from(input.toString().split('.')[1]!)),
    'a signature over the octets of the claims': () => ours(Buffer.from(JSON.stringify(claims()))),
    'a signature over both without the dot': (input) => ours(Buffer.from(input.toString().replace('.', ''))),
    'a signature over both with a line feed after': (input) =>
      ours(Buffer.concat([input, Buffer.from('\n')])),
    'a signature over both with a dot after': (input) => ours(Buffer.concat([input, Buffer.from('.')])),
    'a signature over both in UTF-16': (input) => ours(Buffer.from(input.toString(), 'utf16le')),
    'a signature over the digest': (input) => ours(digest(input)),
    'a signature over nothing': () => ours(Buffer.alloc(0)),
    'a signature over another token': () =>
      ours(Buffer.from(signingInput(header(), claims({ sub: 'root' })))),
    'the signing input for a signature': (input) => input.subarray(0, SIZE),
    'the digest for a signature': (input) => digest(input),
    'the input encrypted with the public key': (input) => publicEncrypt(ownPublicKey, digest(input)),
  };
  const tokens = Object.entries(changes).map(([name, change]) => [name, mintWith(change)] as const);
  return refusedAs(SIGNATURE, {
    ...Object.fromEntries(tokens),
    'a signature that starts with zero, without its zero': withoutLeadingZero(),
  });
}

/** RSAVP1 takes numbers under the modulus only (RFC 8017 §5.2.2), or a signature would have two spellings. */
function numberTokens(): HostileToken[] {
  const modulus = modulusOf(ownPublicKey);
  const numbers: Record<string, bigint> = {
    '0': 0n,
    '1': 1n,
    '2': 2n,
    'the modulus - 1': modulus - 1n,
    'the modulus': modulus,
    'the modulus + 1': modulus + 1n,
    'the largest there is': 2n ** 2048n - 1n,
    'half of the largest': 2n ** 2047n,
    'the public exponent': 65_537n,
  };
  const tokens = Object.entries(numbers).map(([name, number]) => [
    `the number ${name} for a signature`,
    mintWith(() => toBytes(number, SIZE)),
  ]);
  return refusedAs(SIGNATURE, {
    ...Object.fromEntries(tokens),
    'the modulus minus the signature': mintWith((input) =>
      toBytes(modulus - toBigInt(sign('RSA-SHA256', input, ownKey)), SIZE),
    ),
    'the signature plus the modulus': plusModulus(modulus),
  });
}

/** A token whose signature begins with a zero octet, which is then left out: the same number. */
function withoutLeadingZero(): string {
  for (let attempt = 0; ; attempt++) {
    const parts = [header(), claims({ attempt })] as const;
    const signature = sign('RSA-SHA256', Buffer.from(signingInput(...parts)), ownKey);
    if (signature[0] === 0) return mintWith(() => signature.subarray(1), ...parts);
  }
}

/** A token whose signature leaves room for adding the modulus: the same number modulo the modulus. */
function plusModulus(modulus: bigint): string {
  for (let attempt = 0; ; attempt++) {
    const parts = [header(), claims({ attempt: -attempt })] as const;
    const sum = toBigInt(sign('RSA-SHA256', Buffer.from(signingInput(...parts)), ownKey)) + modulus;
    if (sum < 2n ** 2048n) return mintWith(() => toBytes(sum, SIZE), ...parts);
  }
}

function bitTokens(): HostileToken[] {
  const bits = [0, 1, 7, 8, 255, 512, 1024, 1535, 2040, 2047];
  const flipped = (bit: number) =>
    mintWith((input) => {
      const signature = sign('RSA-SHA256', input, ownKey);
      signature[bit >> 3]! ^= 0x80 >> (bit & 7);
      return signature;
    });
  return refusedAs(
    SIGNATURE,
    Object.fromEntries(bits.map((bit) => [`the signature with bit ${bit} flipped`, flipped(bit)])),
  );
}

/** The control of what follows: made like each of them, and right. */
export function tokenOfRawBlock(): string {
  return mintWith((input) => rawSign(ownKey, paddedBlock(SIZE, digestInfo(input))));
}

/** Blocks that only our private key can have made, and that a sloppy reader of the padding would take. */
function blockTokens(): HostileToken[] {
  const garbage = (length: number) => Buffer.alloc(length, 0x5a);
  const changed = (at: (index: number, length: number) => boolean, to: number): BlockShape => ({
    pad: (index, length) => (at(index, length) ? to : 0xff),
  });
  const shapes: Record<string, BlockShape> = {
    'garbage after the digest': { padLength: 8, tail: garbage },
    'zeros after the digest': { padLength: 8 },
    'garbage after the digest and padding of 64': { padLength: 64, tail: garbage },
    'one octet of garbage after the digest': { padLength: SIZE - 2 - 1 - 51 - 1, tail: garbage },
    'no padding octets and garbage after the digest': { padLength: 0, tail: garbage },
    'padding of 7 and garbage after the digest': { padLength: 7, tail: garbage },
    'block type 2': { start: [0, 2] },
    'block type 2 with random padding': { start: [0, 2], pad: (index) => (index % 254) + 1 },
    'block type 0': { start: [0, 0], pad: () => 0 },
    'block type 3': { start: [0, 3] },
    'block type 1 with zero padding': { pad: () => 0 },
    'a first octet of 1': { start: [1, 1] },
    'block type 1 without the zero before it': { start: [1] },
    'a first padding octet of FE': changed((index) => index === 0, 0xfe),
    'a last padding octet of FE': changed((index, length) => index === length - 1, 0xfe),
    'a padding octet of 7F in the middle': changed((index) => index === 100, 0x7f),
    'a zero octet within the padding': changed((index) => index === 100, 0),
    'no zero octet after the padding': { separator: [0xff] },
    'two zero octets after the padding': { separator: [0, 0] },
    'an octet of 1 after the padding': { separator: [1] },
    'PSS-like trailer BC': { padLength: SIZE - 2 - 1 - 51 - 1, tail: () => Buffer.from([0xbc]) },
  };
  const contents: Record<string, (input: Buffer) => Buffer> = {
    'the digest without a DigestInfo': (input) => digest(input),
    'a DigestInfo without NULL': (input) => digestInfo(input, DIGEST_INFO.sha256WithoutNull),
    'a DigestInfo with a NULL that has an octet': (input) =>
      digestInfo(input, DIGEST_INFO.sha256WithLongNull),
    'a DigestInfo with garbage as parameters': (input) => digestInfo(input, DIGEST_INFO.sha256WithParameters),
    'a DigestInfo with lengths in their long form': (input) =>
      digestInfo(input, DIGEST_INFO.sha256InLongForm),
    'a DigestInfo of PSS': (input) => digestInfo(input, DIGEST_INFO.sha256WithPssOid),
    'a DigestInfo of SHA-224': (input) => digestInfo(input, DIGEST_INFO.sha224, 'sha224'),
    'a DigestInfo of MD5': (input) => digestInfo(input, DIGEST_INFO.md5, 'md5'),
    'a DigestInfo of SHA3-256': (input) => digestInfo(input, DIGEST_INFO.sha3_256, 'sha3-256'),
    'a DigestInfo that says SHA3-256 of SHA-256': (input) => digestInfo(input, DIGEST_INFO.sha3_256),
    'a DigestInfo with an octet after it': (input) => Buffer.concat([digestInfo(input), Buffer.alloc(1)]),
    'a DigestInfo of half a digest': (input) => digestInfo(input).subarray(0, -16),
    'a DigestInfo of an empty digest': () => Buffer.from('3011300d060960864801650304020105000400', 'hex'),
    'a DigestInfo of zeros': () => Buffer.concat([Buffer.from(DIGEST_INFO.sha256, 'hex'), Buffer.alloc(32)]),
    'the DigestInfo twice': (input) => Buffer.concat([digestInfo(input), digestInfo(input)]),
    'the digest before its DigestInfo': (input) =>
      Buffer.concat([digest(input), Buffer.from(DIGEST_INFO.sha256, 'hex')]),
    'MD5 and SHA-1, as TLS 1.1 had it': (input) =>
      Buffer.concat([digest(input, 'md5'), digest(input, 'sha1')]),
    nothing: () => Buffer.alloc(0),
    'the signing input itself': (input) => input.subarray(0, 200),
  };
  const blocks: Record<string, (input: Buffer) => Buffer> = {
    'a block with the DigestInfo at its start': (input) =>
      Buffer.concat([Buffer.from([0, 1, 0]), digestInfo(input), Buffer.alloc(SIZE - 54, 0xff)]),
    'a good block one octet to the left': (input) =>
      Buffer.concat([paddedBlock(SIZE, digestInfo(input)).subarray(1), Buffer.alloc(1)]),
  };
  const tokens = [
    ...Object.entries(shapes).map(
      ([name, shape]) => [name, (input: Buffer) => paddedBlock(SIZE, digestInfo(input), shape)] as const,
    ),
    ...Object.entries(contents).map(
      ([name, content]) => [name, (input: Buffer) => paddedBlock(SIZE, content(input))] as const,
    ),
    ...Object.entries(blocks),
  ].map(([name, block]) => [`a signed block: ${name}`, mintWith((input) => rawSign(ownKey, block(input)))]);
  const pss = (saltLength: number) => (input: Buffer) =>
    sign('RSA-SHA256', input, { key: ownKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
  return refusedAs(SIGNATURE, {
    ...Object.fromEntries(tokens),
    'a PSS signature without a salt': mintWith(pss(0)),
    'a PSS signature with the longest salt': mintWith(pss(constants.RSA_PSS_SALTLEN_MAX_SIGN)),
  });
}

/** Good RS256 signatures by other keys. */
function foreignTokens(): HostileToken[] {
  const foreign = (bits: number) => generateKeyPairSync('rsa', { modulusLength: bits }).privateKey;
  const kidOf = (key: KeyObject) => thumbprint(createPublicKey(key));
  const third = createPrivateKey(keyPairOf('trudy').privateKey);
  const [short, long, longer] = [foreign(1024), foreign(2056), foreign(3072)];
  const otherExponent = withOtherExponent(ownKey);
  return [
    ...refusedAs(SIGNATURE, {
      'a foreign key with our kid': mint(header(), claims(), strangerKey),
      'a foreign key without a kid': mint(header({ kid: undefined }), claims(), strangerKey),
      'another foreign key with our kid': mint(header(), claims(), third),
      'a foreign key of 1024 bits with our kid': mint(header(), claims(), short),
      'a foreign key of 2056 bits with our kid': mint(header(), claims(), long),
      'a foreign key of 3072 bits with our kid': mint(header(), claims(), longer),
      'a foreign key of 3072 bits, its signature cut to 256 octets': mintWith((input) =>
        sign('RSA-SHA256', input, longer).subarray(0, SIZE),
      ),
      'a foreign key of 1024 bits, its signature filled up with zeros': mintWith((input) =>
        Buffer.concat([Buffer.alloc(SIZE / 2), sign('RSA-SHA256', input, short)]),
      ),
      'our modulus with another exponent': mint(header(), claims(), otherExponent),
      'our modulus with another exponent, without a kid': mint(
        header({ kid: undefined }),
        claims(),
        otherExponent,
      ),
    }),
    ...refusedAs(KEY_UNKNOWN, {
      'a foreign key with its own kid': mint(header({ kid: kidOf(strangerKey) }), claims(), strangerKey),
      'our modulus with another exponent and its own kid': mint(
        header({ kid: kidOf(otherExponent) }),
        claims(),
        otherExponent,
      ),
      'our key with a kid that has a slash before it': mint(header({ kid: `/${ownKid}` })),
    }),
  ];
}
