import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import qs from 'qs';
import { queryString } from '../../../lib/bitrix24/query-string.ts';

describe('a query string', () => {
  test('is what an independent library writes of the same parameters', () => {
    const text = fc.string({ unit: 'binary' });
    const leaf = fc.oneof(text, fc.integer(), fc.double(), fc.boolean(), fc.constantFrom(null, undefined), fc.date());
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        leaf,
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(text, tie('value'), { maxKeys: 4 }),
      ),
    }));
    const valid = (given: unknown): boolean => !(given instanceof Date && Number.isNaN(given.getTime()));
    fc.assert(
      fc.property(fc.dictionary(text, value.filter(deeply(valid)), { maxKeys: 5 }), (params) => {
        expect(queryString(params)).toBe(qs.stringify(params));
      }),
      { numRuns: 1000 },
    );
  });

  test('encodes every character that is not unreserved in RFC 3986', () => {
    expect(queryString({ a: "-._~!'()*&=+ %ж😀" })).toBe('a=-._~%21%27%28%29%2A%26%3D%2B%20%25%D0%B6%F0%9F%98%80');
  });

  test('replaces half a character, of which there is no UTF-8', () => {
    expect(queryString({ a: 'x\ud83d' })).toBe('a=x%EF%BF%BD');
  });

  test('leaves out what has no value', () => {
    expect(queryString({ a: undefined, b: [], c: {}, d: { e: undefined }, f: null })).toBe('f=');
  });
});

function deeply(holds: (value: unknown) => boolean): (value: unknown) => boolean {
  return function every(value): boolean {
    if (!holds(value)) return false;
    return value instanceof Date || typeof value !== 'object' || value === null || Object.values(value).every(every);
  };
}
