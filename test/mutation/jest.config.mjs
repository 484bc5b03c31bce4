import path from 'node:path';
import base from '../../jest.config.mjs';

// The tests that `npm run test:mutation` runs for every mutant: those that need no server, of what is mutated.
export default {
  ...base,
  rootDir: path.resolve(import.meta.dirname, '../..'),
  roots: ['<rootDir>/test/unit/rules', '<rootDir>/test/unit/tasks'],
  // These say nothing of what is mutated that the others do not say sooner.
  testPathIgnorePatterns: [
    'test/unit/rules/(docs|examples|mutation)[.]test',
    'test/unit/tasks/(accept-event|csv|pace|plan-estimate|read-records|task)[.]test',
  ],
  runner: '<rootDir>/test/mutation/first-failure-runner.mjs',
  setupFiles: ['<rootDir>/test/mutation/properties.mjs'],
};
