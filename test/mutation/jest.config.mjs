import path from 'node:path';
import base from '../../jest.config.mjs';

// The tests that `npm run test:mutation` runs for every mutant: those that need no server, of what is mutated.
export default {
  ...base,
  rootDir: path.resolve(import.meta.dirname, '../..'),
  roots: ['<rootDir>/test/unit/rules', '<rootDir>/test/unit/tasks'],
  runner: '<rootDir>/test/mutation/first-failure-runner.mjs',
  setupFiles: ['<rootDir>/test/mutation/properties.mjs'],
};
