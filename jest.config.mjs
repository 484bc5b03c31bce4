import { availableParallelism } from 'node:os';

export default {
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/test/jest/esbuild-transformer.mjs' },
  modulePathIgnorePatterns: ['<rootDir>/.serverless', '<rootDir>/.esbuild', '<rootDir>/.local', '<rootDir>/.stryker'],
  testTimeout: 60_000,
  // One more than there are cores: some tests wait for real time to pass.
  maxWorkers: availableParallelism() + 1,
  // Functions are loaded anew for most tests, and Node keeps what it has compiled: a worker grows until it only collects.
  workerIdleMemoryLimit: '1GB',
  // Half a second, as Jest has it, is too short on a busy machine for a process of that size.
  workerGracefulExitTimeout: 5_000,
  testSequencer: '<rootDir>/test/jest/longest-first.mjs',
};
