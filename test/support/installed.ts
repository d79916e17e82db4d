import { describe, it } from '@jest/globals';

/**
 * `describe` for what needs a program of the machine. Where it is missing, the suite is skipped, and says so; in CI it
 * fails, for there it is installed.
 */
export function describeWith(
  program: { readonly name: string; readonly isInstalled: boolean },
  name: string,
  suite: () => void,
): void {
  if (program.isInstalled) return describe(name, suite);
  const reason = `${program.name} is not installed, so this was NOT tested: ${name}`;
  if (process.env.CI === 'true') {
    return describe(name, () => {
      it(`needs ${program.name}`, () => {
        throw new Error(reason);
      });
    });
  }
  process.stderr.write(`\n*** SKIPPED: ${reason} ***\n`);
  describe.skip(name, suite);
}
