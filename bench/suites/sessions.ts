import { makeKeyPair } from '../fixtures/key-pair.js';
import { measureOutage } from './session-outage.js';
import { measureRefresh } from './session-refresh.js';
import { measureRevocation } from './session-revocation.js';
import type { Suite } from './suite.js';

/** What sessions cost, in memory and in a redis-server of the benchmark's own. */
export const sessionsSuite: Suite = async (options) => {
  const pair = await makeKeyPair();
  const parts = [];
  for (const measure of [measureRefresh, measureRevocation, measureOutage])
    parts.push(await measure(pair, options));
  return {
    figures: parts.flatMap(({ figures }) => figures),
    targets: parts.flatMap(({ targets }) => targets),
    notes: parts.flatMap(({ notes }) => notes),
  };
};
