import { expect, test } from '@jest/globals';
import { percentile } from '../../../bench/statistics.ts';

test.each([
  [[3, 1, 2], 0.5, 2],
  [[4, 3, 2, 1], 0.5, 2],
  [[7], 0.9, 7],
  [[10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 0.9, 9],
  [[2, 10, 1], 1, 10],
  [[2, 10, 1], 0, 1],
])('of %j the percentile %d is %d', (values, share, expected) => {
  expect(percentile(values, share)).toBe(expected);
});

test('of nothing there is no percentile', () => {
  expect(() => percentile([], 0.5)).toThrow(RangeError);
});
