import { afterAll, beforeAll, describe, test } from '@jest/globals';
import * as fc from 'fast-check';
import { Database } from '../integration/portals/parts.ts';
import { type HttpFront, startHttpFront } from '../integration/support/http-front.ts';
import { scenarios } from './draw.ts';
import { examine, tally } from './examine.ts';

/** TIDY24_SEED repeats all runs; with TIDY24_PATH, as a failure prints it, the one that failed. */
const seed = Number(process.env['TIDY24_SEED'] ?? Date.now() % 2 ** 31);
const runs = Number(process.env['TIDY24_RUNS'] ?? 40);
const path = process.env['TIDY24_PATH'];
/** The embedded DynamoDB is slow: some runs show that the tables in memory are like it. */
const runsOnDynamoDb = Math.ceil(runs / 20);

let front: HttpFront;
beforeAll(async () => {
  front = await startHttpFront();
});
afterAll(async () => {
  await front.close();
  const counts = [...tally].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([what, times]) => `  ${what}: ${times}`);
  process.stderr.write(`Property of the portal's state: seed ${seed}, ${runs} runs\n${counts.join('\n')}\n`);
});

describe('whatever people do and whatever goes wrong', () => {
  test(
    `the portal is in the end as the rules say (TIDY24_SEED=${seed}, ${runs} runs)`,
    async () => {
      await fc.assert(
        fc.asyncProperty(scenarios, (scenario) => examine(scenario, front)),
        { seed, numRuns: runs, ...(path !== undefined && { path }) },
      );
    },
    60_000 + runs * 10_000,
  );

  test(
    `so it is with the tables on DynamoDB (TIDY24_SEED=${seed}, ${runsOnDynamoDb} runs)`,
    async () => {
      const database = await Database.start();
      try {
        await fc.assert(
          fc.asyncProperty(scenarios, (scenario) => examine(scenario, front, database.tables)),
          { seed, numRuns: runsOnDynamoDb },
        );
      } finally {
        await database.close();
      }
    },
    60_000 + runsOnDynamoDb * 60_000,
  );
});
