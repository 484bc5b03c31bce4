import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { type Condition, holds, type Scalar } from '../../../lib/rules/conditions.ts';

const day = 86_400_000;
const now = Date.UTC(2026, 6, 29, 12);
const field = 'UF_CRM_1';
type Wanted = Omit<Condition, 'field'>;
const meets = (wanted: Wanted, value: unknown): boolean => holds({ field, ...wanted }, value, now);

describe('a value is told by name', () => {
  test.each<[Scalar, unknown, boolean]>([
    ['WEB', 'WEB', true],
    ['WEB', ' WEB ', true],
    ['WEB', 'web', false],
    ['WEB', 'WEBFORM', false],
    ['\u00c9t\u00e9', 'E\u0301te\u0301', true],
    ['5', 5, true],
    [5, '5', true],
    [5, 5, true],
    [5, '5.00', true],
    [5, '5|EUR', true],
    [5, '05', false],
    [5, '5x', false],
    [5, '', false],
    ['05', '05', true],
    ['05', 5, false],
    ['00', '0', false],
    [0, 0, true],
    [0, '0', true],
    [0, '0.00|EUR', true],
    ['0', 0, true],
    [0, null, false],
    [0, '', false],
    [0, [], false],
    [0, false, false],
    ['100|EUR', '100.00|EUR', true],
    ['100|EUR', '100|USD', false],
    ['100|EUR', '200|EUR', false],
    [' 100|EUR ', '100.00|EUR', true],
    ['1.0', '1', false],
    ['100|EUR', 100, false],
    ['Y', 'Y', true],
    [true, 'Y', true],
    [true, '1', true],
    [true, 1, true],
    [true, true, true],
    [true, 'true', true],
    [true, 'N', false],
    [true, 'yes', false],
    [true, 2, false],
    [false, 'N', true],
    [false, '0', true],
    [false, 0, true],
    [false, false, true],
    [false, null, false],
    [false, '', false],
    [false, [], false],
    ['null', null, false],
    ['undefined', undefined, false],
    ['[object Object]', {}, false],
    ['a', { a: 1 }, false],
  ])('equals %j of %j: %s', (equals, value, expected) => {
    expect(meets({ equals }, value)).toBe(expected);
    expect(meets({ in: ['something else', equals] }, value)).toBe(expected);
  });

  test('of several values every one has to be named', () => {
    expect(meets({ in: [1, 2] }, [1, 2])).toBe(true);
    expect(meets({ in: [1, 2] }, ['2'])).toBe(true);
    expect(meets({ in: [1, 2] }, [1, 3])).toBe(false);
    expect(meets({ equals: 1 }, [1, '1'])).toBe(true);
    expect(meets({ equals: 1 }, [1, null])).toBe(true);
    expect(meets({ equals: 1 }, [null])).toBe(false);
    expect(meets({ equals: 1 }, [[1]])).toBe(false);
  });
});

describe('a field is empty', () => {
  test.each<[unknown, boolean, boolean]>([
    [null, true, false],
    ['', true, false],
    [' \n', true, false],
    [0, true, false],
    ['0', true, false],
    ['0.00', true, false],
    ['0|EUR', true, false],
    ['0|', true, false],
    [[], true, false],
    [[null, ''], true, false],
    [[0], true, false],
    ['00', false, true],
    ['N', false, true],
    [5, false, true],
    [[0, 5], false, true],
    [{ id: 7 }, false, true],
    [true, false, true],
    // Whether that is an empty list or a "no", and what was not told at all, is not known: neither holds.
    [false, false, false],
    [[false], false, false],
    [undefined, false, false],
  ])('%j: empty %s, filled %s', (value, empty, filled) => {
    expect(meets({ empty: true }, value)).toBe(empty);
    expect(meets({ empty: false }, value)).toBe(filled);
  });
});

describe('numbers and amounts are compared', () => {
  test.each<[Wanted, unknown, boolean]>([
    [{ atLeast: 5 }, 5, true],
    [{ atLeast: 5 }, '5.00', true],
    [{ atLeast: 5 }, ' 5 ', true],
    [{ atLeast: 5 }, '4.99|EUR', false],
    [{ atMost: 5 }, '5|EUR', true],
    [{ atMost: 5 }, -3, true],
    [{ atMost: 5 }, '-3.5', true],
    [{ atMost: 5 }, 6, false],
    [{ atLeast: 1, atMost: 5 }, [1, 5], true],
    [{ atLeast: 1, atMost: 5 }, [1, 6], false],
    [{ atMost: 5 }, [0, 5], true],
    [{ atMost: 5 }, 0, false],
    [{ atMost: 5 }, '0|EUR', false],
    [{ atMost: 5 }, null, false],
    [{ atMost: 5 }, '', false],
    [{ atMost: 5 }, [], false],
    [{ atMost: 5 }, undefined, false],
    [{ atMost: 5 }, 'NaN', false],
    [{ atMost: 5 }, Number.NaN, false],
    [{ atMost: 5 }, '1 000', false],
    [{ atMost: 5 }, '1,5', false],
    [{ atMost: 5 }, '1e0', false],
    [{ atMost: 5 }, '0x1', false],
    [{ atMost: 5 }, '01', false],
    [{ atMost: 5 }, true, false],
    [{ atMost: 5 }, {}, false],
    [{ equals: 0, atMost: 5 }, 0, false],
  ])('%j of %j: %s', (wanted, value, expected) => {
    expect(meets(wanted, value)).toBe(expected);
  });
});

