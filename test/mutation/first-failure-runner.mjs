// oxlint-disable no-underscore-dangle -- the names are Jest's and Stryker's
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Runner from 'jest-runner';

/**
 * Runs test files one after the other until one fails, for that kills the mutant. Stryker names the tests that reach a
 * mutant; Jest alone would load every file to find them. Which file has which tests is written down in the dry run; the
 * file called after the mutated one goes first, then the quick ones.
 */
export default class FirstFailureRunner extends Runner {
  async runTests(tests, watcher, options) {
    const { rootDir, testNamePattern } = this._globalConfig;
    const notes = path.join(rootDir, '.stryker', 'tests.json');
    const mutant = process.env.__STRYKER_ACTIVE_MUTANT__;
    let last;
    this.on('test-file-success', ([, result]) => (last = result));
    this.on('test-file-failure', () => (last = undefined));

    if (mutant === undefined || !existsSync(notes)) {
      const seen = {};
      for (const test of tests) {
        await super.runTests([test], watcher, options);
        const names = last?.testResults.map(({ fullName }) => fullName) ?? [];
        seen[test.path] = { names, ms: last?.perfStats.runtime ?? 0 };
      }
      mkdirSync(path.dirname(notes), { recursive: true });
      writeFileSync(notes, JSON.stringify(seen));
      return;
    }

    const noted = JSON.parse(readFileSync(notes, 'utf8'));
    const wanted = testNamePattern ? new RegExp(testNamePattern, 'i') : /^/;
    const own = `${mutatedFile(rootDir, mutant)}.test.ts`;
    const rank = ({ path: file }) => (path.basename(file) === own ? -1 : noted[file].ms);
    const chosen = tests.filter(({ path: file }) => noted[file]?.names.some((name) => wanted.test(name)));
    for (const test of chosen.toSorted((a, b) => rank(a) - rank(b))) {
      await super.runTests([test], watcher, options);
      if (last === undefined || last.numFailingTests > 0 || last.testExecError) return;
    }
  }
}

let files;

/** The name, without folder and ending, of the file that has the mutant. */
function mutatedFile(rootDir, mutant) {
  files ??= new Map(
    globSync('lib/**/*.ts', { cwd: rootDir }).flatMap((file) =>
      [...readFileSync(path.join(rootDir, file), 'utf8').matchAll(/stryMutAct_\w+\("(\d+)"\)/g)].map(([, id]) => [
        id,
        path.basename(file, '.ts'),
      ]),
    ),
  );
  return files.get(mutant);
}
