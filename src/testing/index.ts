export { sessionStoreContract } from './session-store-contract.js';
export { TestClock } from './test-clock.js';

export type { ContractBed, ContractCase } from './session-store-contract-bed.js';
