// `npm run check`: everything that has to hold before a change goes in. Its last line is "N passed, N failed":
// one for the types, one for the linter, one for the format, one for the functions' sizes, one for each test, and one
// for docs/coverage.md.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const minute = 60_000;

function print(text) {
  process.stdout.write(`${text}\n`);
}

/** Runs a script of package.json; false when it failed, could not be run or took too long. */
function script(name, args, timeout) {
  print(`\n> ${name}`);
  const { status } = spawnSync('npm', ['run', '--silent', name, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout,
  });
  return status === 0;
}

/** Runs the tests; counts them from Jest's own report. A suite that could not be run counts as one failure. */
function tests(directory) {
  const report = join(directory, 'tests.json');
  const succeeded = script('test', ['--', '--ci', '--json', `--outputFile=${report}`, '--silent'], 13 * minute);
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(report, 'utf8'));
  const failed = numFailedTests + numRuntimeErrorTestSuites;
  return { passed: numPassedTests, failed: succeeded ? failed : Math.max(1, failed), report };
}

let passed = 0;
let failed = 0;
const directory = mkdtempSync(join(tmpdir(), 'tidy24-check-'));
try {
  for (const name of ['typecheck', 'lint', 'format:check', 'size']) {
    if (script(name, [], 2 * minute)) passed += 1;
    else failed += 1;
  }
  const counted = tests(directory);
  passed += counted.passed;
  failed += counted.failed;
  // Every answer and event that we know of has a test that has just passed, and docs/coverage.md says which.
  if (script('coverage:check', ['--', counted.report], minute)) passed += 1;
  else failed += 1;
} catch (error) {
  print(error instanceof Error ? error.message : String(error));
  failed += 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
  print(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
