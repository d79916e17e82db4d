import { createPublicKey, randomBytes, type KeyObject } from 'node:crypto';
import { TokenVerifier } from 'nestjs-jwt-rs256';
import { startContext } from '../fixtures/context.js';
import { FixedVerificationKeys, SystemClock, VerificationKey } from '../fixtures/internals.js';
import { makeKeyPair, type BenchKeyPair } from '../fixtures/key-pair.js';
import { claimsOf, freshCopy, mint, mintOfLength } from '../fixtures/tokens.js';
import { VERIFYING } from '../fixtures/verifying.js';
import { rawVerifiers } from '../peers/node-crypto.js';
import { ourVerifier } from '../peers/ours.js';
import { figure, type Figure } from '../run/result.js';
import { timeInTurn, type Contestant } from '../run/rounds.js';
import { spreadOf } from '../run/statistics.js';
import { throughput } from './issue.js';
import type { Suite, SuiteOptions } from './suite.js';

export const KEYS_NEW = 'new token, by verification keys';
export const KEYS_SEEN = 'token seen before, by verification keys';
export const LENGTH_NEW = 'new token, by length';
export const LENGTH_SEEN = 'token seen before, by length';
export const BITS_VERIFY = 'new token, by key size';
export const BITS_ISSUE = 'issue, 16 in flight, by key size';

/** How cost grows with the number of keys, the length of tokens and the size of keys. */
export const growthSuite: Suite = async (options) => {
  const pair = await makeKeyPair();
  const figures = [
    ...(await byKeys(pair, options)),
    ...(await byLength(pair, options)),
    ...(await bySize(options)),
  ];
  return {
    figures,
    targets: [],
    notes: [
      'The token is signed with the last of the keys. Verification keys are found by kid in a map.',
      'The shortest token has neither kid, issuer nor audience: they do not fit.',
    ],
  };
};

async function byKeys(pair: BenchKeyPair, options: SuiteOptions): Promise<Figure[]> {
  const token = await mint(pair, claimsOf('alice'));
  const own = new VerificationKey(pair.publicKey, pair.kid);
  const strangers = Array.from(
    { length: 999 },
    (_, index) => new VerificationKey(someModulus(), `kid-${index}`),
  );
  const verifiers = (cacheSize: number): Contestant<string>[] =>
    [1, 10, 100, 1000].map((count) => {
      const keys = new FixedVerificationKeys([...strangers.slice(0, count - 1), own]);
      const verifier = new TokenVerifier(keys, new SystemClock(), { ...VERIFYING, cacheSize });
      return { ...ourVerifier(verifier), name: `${count} key${count === 1 ? '' : 's'}` };
    });
  return [
    ...(await timed(KEYS_NEW, verifiers(0), () => token, options)),
    ...(await timed(KEYS_SEEN, verifiers(5000), () => token, options)),
  ];
}

async function byLength(pair: BenchKeyPair, options: SuiteOptions): Promise<Figure[]> {
  const lengths = [512, 2048, 8192];
  const tokens = await Promise.all(lengths.map((length) => mintOfLength(pair, length)));
  const keys = new FixedVerificationKeys([new VerificationKey(pair.publicKey, pair.kid)]);
  const [raw] = rawVerifiers(pair);
  const forLength = (cacheSize: number, isRaw: boolean): Contestant<string>[] =>
    lengths.map((length, index) => {
      const open = { ...VERIFYING, issuer: undefined, audience: undefined, cacheSize };
      const verifier = isRaw ? raw : ourVerifier(new TokenVerifier(keys, new SystemClock(), open));
      const name = `${length / 1024} kB${isRaw ? `, ${raw.name}` : ''}`;
      return { name, run: () => verifier.run(freshCopy(tokens[index]!)) };
    });
  return [
    ...(await timed(LENGTH_NEW, [...forLength(0, false), ...forLength(0, true)], () => '', options)),
    ...(await timed(LENGTH_SEEN, forLength(5000, false), () => '', options)),
  ];
}

async function bySize(options: SuiteOptions): Promise<Figure[]> {
  const { quick, progress } = options;
  const sizes = [2048, 3072, 4096] as const;
  const verifiers: Contestant<string>[] = [];
  const rates: Figure[] = [];
  for (const bits of sizes) {
    progress.step(`a key of ${bits} bits`);
    const pair = await makeKeyPair(bits);
    const { tokens, verifier } = await startContext(pair, { verifiedTokenCache: false });
    const token = await mint(pair, claimsOf('alice'));
    verifiers.push({ name: `${bits} bits`, run: () => verifier.verify(token) });
    const runs = [];
    const issuer = { name: 'ours', run: (sub: string) => tokens.issue({ sub }) };
    for (let run = 0; run < (quick ? 2 : 7); run++) runs.push(await throughput(issuer, quick ? 64 : 320));
    rates.push(figure(BITS_ISSUE, `${bits} bits`, 'per s', spreadOf(runs)));
  }
  return [...(await timed(BITS_VERIFY, verifiers, () => '', options)), ...rates];
}

async function timed(
  group: string,
  contestants: readonly Contestant<string>[],
  make: () => string,
  { quick, progress }: SuiteOptions,
): Promise<Figure[]> {
  for (const { run } of contestants) await run(make());
  const rounds = { rounds: quick ? 7 : 41, calls: quick ? 64 : 192 };
  const times = await timeInTurn(contestants, {
    title: group,
    ...rounds,
    make: () => freshCopy(make()),
    progress,
  });
  return contestants.map(({ name }) => figure(group, name, 'µs', spreadOf(times.get(name)!)));
}

/** A public key that nobody has the other half of: a thousand real pairs would take minutes. */
function someModulus(): KeyObject {
  const octets = randomBytes(256);
  octets[0]! |= 0x80;
  octets[255]! |= 1;
  return createPublicKey({ key: { kty: 'RSA', n: octets.toString('base64url'), e: 'AQAB' }, format: 'jwk' });
}
