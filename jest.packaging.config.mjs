// The tests of the packed tarball install packages and start programs: they have their own run, and time.
import manifest from './package.json' with { type: 'json' };

export default {
  ...manifest.jest,
  testMatch: ['<rootDir>/test/packaging/*.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 60_000,
};
