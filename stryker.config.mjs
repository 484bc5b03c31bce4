// `npm run test:mutation`; docs/testing.md says what it is for.
export default {
  plugins: ['@stryker-mutator/*', './test/mutation/texts-for-people.mjs'],
  ignorers: ['texts-for-people'],
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  jest: { configFile: 'test/mutation/jest.config.mjs', enableFindRelatedTests: false },
  coverageAnalysis: 'perTest',
  concurrency: '100%',
  mutate: [
    'lib/rules/conditions.ts',
    'lib/tasks/decide.ts',
    'lib/tasks/deletion.ts',
    'lib/tasks/own-transition.ts',
    'lib/tasks/progress.ts',
    'lib/tasks/stage-semantics.ts',
    'lib/tasks/undo/merge-links.ts',
    'lib/tasks/undo/same-record.ts',
    'lib/tasks/verify.ts',
  ],
  tempDirName: '.stryker/tmp',
  incrementalFile: '.stryker/incremental.json',
  jsonReporter: { fileName: '.stryker/report.json' },
  // Stryker would rewrite tsconfig.json by an interface of TypeScript that version 7 does not have; no test needs it.
  ignorePatterns: ['tsconfig.json', '.local', '.esbuild', '.serverless', '.stryker'],
  // Types are not checked here: esbuild takes them off.
  disableTypeChecks: false,
  reporters: ['clear-text', 'progress-append-only', 'json'],
  clearTextReporter: { logTests: false, allowColor: false },
  warnings: { slow: false },
  timeoutMS: 20_000,
  thresholds: { high: 100, low: 100, break: 100 },
};
