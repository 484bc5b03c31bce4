import { describe, expect, test } from '@jest/globals';
import type { Scalar } from '../../../lib/rules/conditions.ts';
import { type FieldKind, kindOf, kindText, readValue, suiting } from '../../../lib/rules/field-kind.ts';

const field = (type: string, more: { name?: string; items?: [] } = {}) => ({ name: 'x', type, title: 'X', ...more });

test.each<[FieldKind, string[]]>([
  ['time', ['date', 'datetime']],
  ['number', ['integer', 'double']],
  ['money', ['money']],
  ['flag', ['boolean', 'char']],
  [
    'id',
    [
      'enumeration',
      'user',
      'employee',
      'crm_lead',
      'crm_deal',
      'crm_contact',
      'crm_company',
      'crm_quote',
      'crm_category',
      'crm_entity',
    ],
  ],
  ['opaque', ['file', 'crm_multifield', 'resourcebooking']],
  ['text', ['string', 'text', 'url', 'crm_status', 'something new']],
])('a field of the kind %s is declared as %j', (kind, types) => {
  for (const type of types) expect(kindOf(field(type))).toBe(kind);
});

test('a field with a list of values is a list, however it is declared', () => {
  for (const type of ['enumeration', 'crm_status', 'string']) expect(kindOf(field(type, { items: [] }))).toBe('list');
});

test('the last communication is a time, although it is declared as text', () => {
  expect(kindOf(field('string', { name: 'lastCommunicationTime' }))).toBe('time');
  expect(kindOf(field('string', { name: 'lastCommunication' }))).toBe('text');
});

test('each kind has operators that suit it, and words', () => {
  const byName = ['equals', 'in', 'empty'];
  expect(suiting).toEqual({
    time: ['older-than', 'empty'],
    number: [...byName, 'at-least', 'at-most'],
    money: [...byName, 'at-least', 'at-most'],
    flag: ['equals', 'in'],
    list: byName,
    id: byName,
    text: byName,
    opaque: ['empty'],
  });
  expect(kindText).toEqual({
    time: 'a time',
    number: 'a number',
    money: 'an amount',
    flag: 'yes or no',
    list: 'one of a list',
    id: 'the number of a record or a user',
    text: 'text',
    opaque: 'a file or the like',
  });
});

describe('a value means', () => {
  test.each<[FieldKind, Scalar, Scalar]>([
    ...([true, 'true', 'TRUE', 'Y', 'y', 1, '1'] as const).map((value): [FieldKind, Scalar, Scalar] => [
      'flag',
      value,
      true,
    ]),
    ...([false, 'false', 'False', 'N', 'n', 0, '0'] as const).map((value): [FieldKind, Scalar, Scalar] => [
      'flag',
      value,
      false,
    ]),
    ['number', 5, 5],
    ['number', ' 5.50 ', 5.5],
    ['money', '5', 5],
    ['money', 0, 0],
    ['money', '5|EUR', '5|EUR'],
    ['id', 7, 7],
    ['id', ' 7 ', ' 7 '],
    ['id', '999999999999999', '999999999999999'],
    ['text', 7, 7],
    ['text', 'a|b', 'a|b'],
    ['list', 'x', 'x'],
  ])('%s, %j: %j', (kind, value, expected) => {
    expect(readValue(kind, value)).toEqual({ value: expected });
  });

  test.each<[FieldKind, Scalar, string, string | undefined]>([
    ['flag', 'yes', '"yes" is neither yes nor no', 'write true or false'],
    ['flag', 2, '2 is neither yes nor no', 'write true or false'],
    ['text', false, 'false is no text', 'put it in quotes: "false"'],
    ['number', true, 'true is no text', 'put it in quotes: "true"'],
    ['number', '05', '"05" is no number', undefined],
    ['number', '5|EUR', '"5|EUR" is no number', 'without a currency'],
    ['money', 'much', '"much" is no number', undefined],
    ['money', 'much|EUR', '"much|EUR" is no number', undefined],
    ['id', 'Ada', '"Ada" is no number of a record or a user', undefined],
    ['id', 0, '0 is no number of a record or a user', undefined],
    ['id', -7, '-7 is no number of a record or a user', undefined],
    ['id', 'user_7', '"user_7" is no number of a record or a user', undefined],
    ['id', '7th', '"7th" is no number of a record or a user', undefined],
    ['id', 7.5, '7.5 is no number of a record or a user', undefined],
    ['id', '1000000000000000', '"1000000000000000" is no number of a record or a user', undefined],
  ])('nothing, %s, %j: %s', (kind, value, message, hint) => {
    expect(readValue(kind, value)).toEqual({ message, hint });
  });
});
