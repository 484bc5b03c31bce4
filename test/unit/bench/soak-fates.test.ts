import { expect, test } from '@jest/globals';
import { type Fate, fates, isFulfilled } from '../../soak/fates.ts';

const untouched = { deal: true, linked: 2, contacts: 2 };
const unlinked = { deal: true, linked: 0, contacts: 2 };
const withoutContacts = { deal: true, linked: 0, contacts: 0 };
const withoutDeal = { deal: false, linked: 0, contacts: 2 };
const all = [untouched, unlinked, withoutContacts, withoutDeal, { deal: true, linked: 1, contacts: 2 }];

const becomes: Partial<Record<Fate, (typeof all)[number]>> = {
  'contacts-unlinked': unlinked,
  refused: unlinked,
  'contacts-deleted': withoutContacts,
  'deal-deleted': withoutDeal,
};

test.each(fates)('a deal of the fate %s becomes one thing and no other', (fate) => {
  const fulfilled = all.filter((remains) => isFulfilled(fate, remains, 2));

  expect(fulfilled).toEqual([becomes[fate] ?? untouched]);
});