describe('times are compared', () => {
  const olderThanMs = 30 * day;
  test.each<[string, unknown, boolean]>([
    ['to the millisecond', '2026-06-29T12:00:00Z', true],
    ['to the millisecond', '2026-06-29T12:00:01Z', false],
    ['with their zone', '2026-06-29T15:00:00+03:00', true],
    ['with their zone', '2026-06-29T15:00:01+03:00', false],
    ['with their zone', '2026-06-29T07:00:00-0500', true],
    ['a day alone as of where it begins last', '2026-06-29', true],
    ['a day alone as of where it begins last', '2026-06-30', false],
    ['all of several', ['2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'], true],
    ['all of several', ['2026-01-01T00:00:00Z', '2026-07-29T00:00:00Z'], false],
    ['not without a zone', '2026-01-01T00:00:00', false],
    ['not as a person writes them', '01.01.2026', false],
    ['not as SQL writes them', '2026-01-01 00:00:00', false],
    ['not as a number', 1_700_000_000, false],
    ['not as a number in text', '1700000000', false],
    ['not the zero date of PHP', '-0001-11-30T00:00:00+02:31', false],
    ['not the zero date of SQL', '0000-00-00T00:00:00+00:00', false],
    ['not before there were computers', '0001-01-01T00:00:00Z', false],
    ['not what is to come', '2027-01-01T00:00:00Z', false],
    ['not nothing', null, false],
    ['not nothing', '', false],
    ['not nothing', [], false],
    ['not an empty one among others', [null, ''], false],
    ['not what was not told', undefined, false],
  ])('%s: %j', (_, value, expected) => {
    expect(meets({ olderThanMs }, value)).toBe(expected);
  });

  test('down to the first moment that is taken for a time', () => {
    expect(meets({ olderThanMs }, '1900-01-01T00:00:00Z')).toBe(true);
    expect(meets({ olderThanMs }, '1899-12-31T23:59:59Z')).toBe(false);
  });
});

const nothing = fc.constantFrom<unknown>(null, '', ' ', [], [null], ['']);
const scalar = fc.oneof(
  fc.string({ minLength: 1 }).filter((text) => text.trim() !== ''),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
);
const anyWanted = fc.record(
  {
    equals: scalar,
    in: fc.array(scalar, { minLength: 1, maxLength: 3 }),
    empty: fc.boolean(),
    olderThanMs: fc.nat(),
    atLeast: fc.integer(),
    atMost: fc.integer(),
  },
  { requiredKeys: [] },
);
const anyValue = fc.oneof(fc.anything(), scalar, fc.array(scalar), nothing, fc.date().map(String));

test('a field without a value meets nothing but that it is empty, whatever else is asked', () => {
  fc.assert(
    fc.property(anyWanted, nothing, (wanted, value) => {
      const isEmptyAlone = JSON.stringify(wanted) === '{"empty":true}' || Object.keys(wanted).length === 0;
      expect(meets(wanted, value)).toBe(isEmptyAlone);
    }),
  );
});

test('a field that was not told of meets nothing at all', () => {
  fc.assert(fc.property(anyWanted, (wanted) => !meets(wanted, undefined)));
});

test('no field is both empty and filled, and none is neither but for a "no"', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      expect(meets({ empty: true }, value) && meets({ empty: false }, value)).toBe(false);
    }),
  );
});

test('what names a value names it when it comes back, alone and in a list', () => {
  fc.assert(
    fc.property(scalar, (value) => {
      expect(meets({ equals: value }, value)).toBe(true);
      expect(meets({ in: [value] }, [value, value])).toBe(true);
    }),
  );
});

test('a further condition never lets more through, and nothing whatever throws', () => {
  fc.assert(
    fc.property(anyWanted, anyWanted, anyValue, (one, other, value) => {
      const both = meets({ ...one, ...other }, value);
      if (both) expect(meets(other, value)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
