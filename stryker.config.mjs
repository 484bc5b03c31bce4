// `npm run test:mutation`; docs/testing.md says what it is for.
export default {
  plugins: ['@stryker-mutator/*', './test/mutation/texts-for-people.mjs'],
  ignorers: ['texts-for-people'],
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  jest: { configFile: 'test/mutation/jest.config.mjs', enableFindRelatedTests: false },
  coverageAnalysis: 'perTest',
  concurrency: '100%',
  // Jest keeps something of each run: a process is slow after some hundreds of them.
  maxTestRunnerReuse: 100,
  // The pure code that decides. Not in it: what reads, writes and passes on, which integration tests hold (lib/portals
  // too: the arithmetic of caps is part of its store). A file is named here as soon as no mutant of it survives without
  // a reason.
  mutate: [
    'lib/rules/*.ts',
    'lib/tasks/guards/*.ts',
    'lib/tasks/{decide,deletion,list-pages,own-transition,planned,progress,stage-semantics,turning,verify}.ts',
    'lib/tasks/undo/{merge-links,same-record}.ts',
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
