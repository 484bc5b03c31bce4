import { describe, expect, test } from '@jest/globals';
import { grownAtRest, judgeMemory, leakedResources, type Sample, theilSen } from '../../soak/memory.ts';

const megabyte = 1e6;

/** A sample each half minute. */
function samples(count: number, megabytes: (index: number) => number): Sample[] {
  return Array.from({ length: count }, (_, index) => ({ minutes: index / 2, bytes: megabytes(index) * megabyte }));
}

describe('memory', () => {
  test('is flat when it grows in the first half only', () => {
    expect(judgeMemory(samples(60, (index) => Math.min(index, 29) + 50)).isFlat).toBe(true);
  });

  test('is flat when it goes up and down', () => {
    expect(judgeMemory(samples(60, (index) => 50 + (index % 5))).isFlat).toBe(true);
  });

  test('is not flat when it grows by a fifth of a megabyte each half minute', () => {
    const verdict = judgeMemory(samples(60, (index) => 50 + index / 5));
    expect(verdict).toMatchObject({ isFlat: false });
    expect(verdict.bytesPerMinute).toBeCloseTo(0.4 * megabyte);
    expect(verdict.growthBytes).toBeCloseTo(0.4 * 14.5 * megabyte);
  });

  test('is not flat when the last value is more than a fifth above the first of the half, whatever the trend', () => {
    const verdict = judgeMemory(samples(60, (index) => (index === 59 ? 61 : 50)));
    expect(verdict).toMatchObject({ growthBytes: 0, isFlat: false });
  });

  test('cannot be judged by three samples', () => {
    expect(() => judgeMemory(samples(3, () => 1))).toThrow(RangeError);
  });

  test('has a trend that one high sample does not move', () => {
    expect(theilSen(samples(9, (index) => (index === 4 ? 900 : index)))).toBe(2 * megabyte);
  });
});

describe('memory at rest', () => {
  test('may grow by three megabytes', () => {
    expect(grownAtRest(50 * megabyte, 53 * megabyte)).toBeUndefined();
    expect(grownAtRest(50 * megabyte, 40 * megabyte)).toBeUndefined();
  });

  test('is told of when it grows by more', () => {
    expect(grownAtRest(50 * megabyte, 53.2 * megabyte)).toBe('memory at rest has grown by 3.2 MB');
  });
});

describe('resources', () => {
  test('have leaked when there are more of a kind than before, but for one and for ten connections', () => {
    const before = { Timeout: 1, PipeWrap: 1 };
    expect(leakedResources(before, { Timeout: 2, PipeWrap: 1, TCPSocketWrap: 10 })).toEqual([]);
    expect(leakedResources(before, { Timeout: 3, TCPSocketWrap: 11 })).toEqual([
      'Timeout: 1 before, 3 after',
      'TCPSocketWrap: 0 before, 11 after',
    ]);
  });
});
