import { describe, expect, test } from '@jest/globals';
import { badCombinations, ownWord } from '../../../lib/rules/combinations.ts';

const rule = (changed: object = {}) => ({
  id: 'a',
  when: { type: 'deal', stages: 'all-lost' },
  delete: ['deal-contacts'],
  ...changed,
});
const pathsOf = (...rules: unknown[]) => badCombinations({ rules }).map(({ path }) => path);

describe('rules of one file', () => {
  test('have different ids; the later one is wrong', () => {
    expect(pathsOf(rule(), rule({ id: 'b' }), rule())).toEqual(['rules[2].id']);
  });

  test('are compared with the first of the same id', () => {
    const found = badCombinations({ rules: [rule(), rule(), rule()] });
    expect(found.map(({ message }) => message)).toEqual(Array(2).fill('rules[0] has the same id'));
  });

  test('delete only the kind of record that they are about', () => {
    expect(pathsOf(rule({ delete: ['deal'] }))).toEqual([]);
    for (const word of ['lead', 'item']) expect(pathsOf(rule({ delete: [word] }))).toEqual(['rules[0].delete[0]']);
  });

  test('have guards where something of what they delete has', () => {
    const guards = { quotes: 'off' };
    expect(pathsOf(rule({ delete: ['contacts', 'deal'], guards }))).toEqual([]);
    expect(pathsOf(rule({ delete: ['deal'], guards }))).toEqual(['rules[0].guards']);
  });

  test('without ids do not have the same one', () => {
    const { id: _without, ...anonymous } = rule();
    expect(pathsOf(anonymous, anonymous)).toEqual([]);
  });

  test('that are no list, or no rules, are for the schema to refuse', () => {
    expect(badCombinations({ rules: 'x' })).toEqual([]);
    expect(badCombinations(null)).toEqual([]);
    expect(pathsOf('x', null)).toEqual([]);
  });
});

describe('a key that maps pass over in silence is refused', () => {
  const withProto = (value: unknown) => Object.defineProperty({}, '__proto__', { value, enumerable: true });

  test('among conditions', () => {
    expect(badCombinations({ rules: [rule({ where: withProto({ empty: true }) })] })).toEqual([
      { path: 'rules[0].where.__proto__', message: expect.stringContaining('name of a field'), atKey: true },
    ]);
  });

  test('among protected types, with or without rules', () => {
    const finding = { path: 'protect.ids.__proto__', message: expect.stringContaining('contact'), atKey: true };
    expect(badCombinations({ protect: { ids: withProto([1]) } })).toEqual([finding]);
    expect(badCombinations({ protect: { ids: withProto([1]) }, rules: [rule()] })).toEqual([finding]);
    expect(badCombinations({ protect: { ids: {} }, rules: [rule()] })).toEqual([]);
  });
});

describe('conditions that can never hold', () => {
  test.each<[object]>([
    [{ empty: true, equals: 1 }],
    [{ 'at-least': 6, 'at-most': 5 }],
    [{ 'older-than': '1d', 'at-least': 5 }],
    [{ 'older-than': '1d', 'at-most': 5 }],
    [{ equals: 1, in: [2, 3] }],
    [{ equals: 4, 'at-least': 5 }],
    [{ equals: 6, 'at-most': 5 }],
    [{ equals: '6|EUR', 'at-least': 1, 'at-most': 5 }],
  ])('%j', (condition) => {
    expect(pathsOf(rule({ where: { field: condition } }))).toEqual(['rules[0].where.field']);
  });

  test.each<[unknown]>([
    ['text'],
    [{ empty: true }],
    [{ empty: false, equals: 1 }],
    [{ 'at-least': 5, 'at-most': 5 }],
    [{ 'at-least': 5 }],
    [{ 'at-most': 5 }],
    [{ 'older-than': '1d' }],
    [{ equals: 1, in: [1, 2] }],
    [{ in: [1, 2] }],
    [{ equals: 5, 'at-least': 5 }],
    [{ equals: 9, 'at-least': 5 }],
    [{ equals: 5, 'at-most': 5 }],
    [{ equals: 1, 'at-most': 5 }],
    [{ equals: 'text', 'at-least': 1, 'at-most': 5 }],
  ])('%j is none of them', (condition) => {
    expect(pathsOf(rule({ where: { field: condition } }))).toEqual([]);
  });
});

test('the lost record itself is called by its type', () => {
  expect([ownWord('deal'), ownWord('lead'), ownWord(1044)]).toEqual(['deal', 'lead', 'item']);
});
