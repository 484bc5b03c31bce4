import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { inExecutionOrder } from '../../../lib/rules/deletion-order.ts';
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
