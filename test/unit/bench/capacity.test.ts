import { describe, expect, test } from '@jest/globals';
import { itemBytes, readUnits, writeUnits } from '../../../bench/support/capacity.ts';

const due = {
  IndexName: 'due',
  KeySchema: [
    { AttributeName: 'shard', KeyType: 'HASH' as const },
    { AttributeName: 'nextAt', KeyType: 'RANGE' as const },
  ],
  Projection: { ProjectionType: 'KEYS_ONLY' as const },
};
const row = (nextAt?: string, text = '') => ({
  taskId: { S: 'a' },
  shard: { N: '1' },
  text: { S: text },
  ...(nextAt !== undefined && { nextAt: { N: nextAt } }),
});

describe('the size of a row', () => {
  test.each([
    ['text in UTF-8', { ab: { S: 'äö' } }, 6],
    ['a number', { n: { N: '-1234.5' } }, 5],
    ['a number of an even number of digits', { n: { N: '1234' } }, 4],
    ['a boolean', { b: { BOOL: true } }, 2],
    ['null', { b: { NULL: true } }, 2],
    ['bytes', { b: { B: 'AAAA' } }, 4],
    ['a list', { l: { L: [{ S: 'ab' }, { BOOL: true }] } }, 9],
    ['a map', { m: { M: { k: { S: 'ab' } } } }, 8],
    ['a set', { s: { SS: ['ab', 'c'] } }, 4],
    ['nothing', {}, 0],
  ])('of %s', (_, item, bytes) => {
    expect(itemBytes(item)).toBe(bytes);
  });
});

describe('read units', () => {
  test.each([
    [0, true, 1],
    [4096, true, 1],
    [4097, true, 2],
    [4097, false, 1],
    [0, false, 0.5],
  ])('of %d bytes, consistent %s, are %d', (bytes, consistent, units) => {
    expect(readUnits(bytes, consistent)).toBe(units);
  });
});

describe('write units', () => {
  test('a new row is put into each index that it has the keys of', () => {
    expect(writeUnits(undefined, row('5'), [due])).toBe(2);
    expect(writeUnits(undefined, row(), [due])).toBe(1);
  });

  test('a key of an index that changes takes an entry out and puts one in', () => {
    expect(writeUnits(row('5'), row('6'), [due])).toBe(3);
  });

  test('an index whose keys stay costs nothing', () => {
    expect(writeUnits(row('5'), row('5', 'more'), [due])).toBe(1);
  });

  test('what leaves an index is one write there', () => {
    expect(writeUnits(row('5'), row(), [due])).toBe(2);
    expect(writeUnits(row('5'), undefined, [due])).toBe(2);
  });

  test('the larger of before and after counts', () => {
    expect(writeUnits(row('5', 'x'.repeat(2_000)), row('5'), [due])).toBe(2);
    expect(writeUnits(row('5'), row('5', 'x'.repeat(2_100)), [due])).toBe(3);
  });
});
