import { afterAll, beforeAll, describe, test } from '@jest/globals';
import * as fc from 'fast-check';
import { type HttpFront, startHttpFront } from '../integration/support/http-front.ts';
import { scenarios } from './draw.ts';
import { examine, tally } from './examine.ts';

/** TIDY24_SEED repeats a run, TIDY24_PATH (of the same seed) one scenario of it. */
const seed = Number(process.env['TIDY24_SEED'] ?? Date.now() % 2 ** 31);
const runs = Number(process.env['TIDY24_RUNS'] ?? 200);
const path = process.env['TIDY24_PATH'];

let front: HttpFront;
beforeAll(async () => {
  front = await startHttpFront();
});
afterAll(async () => {
  await front.close();
  const counts = [...tally].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([what, times]) => `  ${what}: ${times}`);
  process.stderr.write(`seed ${seed}, ${runs} runs\n${counts.join('\n')}\n`);
});

describe('whatever people do and whatever goes wrong', () => {
  test(
    `the portal is in the end as the rules say (seed ${seed}, ${runs} runs)`,
    async () => {
      await fc.assert(
        fc.asyncProperty(scenarios, (scenario) => examine(scenario, front)),
        { seed, numRuns: runs, ...(path !== undefined && { path }) },
      );
    },
    runs * 5_000 + 60_000,
  );
});
