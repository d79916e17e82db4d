import { Auth } from 'nestjs-jwt-rs256';
import { startContext } from '../fixtures/context.js';
import { makeKeyPair } from '../fixtures/key-pair.js';
import { BenchContext, requestWith, type BenchRequest } from '../fixtures/request.js';
import { mintMany, mintSamples } from '../fixtures/tokens.js';
import { assertHonest } from '../run/honesty.js';
import { atMost, figure } from '../run/result.js';
import { timeInTurn, type Contestant } from '../run/rounds.js';
import { differenceOf, spreadOf } from '../run/statistics.js';
import type { Suite } from './suite.js';

export const GUARD = 'the guard alone';

@Auth()
class GuardedController {
  list(this: void): void {}
}

/** What our guard costs, without a server around it. */
export const measureGuard: Suite = async ({ quick, progress }) => {
  const pair = await makeKeyPair();
  const [tokens, samples] = await Promise.all([mintMany(pair, quick ? 500 : 2000), mintSamples(pair)]);
  const { guard } = await startContext(pair);
  const context = new BenchContext(GuardedController, GuardedController.prototype.list);
  const nest = context.asNest;
  const ours: Contestant<BenchRequest> = {
    name: 'nestjs-jwt-rs256, token seen before',
    run: (request) => {
      context.request = request;
      return guard.canActivate(nest);
    },
  };
  const empty: Contestant<BenchRequest> = {
    name: 'an empty guard',
    run: async (request) => {
      context.request = request;
      return nest.switchToHttp().getRequest<BenchRequest>() === request;
    },
  };
  await assertHonest([{ name: ours.name, run: (token) => ours.run(requestWith(token)) }], samples);

  for (const token of tokens) await ours.run(requestWith(token));
  const make = (index: number): BenchRequest => requestWith(tokens[index % tokens.length]!);
  const times = await timeInTurn([empty, ours], {
    title: 'guards',
    rounds: quick ? 31 : 101,
    calls: 1920,
    make,
    progress,
  });
  const [idle, busy] = [times.get(empty.name)!, times.get(ours.name)!];
  return {
    figures: [
      figure(GUARD, empty.name, 'µs', spreadOf(idle)),
      figure(GUARD, ours.name, 'µs', spreadOf(busy)),
    ],
    targets: [atMost('our guard above an empty guard, token seen before', 3, differenceOf(busy, idle), 'µs')],
    notes: [
      'Each request is a new object with six header lines; its Authorization value is a freshly made string.',
    ],
  };
};
