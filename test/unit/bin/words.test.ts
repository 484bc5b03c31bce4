import { describe, expect, test } from '@jest/globals';
import { printable } from '../../../bin/report.ts';
import { ruleText, waitText } from '../../../bin/rule-words.ts';
import { fieldList, textTable } from '../../../bin/text-table.ts';
import { fullSecond, iso } from '../../../bin/time.ts';
import { loadRules } from '../../../lib/rules/load.ts';
import { parseWait } from '../../../lib/rules/wait.ts';

describe('the words of the output', () => {
  test.each(['0m', '90m', '5h', '1d', '30d', '2w', '1y', '10y'])(
    'a wait of %s is written so that it can be read back',
    (text) => {
      const ms = parseWait(text) ?? Number.NaN;
      expect(waitText(ms)).toBe(text);
    },
  );

  test('a rule is one line', () => {
    const [rule] = loadRules(
      'version: 1\nrules: [{ id: a, when: { type: deal, pipelines: [0, 5], stages: [LOSE, X] }, wait: 36h, delete: [deal-contacts] }]',
    ).rules;
    expect(rule && ruleText(rule)).toBe('a: deals of pipeline 0, 5 in LOSE, X, after 36h: deal-contacts');
  });

  test('a table is aligned and has no blanks at its ends', () => {
    expect(
      textTable(
        ['A', 'LONGER', 'C'],
        [
          ['a cell', 'b', ''],
          ['x', 'y', 'z'],
        ],
      ),
    ).toEqual(['A       LONGER  C', 'a cell  b', 'x       y       z']);
    expect(
      fieldList([
        ['name', 'x'],
        ['n', 'y'],
      ]),
    ).toEqual(['name  x', 'n     y']);
  });

  test('times are ISO in UTC, and rounded down where a portal compares them', () => {
    expect(iso(fullSecond(Date.UTC(2027, 0, 1, 0, 0, 0, 999)))).toBe('2027-01-01T00:00:00.000Z');
    expect(iso(undefined)).toBeUndefined();
  });

  test('control characters of a portal’s texts do not reach the terminal, line ends and tabs do', () => {
    expect(printable('a\u001b[31mb\u009bc\u0000\r\n\td')).toBe('a[31mbc\n\td');
  });
});
