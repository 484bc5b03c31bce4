import { describe, expect, test } from '@jest/globals';
import { judgeSizes, sizeTable } from '../../../bench/size-report.ts';

const size = (functionKey: string, bytes: number) => ({ functionKey, bytes, gzip: 1000 });
const kindOf = (functionKey: string, bytes: number, recorded: Record<string, number>) =>
  judgeSizes([size(functionKey, bytes)], recorded)[0]?.problem?.kind;

describe('the size of a function', () => {
  test.each([
    ['receive', 350_000],
    ['plan', 700_000],
  ])('of %s may be %i bytes and not one more', (functionKey, target) => {
    expect(kindOf(functionKey, target, { [functionKey]: target })).toBeUndefined();
    expect(kindOf(functionKey, target + 1, { [functionKey]: target + 1 })).toBe('over-target');
  });

  test('may grow by a tenth of what is recorded, and shrink as it likes', () => {
    expect(kindOf('plan', 110_000, { plan: 100_000 })).toBeUndefined();
    expect(kindOf('plan', 110_001, { plan: 100_000 })).toBe('grown');
    expect(kindOf('plan', 1, { plan: 100_000 })).toBeUndefined();
  });

  test('of a function of which nothing is recorded has to be recorded', () => {
    expect(kindOf('plan', 100, { worker: 100 })).toBe('not-recorded');
  });

  test('is printed with its target, what is recorded, and the change', () => {
    const table = sizeTable(
      judgeSizes([size('receive', 120_000), size('plan', 90_000)], { receive: 100_000, plan: 100_000 }),
    );
    expect(table).toEqual([
      'function  bytes   KB     gzip KB  target KB  recorded  change',
      'receive   120000  120.0  1.0      350        100000    +20.0 %  grown',
      'plan      90000   90.0   1.0      700        100000    -10.0 %',
    ]);
  });
});
