import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allFacts } from './facts.ts';
import { jestReportSchema, problemsOf, proofsIn, render } from './report.ts';

// `node test/coverage/cli.ts check|write [report of jest --json]`. Without a report the tests that name facts are run.

const root = join(import.meta.dirname, '..', '..');
const page = join(root, 'docs', 'coverage.md');

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Files of tests that may name a fact: other tests need not be loaded. */
function testFiles(): string[] {
  const ids = allFacts.flatMap((group) => group.facts.map(({ id }) => id));
  return readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => join(root, 'test', path))
    .filter((path) => {
      const text = readFileSync(path, 'utf8');
      return path.includes(join('integration', 'answers')) || ids.some((id) => text.includes(id));
    });
}

function runTests(): unknown {
  const directory = mkdtempSync(join(tmpdir(), 'tidy24-coverage-'));
  try {
    const report = join(directory, 'tests.json');
    const named = ['--testNamePattern', '\\[[a-z0-9-]+/', '--runTestsByPath', ...testFiles()];
    const jest = ['test', '--', '--json', `--outputFile=${report}`, '--silent', ...named];
    spawnSync('npm', ['run', '--silent', ...jest], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
    return JSON.parse(readFileSync(report, 'utf8'));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const [mode, file] = process.argv.slice(2);
if (mode !== 'check' && mode !== 'write') throw new Error('check or write?');
const report = jestReportSchema.parse(file === undefined ? runTests() : JSON.parse(readFileSync(file, 'utf8')));
const proofs = proofsIn(report, root);
const text = render(allFacts, proofs);
const problems = problemsOf(allFacts, proofs);
if (mode === 'write') writeFileSync(page, text);
else if (readFileSync(page, 'utf8') !== text) problems.push('docs/coverage.md is out of date: npm run coverage:write');

for (const problem of problems) print(problem);
const facts = allFacts.flatMap((group) => group.facts).length;
print(`${facts} facts, ${problems.length} problems`);
if (mode === 'check' && problems.length > 0) process.exitCode = 1;
