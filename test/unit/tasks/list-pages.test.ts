import { expect, test } from '@jest/globals';
import { isInOrder, isLastPage } from '../../../lib/tasks/list-pages.ts';

test.each<[string, number[], number, boolean]>([
  ['growing ids behind the cursor', [11, 12, 20], 10, true],
  ['no id at all', [], 10, true],
  ['the cursor itself', [10, 11], 10, false],
  ['one before it', [9], 10, false],
  ['falling ids', [12, 11], 10, false],
  ['one id twice', [11, 11], 10, false],
  ['one out of order among many', [11, 14, 13, 15], 10, false],
])('a page with %s', (_name, ids, after, expected) => {
  expect(isInOrder(ids, after)).toBe(expected);
});

const page = (length: number) => Array.from({ length }, () => ({}));

test.each<[number, number | undefined, boolean]>([
  [50, undefined, false],
  [49, undefined, true],
  [49, 50, false],
  [1, 50, false],
  [0, undefined, true],
  [0, 50, true],
])('a page of %i that names %s as its next is the last: %s', (length, next, expected) => {
  expect(isLastPage(page(length), next)).toBe(expected);
});
