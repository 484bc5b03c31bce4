import { expect, test } from '@jest/globals';
import { LineCounter, parseDocument } from 'yaml';
import { placeOf, positionAt, positionsOf } from '../../../lib/rules/positions.ts';

function positions(source: string) {
  const lines = new LineCounter();
  return positionsOf(parseDocument(source, { lineCounter: lines }).contents, lines);
}
const source = `version: 1
rules:
  - id: a
    when: { type: deal, "odd.[key": 1 }
`;

test('each value and each key of a file stands where it is written, counted from 1', () => {
  const at = (line: number, column: number) => ({ line, column });
  const { values, keys } = positions(source);
  expect(values).toEqual(
    new Map([
      ['', at(1, 1)],
      ['version', at(1, 10)],
      ['rules', at(3, 3)],
      ['rules[0]', at(3, 5)],
      ['rules[0].id', at(3, 9)],
      ['rules[0].when', at(4, 11)],
      ['rules[0].when.type', at(4, 19)],
      ['rules[0].when.odd.[key', at(4, 37)],
    ]),
  );
  expect(keys).toEqual(
    new Map([
      ['version', at(1, 1)],
      ['rules', at(2, 1)],
      ['rules[0].id', at(3, 5)],
      ['rules[0].when', at(4, 5)],
      ['rules[0].when.type', at(4, 13)],
      ['rules[0].when.odd.[key', at(4, 25)],
    ]),
  );
});

test.each<[string, boolean | undefined, string]>([
  ['rules[0].id', undefined, 'rules[0].id'],
  ['rules[0].when.stages', undefined, 'rules[0].when'],
  ['rules[0].when.stages[12]', false, 'rules[0].when'],
  ['rules[0].delete[1].items.type', undefined, 'rules[0]'],
  ['rules[7]', undefined, 'rules'],
  ['protect', undefined, ''],
  ['protect.ids.x[y', undefined, ''],
])('what is missing at %s is where the thing around it is', (path, atKey, place) => {
  const found = positions(source);
  expect(placeOf(found, path, atKey)).toEqual(found.values.get(place));
});

test('what is wrong with a key is where the key is', () => {
  const found = positions(source);
  expect(placeOf(found, 'rules[0].when', true)).toEqual({ line: 4, column: 5 });
  expect(placeOf(found, 'rules[0].when.stages', true)).toEqual(found.values.get('rules[0].when'));
});

test('what is missing from the whole file is where the file begins to say something', () => {
  expect(placeOf(positions('# our rules\n\nversion: 1\n'), 'rules')).toEqual({ line: 3, column: 1 });
});

test('an empty file has nothing but a beginning', () => {
  expect(positions('')).toEqual({ values: new Map(), keys: new Map() });
  expect(placeOf(positions(''), 'rules[0].id')).toEqual({ line: 1, column: 1 });
});

test('a file without a single line break begins at 1:1 as well', () => {
  expect(positionAt(new LineCounter(), 0)).toEqual({ line: 1, column: 1 });
});
