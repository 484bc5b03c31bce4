import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { loadRules } from '../../../lib/rules/load.ts';
import { plainDeletions } from '../../../lib/rules/schema.ts';

const folder = 'examples/rules';
const files = readdirSync(folder).toSorted();
const rulesOf = (file: string) => loadRules(readFileSync(`${folder}/${file}`, 'utf8')).rules;

describe('examples/rules', () => {
  test.each(files)('%s is one rule that is in order', (file) => {
    expect(rulesOf(file)).toHaveLength(1);
  });

  test('show everything that can be deleted, conditions and the last activity', () => {
    const rules = files.flatMap(rulesOf);
    const shown = new Set(rules.flatMap((rule) => rule.delete.map(({ what }) => what)));
    expect([...plainDeletions, 'items'].filter((what) => !shown.has(what as never))).toEqual([]);
    expect(rules.some((rule) => rule.delete.some((one) => 'via' in one && one.via === 'crm.contact.delete'))).toBe(
      true,
    );
    expect(rules.some(({ where }) => where.length > 0)).toBe(true);
    expect(rules.some(({ waitFrom }) => waitFrom === 'last-activity')).toBe(true);
    expect(rules.some(({ comment }) => comment)).toBe(true);
  });
});
