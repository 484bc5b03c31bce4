import { expect, test } from '@jest/globals';
import { canonicalStage } from '../../../lib/rules/stage-code.ts';
import type { RuleDeletion } from '../../../lib/rules/schema.ts';
import { touchedTypes } from '../../../lib/rules/touched-types.ts';

test.each<[RuleDeletion, number[]]>([
  [{ what: 'deal-contacts' }, [2, 3]],
  [{ what: 'contacts', via: 'crm.item.delete' }, [2, 3]],
  [{ what: 'company-contacts' }, [2, 4, 3]],
  [{ what: 'company' }, [2, 4]],
  [{ what: 'items', type: 1044 }, [2, 1044]],
  [{ what: 'deal' }, [2]],
])('a rule that removes %j of deals touches the types %j', (entry, types) => {
  expect(touchedTypes({ when: { type: 'deal', stages: 'all-lost' }, delete: [entry] })).toEqual(types);
});

test('a rule touches each type once', () => {
  const entries: RuleDeletion[] = [{ what: 'deal-contacts' }, { what: 'contacts', via: 'crm.item.delete' }];
  expect(touchedTypes({ when: { type: 'lead', stages: 'all-lost' }, delete: entries })).toEqual([1, 3]);
});

test('only at its beginning is a prefix one', () => {
  expect(canonicalStage(2, 0, 'C0:LOSE')).toBe('LOSE');
  expect(canonicalStage(2, 0, 'XC0:LOSE')).toBe('XC0:LOSE');
});
