import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { inExecutionOrder, isGuarded, removesLinksOnly } from '../../../lib/rules/deletion-order.ts';
import { plainDeletions, type RuleDeletion } from '../../../lib/rules/schema.ts';
import { phaseOf } from '../../../lib/tasks/deletion.ts';

const entry = fc.constantFrom<RuleDeletion>(
  ...plainDeletions.map((what): RuleDeletion => (what === 'contacts' ? { what, via: 'crm.item.delete' } : { what })),
  { what: 'items', type: 1044 },
);

test('the order that is shown is the order of execution, and nothing is lost on the way', () => {
  fc.assert(
    fc.property(fc.array(entry), (written) => {
      const shown = inExecutionOrder(written);
      expect(shown.map(phaseOf)).toEqual(written.map(phaseOf).toSorted((a, b) => a - b));
      expect(new Set(shown)).toEqual(new Set(written));
    }),
  );
});

test('the links of the deal go before those of its company', () => {
  const [first] = inExecutionOrder([{ what: 'company-contacts' }, { what: 'deal-contacts' }]);
  expect(first).toEqual({ what: 'deal-contacts' });
});

test('links of contacts are removed alone, all else takes records away', () => {
  const links = plainDeletions.filter((what) => removesLinksOnly({ what } as RuleDeletion));
  expect(links).toEqual(['deal-contacts', 'company-contacts']);
});

test('guards look at contacts and companies, and at the links of a company', () => {
  expect([...plainDeletions, 'items'].filter(isGuarded)).toEqual(['company-contacts', 'contacts', 'company']);
});
