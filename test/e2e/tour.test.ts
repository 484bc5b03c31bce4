import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type LocalRun, startLocalRun } from './tour/local-run.ts';
import { missingLine, readTour, type Step } from './tour/read-tour.ts';
import { Shell } from './tour/shell.ts';

/** One block of commands ends in less. ms. */
const blockMs = 60_000;
/** "After a moment" is shorter than this: the first retry of a deletion comes after half a minute. ms. */
const momentMs = 60_000;
const againMs = 500;
/** An event waits up to two seconds for others to be read with: to look earlier is in vain. ms. */
const firstLookMs = 1_500;

/** npx alone takes longer than tidy24 does; it would run the same file. */
const npx = `npx() { [ "$1" = tidy24 ] && "${process.execPath}" bin/tidy24.mjs "\${@:2}"; }`;

const steps = readTour(readFileSync('docs/tour.md', 'utf8'));

let local: LocalRun;
let shell: Shell;
beforeAll(async () => {
  local = await startLocalRun();
  shell = new Shell(local.environment, npx);
}, 60_000);
afterAll(async () => {
  shell.close();
  await local.close();
}, 30_000);

/** What is wrong with the step, undefined when it is as the tour says. */
async function play({ commands, expected, patient, exitCode }: Step): Promise<string | undefined> {
  const end = Date.now() + (patient ? momentMs : 0);
  if (patient) await delay(firstLookMs);
  for (;;) {
    const outcome = await shell.run(local.translate(commands), blockMs);
    const missing = missingLine(outcome.output, expected.map(local.translate));
    if (missing === undefined && outcome.exitCode === exitCode) return undefined;
    if (Date.now() >= end) {
      const wrong = missing === undefined ? `It ended with exit code ${outcome.exitCode}` : `No line "${missing}"`;
      return `${wrong} in the output:\n${outcome.output}`;
    }
    await delay(againMs);
  }
}

describe('what the tour promises', () => {
  test.each([
    [['a … d'], undefined],
    [['b   c', 'e'], undefined],
    [['a', 'x'], 'x'],
    [['e', 'a'], 'a'],
    [['d … a'], 'd … a'],
  ])('%j is missed when it is not there, in that order', (expected, missing) => {
    expect(missingLine('a b c d\ne f\n', expected)).toBe(missing);
  });
});

describe('docs/tour.md', () => {
  test('has commands, and says of most what is to be seen', () => {
    expect(steps.length).toBeGreaterThan(30);
    expect(steps.filter(({ expected }) => expected.length > 0).length).toBeGreaterThan(steps.length / 2);
  });

  test('comes true, command by command', async () => {
    for (const step of steps) {
      const wrong = await play(step);
      if (wrong !== undefined) throw new Error(`docs/tour.md:${step.line}: ${step.commands}\n\n${wrong}`);
    }
    // Each function as a process of its own, with all that the tour has it do.
    expect(local.log().match(/^.*does not allow.*$/gm)).toBeNull();
  }, 300_000);
});
