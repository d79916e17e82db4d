import { endingCases } from './session-store-contract-ending.js';
import { feedCases } from './session-store-contract-feed.js';
import { keepingCases } from './session-store-contract-keeping.js';
import { rotationCases } from './session-store-contract-rotation.js';
import type { ContractCase } from './session-store-contract-bed.js';

/**
 * What every session store must do, case by case, for any test framework. Sessions are named at random, so the cases may
 * share one store, and run at once.
 */
export const sessionStoreContract: readonly ContractCase[] = [
  ...keepingCases,
  ...rotationCases,
  ...endingCases,
  ...feedCases,
];
