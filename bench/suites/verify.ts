import { startContext } from '../fixtures/context.js';
import { makeKeyPair } from '../fixtures/key-pair.js';
import { freshCopy, mintMany, mintSamples } from '../fixtures/tokens.js';
import { fastJwt, fastJwtCached, fastJwtCachedByText } from '../peers/fast-jwt.js';
import { joseVerifier } from '../peers/jose.js';
import { jsonwebtokenPemVerifier, jsonwebtokenVerifier } from '../peers/jsonwebtoken.js';
import { rawVerifiers } from '../peers/node-crypto.js';
import { ourVerifier } from '../peers/ours.js';
import { assertHonest } from '../run/honesty.js';
import { atLeast, atMost, figure } from '../run/result.js';
import { timeInTurn } from '../run/rounds.js';
import { ratioOf, spreadOf } from '../run/statistics.js';
import { measureGuard } from './guard.js';
import { measureLookUp } from './look-up.js';
import type { Suite } from './suite.js';

export const NEW_TOKEN = 'verify a new token';
export const SEEN_TOKEN = 'verify a token seen before';

/** Verifying in one process: by itself, and with the guard around it. */
export const verifySuite: Suite = async (options) => {
  const [alone, guarded] = [await measureVerifiers(options), await measureGuard(options)];
  return {
    figures: [...alone.figures, ...guarded.figures],
    targets: [...alone.targets, ...guarded.targets],
    notes: [...alone.notes, ...guarded.notes],
  };
};

/** One verification after another. */
const measureVerifiers: Suite = async (options) => {
  const { quick, progress } = options;
  const pair = await makeKeyPair();
  const [tokens, samples] = await Promise.all([mintMany(pair, quick ? 500 : 2000), mintSamples(pair)]);
  const [uncached, cached] = [
    await startContext(pair, { verifiedTokenCache: false }),
    await startContext(pair),
  ];
  const raws = rawVerifiers(pair);
  const ours = ourVerifier(uncached.verifier);
  const oursCached = ourVerifier(cached.verifier);
  const fast = fastJwt(pair);
  const fastCached = fastJwtCached(pair);
  const pem = jsonwebtokenPemVerifier(pair);
  const forNew = [...raws, ours, fast, jsonwebtokenVerifier(pair), pem, await joseVerifier(pair)];
  const forSeen = [oursCached, fastCached, fastJwtCachedByText(pair)];
  await assertHonest([...forNew, ...forSeen], samples);

  const make = (index: number): string => freshCopy(tokens[index % tokens.length]!);
  const newTimes = await timeInTurn(forNew, {
    title: 'new tokens',
    rounds: quick ? 15 : 60,
    calls: quick ? 64 : 192,
    make,
    progress,
  });
  for (const { run } of forSeen) for (const token of tokens) await run(token);
  const seenTimes = await timeInTurn(forSeen, {
    title: 'tokens seen before',
    rounds: quick ? 31 : 101,
    calls: 1920,
    make,
    progress,
  });

  const of = (contestant: { name: string }): number[] =>
    newTimes.get(contestant.name) ?? seenTimes.get(contestant.name)!;
  const raw = raws.toSorted((a, b) => spreadOf(of(a)).median - spreadOf(of(b)).median)[0]!;
  const seenOurs = seenTimes.get(oursCached.name)!;
  return {
    figures: [
      ...forNew.map(({ name }) => figure(NEW_TOKEN, name, 'µs', spreadOf(newTimes.get(name)!))),
      ...forSeen.map(({ name }) => figure(SEEN_TOKEN, name, 'µs', spreadOf(seenTimes.get(name)!))),
      ...(await measureLookUp(tokens, options)),
    ],
    targets: [
      atMost('a new token / the faster raw primitive + decode + parse', 1.3, ratioOf(of(ours), of(raw))),
      atMost('a new token / fast-jwt without its cache', 1.05, ratioOf(of(ours), of(fast))),
      atLeast('jsonwebtoken with a PEM text / a new token', 4, ratioOf(of(pem), of(ours))),
      atLeast("fast-jwt's cache hit / a token seen before", 4, ratioOf(of(fastCached), seenOurs)),
    ],
    notes: [
      `The faster raw primitive in this run was ${raw.name}.`,
      'Each look-up of a token seen before is on a freshly made string, which is made before the clock starts.',
    ],
  };
};
