/** The odd primes under 10,000. */
export const SMALL_PRIMES: readonly number[] = oddPrimesUnder(10_000);

function oddPrimesUnder(limit: number): number[] {
  const composite = new Uint8Array(limit);
  const primes: number[] = [];
  for (let candidate = 3; candidate < limit; candidate += 2) {
    if (composite[candidate]) continue;
    primes.push(candidate);
    for (let multiple = candidate * candidate; multiple < limit; multiple += 2 * candidate)
      composite[multiple] = 1;
  }
  return primes;
}

/** The residues that powers of `generator` take modulo `prime`. */
export function residueSubgroup(generator: number, prime: number): ReadonlySet<number> {
  const residues = new Set<number>();
  for (let power = 1; !residues.has(power); power = (power * generator) % prime) residues.add(power);
  return residues;
}
