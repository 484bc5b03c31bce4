export default {
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/jest/esbuild-transformer.mjs' },
  modulePathIgnorePatterns: ['<rootDir>/.serverless', '<rootDir>/.esbuild', '<rootDir>/.local', '<rootDir>/.stryker'],
  testTimeout: 60_000,
  // Jest would keep one core for itself; the servers of the tests leave it enough.
  maxWorkers: '100%',
};
