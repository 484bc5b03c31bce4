import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import qs from 'qs';
import { batchParams, type Command, readBatch } from '../../../lib/bitrix24/batch.ts';

const command: Command = { method: 'crm.item.delete', params: { entityTypeId: 3, id: 5 } };
const commandsOf = (...keys: string[]) => new Map(keys.map((key) => [key, command] as const));

describe('the parameters of a batch', () => {
  test('are method and query of each command, and no command stops the others', () => {
    const commands = new Map<string, Command>([
      ['d7', { method: 'crm.deal.contact.items.delete', params: { id: 7 } }],
      ['who', { method: 'profile', params: {} }],
    ]);
    expect(batchParams(commands)).toEqual({
      halt: 0,
      cmd: { d7: 'crm.deal.contact.items.delete?id=7', who: 'profile?' },
    });
  });

  test('are encoded once, in the way that PHP reads', () => {
    const params = { filter: { '@id': [1, 2], '=stageId': 'C5:LOSE' }, flag: true, text: 'Пр & +', nul: null };
    const { cmd } = batchParams(new Map([['a', { method: 'crm.item.list', params }]]));
    expect(cmd['a']).toBe(
      'crm.item.list?filter%5B%40id%5D%5B0%5D=1&filter%5B%40id%5D%5B1%5D=2&filter%5B%3DstageId%5D=C5%3ALOSE' +
        '&flag=true&text=%D0%9F%D1%80%20%26%20%2B&nul=',
    );
  });

  test('no text of a value becomes a parameter of its own', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (value, other) => {
        const { cmd } = batchParams(new Map([['a', { method: 'm', params: { value, list: [other] } }]]));
        expect(qs.parse((cmd['a'] ?? '').slice(2), { depth: 3 })).toEqual({ value, list: [other] });
      }),
    );
  });

  test('take 50 commands and refuse the 51st', () => {
    const keys = Array.from({ length: 51 }, (_, index) => `t${index}`);
    expect(Object.keys(batchParams(commandsOf(...keys.slice(0, 50))).cmd)).toHaveLength(50);
    expect(() => batchParams(commandsOf(...keys))).toThrow(RangeError);
  });

  test.each(['0', '7', '12', '7a'])('refuse the key %j, of which PHP would make a list', (key) => {
    expect(() => batchParams(commandsOf(key))).toThrow(RangeError);
  });
});

describe('the answers to a batch', () => {
  const time = { duration: 0.6, operating: 1.2, operating_reset_at: 1785312600 };

  test('are found by their keys, in the order of sending', () => {
    const answers = readBatch(commandsOf('b', 'a', 'c'), {
      result: { a: true, b: [] },
      result_error: { c: { error: 'NOT_FOUND', error_description: 'Item not found' } },
      result_total: { b: 7 },
      result_next: { b: 50 },
      result_time: { a: time },
    });
    expect([...answers]).toEqual([
      ['b', { kind: 'result', result: [], next: 50, total: 7, time: undefined }],
      ['a', { kind: 'result', result: true, next: undefined, time }],
      ['c', { kind: 'error', error: 'NOT_FOUND', description: 'Item not found' }],
    ]);
  });

  test('are read when every map is empty, which PHP writes as lists', () => {
    const result = { result: [], result_error: [], result_total: [], result_next: [], result_time: [] };
    expect(readBatch(commandsOf('a'), result).get('a')).toEqual({ kind: 'missing' });
    const failed = { ...result, result_error: { a: { error: '', error_description: 'Not found' } } };
    expect(readBatch(commandsOf('a'), failed).get('a')).toEqual({ kind: 'error', error: '', description: 'Not found' });
  });

  test('that came as a list belong to keys 0 to n and to no other key', () => {
    const answers = readBatch(commandsOf('a', '0', '1'), { result: [true, false], result_error: [] });
    expect([...answers.values()].map(({ kind }) => kind)).toEqual(['missing', 'result', 'result']);
  });

  test('a result of null or false is a result', () => {
    const answers = readBatch(commandsOf('a', 'b'), { result: { a: null, b: false } });
    expect([...answers.values()]).toMatchObject([
      { kind: 'result', result: null },
      { kind: 'result', result: false },
    ]);
  });

  test('an error counts, even beside a result, without a code, with a number, or without a description', () => {
    const answers = readBatch(commandsOf('a', 'b', 'c'), {
      result: { a: true },
      result_error: { a: { error: '', error_description: 'Access denied.' }, b: { error: 100 }, c: { error: 'X' } },
    });
    expect([...answers.values()]).toEqual([
      { kind: 'error', error: '', description: 'Access denied.' },
      { kind: 'error', error: '100', description: '' },
      { kind: 'error', error: 'X', description: '' },
    ]);
  });

  test('a command that the answer does not mention is missing, and one nobody sent is passed over', () => {
    const answers = readBatch(commandsOf('a'), { result: { z: true }, result_error: {} });
    expect([...answers]).toEqual([['a', { kind: 'missing' }]]);
  });

  test('nonsense in the totals and times spoils no result', () => {
    const answers = readBatch(commandsOf('a'), {
      result: { a: true },
      result_error: [],
      result_total: 'x',
      result_next: { a: 'x' },
      result_time: { a: 'x' },
    });
    expect(answers.get('a')).toMatchObject({ kind: 'result', result: true });
  });

  test.each([[null], [undefined], [true], ['x'], [[]], [{}], [{ result: 'x' }], [{ result: {}, result_error: 'x' }]])(
    'of %j nothing is known of any command',
    (result) => {
      expect([...readBatch(commandsOf('a', 'b'), result).values()]).toEqual([{ kind: 'missing' }, { kind: 'missing' }]);
    },
  );

  test('an error that cannot be read leaves nothing known: never is it taken for a success', () => {
    const answers = readBatch(commandsOf('a', 'b'), { result: { a: true, b: true }, result_error: { a: 'refused' } });
    expect([...answers.values()].map(({ kind }) => kind)).not.toContain('error');
    expect(answers.get('a')).toEqual({ kind: 'missing' });
  });

  test('whatever comes, each command has exactly one answer and nothing is thrown', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), fc.anything(), (result, result_error, result_time) => {
        const answers = readBatch(commandsOf('a', 'b'), { result, result_error, result_time });
        expect([...answers.keys()]).toEqual(['a', 'b']);
      }),
    );
  });
});
