import { describe, expect, test } from '@jest/globals';
import { buildPhpForm, parsePhpForm } from '../../../simulator/php-form.ts';

describe('a PHP form', () => {
  const cases: readonly [string, unknown][] = [
    ['a=1&a=2', { a: '2' }],
    ['a[b][c]=x', { a: { b: { c: 'x' } } }],
    ['a[0]=x&a[1]=y', { a: ['x', 'y'] }],
    ['a[]=x&a[]=y', { a: ['x', 'y'] }],
    ['a[1]=x&a[0]=y', { a: { 1: 'x', 0: 'y' } }],
    ['filter%5B%40id%5D%5B0%5D=7', { filter: { '@id': ['7'] } }],
    [
      'filter[%3E%3DmovedTime]=2026-07-29T10%3A00%3A00%2B02%3A00',
      { filter: { '>=movedTime': '2026-07-29T10:00:00+02:00' } },
    ],
    ['a=b+c%20d', { a: 'b c d' }],
    ['ID=5&', { ID: '5' }],
    ['flag', { flag: '' }],
    ['a=%E0%A4%A', { a: '%E0%A4%A' }],
    ['a.b=1', { a_b: '1' }],
    ['[x]=1&=2', {}],
  ];

  test.each(cases)('reads %s', (text, expected) => {
    expect(JSON.parse(JSON.stringify(parsePhpForm(text)))).toEqual(expected);
  });

  test('keeps __proto__ as an ordinary key', () => {
    const parsed = parsePhpForm('__proto__[polluted]=1&a[__proto__]=2');

    expect(Object.hasOwn(parsed, '__proto__')).toBe(true);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('is written as http_build_query writes it', () => {
    const text = buildPhpForm({ a: { b: [1, 'x y'] }, yes: true, no: false, none: null, empty: [], '~': "it's" });

    expect(text).toBe('a%5Bb%5D%5B0%5D=1&a%5Bb%5D%5B1%5D=x+y&yes=1&no=0&%7E=it%27s');
  });
});
