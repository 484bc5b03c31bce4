import { describe, expect, test } from '@jest/globals';
import { csvRow } from '../../../lib/tasks/export/csv.ts';

describe('a record of a CSV file', () => {
  test.each([
    [['plain', 7, undefined, ''], 'plain,7,,'],
    [['a,b', 'say "no"'], '"a,b","say ""no"""'],
    [['two\nlines', 'and\r\nthese'], '"two\nlines","and\r\nthese"'],
    [[' blank '], ' blank '],
    [['Ünïcode 漢字'], 'Ünïcode 漢字'],
    [[-5], '-5'],
  ])('%j is written as RFC 4180 says', (cells, line) => {
    expect(csvRow(cells)).toBe(`${line}\r\n`);
  });

  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '  =1+1', '\t=1', '\n=1', '＝1+1', '\u0001=1+1', '\r=1'])(
    '%j is no formula to a spreadsheet',
    (text) => {
      expect(csvRow([text])).toMatch(/^"?'/);
    },
  );
});
