import { describe, expect, test } from '@jest/globals';
import { wrongInTheEnd } from './ending.ts';
import { play } from './run.ts';
import { Tally } from './tally.ts';

/** TIDY24_SEED is the first of the seeds, TIDY24_RUNS how many follow. */
const first = Number(globalThis.process.env['TIDY24_SEED'] ?? 1);
const runs = Number(globalThis.process.env['TIDY24_RUNS'] ?? 100);
const seeds = `seeds ${first} to ${first + runs - 1}`;

describe('several workers at once against people, faults and death', () => {
  test(
    `nothing is deleted that should not be, and all ends well (${seeds})`,
    async () => {
      const tally = new Tally();
      const found: Record<string, readonly string[]> = {};
      for (let seed = first; seed < first + runs; seed += 1) {
        const wrong = await play(seed, async (world) => {
          await tally.add(world);
          return [...world.mistakes, ...world.witness.complaints, ...(await wrongInTheEnd(world))];
        });
        if (wrong.length > 0) found[`TIDY24_SEED=${seed}`] = wrong;
      }
      globalThis.process.stderr.write(`Hostile runs: ${seeds}\n${tally.toString()}\n`);
      expect(found).toEqual({});
    },
    60_000 + runs * 5_000,
  );
});
