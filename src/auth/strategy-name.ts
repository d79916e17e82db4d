import type { Strategy } from 'passport';
import { StrategyNameTakenError } from '../errors/developer-errors.js';

/** As much of passport as names need. */
export interface StrategyRegistry {
  use(name: string, strategy: Strategy): unknown;
  unuse(name: string): unknown;
  /** What is registered under a name. */
  _strategy?(name: string): Strategy | undefined;
}

/** One strategy's claim to a name. */
export interface NameClaim {
  readonly name: string;
  readonly strategy: Strategy;
  /** What AuthGuard is to throw while the name is claimed more than once. */
  readonly refusal: (error: StrategyNameTakenError) => Error;
}

type Claims = Map<string, Set<NameClaim>>;

/** Live claims hang on the registry itself, so that two copies of this package see each other's. */
const CLAIMS = Symbol.for('nestjs-jwt-rs256:strategy-claims');

/**
 * Claims a name in passport's registry, which is one for the whole process. While more than one live strategy claims
 * a name it serves none of them: else one application would refuse its own tokens and accept another's.
 *
 * @returns gives the claim up.
 * @throws StrategyNameTakenError when a strategy that is not ours has the name.
 */
export function claimStrategyName(registry: StrategyRegistry, claim: NameClaim): () => void {
  const { name } = claim;
  const claims = claimsOf(registry);
  const claimants = claims.get(name) ?? new Set();
  if (claimants.size === 0 && registry._strategy?.(name) !== undefined)
    throw new StrategyNameTakenError(name);
  claims.set(name, claimants.add(claim));
  assign(registry, name, claimants);
  return () => {
    if (claimants.delete(claim)) assign(registry, name, claimants);
  };
}

function assign(registry: StrategyRegistry, name: string, claimants: ReadonlySet<NameClaim>): void {
  const [first] = claimants;
  if (first === undefined) registry.unuse(name);
  else registry.use(name, claimants.size === 1 ? first.strategy : refuseAll(first));
}

/** passport gives each attempt the method `error`. */
function refuseAll({ name, refusal }: NameClaim): Strategy {
  function authenticate(this: { error(error: Error): void }): void {
    this.error(refusal(new StrategyNameTakenError(name)));
  }
  return { name, authenticate } as unknown as Strategy;
}

function claimsOf(registry: StrategyRegistry & { [CLAIMS]?: Claims }): Claims {
  return (registry[CLAIMS] ??= new Map());
}
