import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { withFigures } from '../../../bench/figures.ts';
import { readResult, type StoredResult } from '../../../bench/results.ts';

const result: StoredResult = {
  benchmark: 'some',
  date: '2026-01-02T03:04:05.000Z',
  cpu: '2 x CPU',
  memory: '8 GiB',
  system: 'Linux 6',
  node: 'Node 24',
  load: 'load 0.10',
  settings: { deals: 3 },
  tables: [
    { title: 'One', headings: ['who', 'share'], rows: [['a|b', '95 %']] },
    { title: 'Two', headings: ['n'], rows: [[1], [2]] },
  ],
};
const filled = (page: string): string => withFigures(page, () => result);

describe('a place for figures', () => {
  test('is filled with one table, and what stood there is gone', () => {
    expect(filled('before\n<!-- figures: some 0 -->\nold\n<!-- end -->\nafter')).toBe(
      'before\n<!-- figures: some 0 -->\n\n| who | share |\n| --- | ---: |\n| a\\|b | 95 % |\n\n<!-- end -->\nafter',
    );
  });

  test('is filled with all tables under their titles', () => {
    const page = filled('<!-- figures: some -->\n<!-- end -->');
    expect(page).toContain('One:\n\n| who');
    expect(page).toContain('Two:\n\n| n |\n| ---: |\n| 1 |\n| 2 |');
  });

  test('is filled with the machine and the settings', () => {
    expect(filled('<!-- figures: some machine -->\n<!-- end -->')).toContain(
      'Measured on 2026-01-02 03:04 UTC: 2 x CPU, 8 GiB, Linux 6, Node 24, load 0.10. Settings: `deals` 3.',
    );
  });

  test('can be filled again and again', () => {
    const once = filled('<!-- figures: some 1 -->\n<!-- end -->\n<!-- figures: some -->\n<!-- end -->');
    expect(filled(once)).toBe(once);
  });

  test('names a table that there is', () => {
    expect(() => filled('<!-- figures: some 2 --><!-- end -->')).toThrow('some has no table 2: it has 2');
  });
});

describe.each(['docs/benchmarks.md', 'docs/cost.md'])('%s', (file) => {
  const page = readFileSync(file, 'utf8');

  test('has the figures of bench/results: npm run bench:docs', () => {
    // As far as the width of columns goes the formatter has its own way.
    const bare = (text: string): string => text.replaceAll(/ +/g, ' ').replaceAll(/-{2,}/g, '--');
    expect(bare(page)).toBe(bare(withFigures(page, readResult)));
  });

  test('has places for figures, each with an end', () => {
    const begun = page.match(/<!-- figures: /g)?.length ?? 0;
    expect(begun).toBeGreaterThan(3);
    expect(page.match(/<!-- end -->/g)).toHaveLength(begun);
  });
});
