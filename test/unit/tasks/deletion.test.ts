import { describe, expect, test } from '@jest/globals';
import type { RuleDeletion } from '../../../lib/rules/schema.ts';
import {
  bondOf,
  commandOf,
  deletionKey,
  deletionsOf,
  describeDeletions,
  isAskedFor,
  isLinks,
  itemsPhase,
  missingFor,
  phaseOf,
} from '../../../lib/tasks/deletion.ts';
import type { FoundRecord } from '../../../lib/tasks/own-transition.ts';
import type { Deletion, Outcome } from '../../../lib/tasks/task.ts';

const deal = { entityTypeId: 2, id: 7 };
const item = { method: 'crm.item.delete' } as const;
const dealLinks: Deletion = { what: 'deal-contacts', method: 'crm.deal.contact.items.delete', ...deal };
const companyLinks: Deletion = {
  what: 'company-contacts',
  method: 'crm.company.contact.items.delete',
  entityTypeId: 4,
  id: 9,
};
const contact: Deletion = { what: 'contacts', ...item, entityTypeId: 3, id: 5 };
const company: Deletion = { what: 'company', ...item, entityTypeId: 4, id: 9 };
const child: Deletion = { what: 'items', ...item, entityTypeId: 1044, id: 70 };
const record = (links: Partial<FoundRecord>): FoundRecord => ({
  found: true,
  entityTypeId: 2,
  categoryId: 0,
  stageId: 'LOSE',
  semantics: 'F',
  movedTime: 1,
  fields: {},
  ...links,
});
const ended = (result: Outcome['result']): Outcome => ({ result, at: 1, proof: 'answer' });

describe('the turn of each kind', () => {
  test('links, children, contacts, company, and the lost record last', () => {
    const inTurn = ['deal-contacts', 'items', 'contacts', 'company', 'deal'] as const;
    expect(inTurn.map((what) => phaseOf({ what }))).toEqual([0, 1, 2, 3, 4]);
    expect(phaseOf({ what: 'company-contacts' })).toBe(0);
    expect(phaseOf({ what: 'lead' })).toBe(4);
    expect(phaseOf({ what: 'item' })).toBe(4);
    expect(itemsPhase).toBe(phaseOf({ what: 'items' }));
  });
});

describe('what a deletion is known by', () => {
  test('the links of a record are another thing than the record', () => {
    expect(deletionKey(dealLinks)).toBe('links:2:7');
    expect(deletionKey({ ...item, ...deal })).toBe('record:2:7');
    expect(deletionKey(companyLinks)).toBe('links:4:9');
  });

  test('by either method it is the same contact', () => {
    expect(deletionKey({ ...contact, method: 'crm.contact.delete' })).toBe(deletionKey(contact));
  });

  test('only the two methods for links remove links', () => {
    expect([dealLinks, companyLinks].map(isLinks)).toEqual([true, true]);
    expect([contact, { method: 'crm.contact.delete' } as const].map(isLinks)).toEqual([false, false]);
  });

  test.each<[Deletion, object]>([
    [dealLinks, { id: 7 }],
    [companyLinks, { id: 9 }],
    [{ ...contact, method: 'crm.contact.delete' }, { id: 5 }],
    [contact, { entityTypeId: 3, id: 5 }],
  ])('its call has the parameters of its method: %j', (deletion, params) => {
    expect(commandOf(deletion)).toEqual({ method: deletion.method, params });
  });
});

describe('what a rule removes for a record', () => {
  const of = (entry: RuleDeletion, links: Partial<FoundRecord> = { contactIds: [5, 6, 5], companyId: 9 }) =>
    deletionsOf({ delete: [entry] }, deal, record(links));

  test('each entry names its method and what it is about', () => {
    expect(of({ what: 'deal-contacts' })).toEqual([dealLinks]);
    expect(of({ what: 'company-contacts' })).toEqual([companyLinks]);
    expect(of({ what: 'company' })).toEqual([company]);
    expect(of({ what: 'deal' })).toEqual([{ what: 'deal', ...item, ...deal }]);
    expect(of({ what: 'lead' })).toEqual([{ what: 'lead', ...item, ...deal }]);
    expect(of({ what: 'item' })).toEqual([{ what: 'item', ...item, ...deal }]);
  });

  test('a contact that is linked twice is deleted once, by the method of the rule', () => {
    const via = 'crm.contact.delete';
    expect(of({ what: 'contacts', via })).toEqual([
      { what: 'contacts', method: via, entityTypeId: 3, id: 5 },
      { what: 'contacts', method: via, entityTypeId: 3, id: 6 },
    ]);
  });

  test('a record without company and contacts has none to delete', () => {
    for (const links of [{}, { companyId: 0, contactIds: [] }]) {
      expect(of({ what: 'company' }, links)).toEqual([]);
      expect(of({ what: 'company-contacts' }, links)).toEqual([]);
      expect(of({ what: 'contacts', via: 'crm.item.delete' }, links)).toEqual([]);
    }
  });

  test('linked items are not told by the record', () => {
    expect(of({ what: 'items', type: 1044 })).toEqual([]);
  });
});

describe('what the rule asks for now', () => {
  test('is what it names, and of items those of their type', () => {
    const entries: RuleDeletion[] = [{ what: 'company' }, { what: 'items', type: 1044 }];
    expect(isAskedFor(company, entries)).toBe(true);
    expect(isAskedFor(contact, entries)).toBe(false);
    expect(isAskedFor(child, entries)).toBe(true);
    expect(isAskedFor({ ...child, entityTypeId: 1045 }, entries)).toBe(false);
    expect(isAskedFor(company, [])).toBe(false);
  });

  test('cannot be known where the portal does not tell of the links that it needs', () => {
    const missing = (entry: RuleDeletion, links: Partial<FoundRecord>) =>
      missingFor({ delete: [entry] }, record(links));
    const contacts: RuleDeletion = { what: 'contacts', via: 'crm.item.delete' };
    expect(missing(contacts, { companyId: 0 })).toBe('its contacts');
    expect(missing({ what: 'company' }, { contactIds: [] })).toBe('its company');
    expect(missing({ what: 'company-contacts' }, { contactIds: [] })).toBe('its company');
    expect(missing({ what: 'deal' }, {})).toBeUndefined();
    expect(missing(contacts, { contactIds: [] })).toBeUndefined();
    expect(missing({ what: 'company' }, { companyId: 0 })).toBeUndefined();
    expect(missing({ what: 'company-contacts' }, { companyId: 0 })).toBeUndefined();
  });
});

describe('whether it still hangs on the record', () => {
  const bond = (deletion: Deletion, links: Partial<FoundRecord>, all: Deletion[] = [], there?: number[]) =>
    bondOf(deletion, record(links), [deletion, ...all], there);
  const tried = (deletion: Deletion): Deletion => ({ ...deletion, snapshotAt: 1 });

  test('a company does while it is the record’s company; gone after a try, that may be our work', () => {
    expect(bond(company, { companyId: 9 })).toBe('linked');
    expect(bond(company, { companyId: 8 })).toBe('cut');
    expect(bond(company, {})).toBe('cut');
    expect(bond(tried(company), { companyId: 9 })).toBe('linked');
    expect(bond(tried(company), { companyId: 0 })).toBe('perhaps-ours');
  });

  test('the links of a company do while it is the record’s; after a try they may be gone by our own hand', () => {
    expect(bond(companyLinks, { companyId: 9 })).toBe('linked');
    expect(bond(companyLinks, { companyId: 0 })).toBe('cut');
    expect(bond(tried(companyLinks), { companyId: 0 })).toBe('perhaps-ours');
  });

  test('links of the deal, items and the record itself always do', () => {
    expect(bond(dealLinks, {})).toBe('linked');
    expect(bond(tried(child), {})).toBe('linked');
    expect(bond({ what: 'deal', ...item, ...deal }, {})).toBe('linked');
  });

  test('a contact does while the record names it; gone after a try, that may be our work', () => {
    expect(bond(contact, { contactIds: [4, 5] })).toBe('linked');
    expect(bond(contact, { contactIds: [4] })).toBe('cut');
    expect(bond(contact, {})).toBe('cut');
    expect(bond(tried(contact), { contactIds: [4] })).toBe('perhaps-ours');
  });

  describe('of a contact that the same task unlinks', () => {
    const unlinking = (changed: Partial<Deletion>): Deletion => ({ ...dealLinks, ...changed });
    const ours = { snapshotAt: 1, contactIds: [5] };

    test.each<Outcome['result']>(['deleted', 'already-gone'])(
      'once that is %s, what we have unlinked stays ours',
      (result) => {
        const outcome = ended(result);
        expect(bond(contact, {}, [unlinking({ ...ours, outcome })])).toBe('linked');
        expect(bond(contact, {}, [unlinking({ ...ours, contactIds: [4], outcome })])).toBe('cut');
        expect(bond(contact, {}, [unlinking({ snapshotAt: 1, outcome })])).toBe('cut');
        expect(bond(contact, { contactIds: [5] }, [unlinking({ contactIds: [5], outcome })])).toBe('cut');
        expect(bond(tried(contact), {}, [unlinking({ ...ours, contactIds: [4], outcome })])).toBe('perhaps-ours');
      },
    );

    test('while that is open, the links that are left tell', () => {
      expect(bond(contact, {}, [unlinking({})], [4, 5])).toBe('linked');
      expect(bond(contact, { contactIds: [5] }, [unlinking({})], [4])).toBe('cut');
      expect(bond(tried(contact), {}, [unlinking(ours)], [4])).toBe('cut');
    });

    test('with no link left, it is ours when it was in our snapshot', () => {
      expect(bond(contact, {}, [unlinking(ours)], [])).toBe('linked');
      expect(bond(contact, { contactIds: [5] }, [unlinking({ ...ours, contactIds: [4] })], [])).toBe('cut');
    });

    test('without the links, or when unlinking has ended otherwise, the record tells', () => {
      expect(bond(contact, { contactIds: [5] }, [unlinking({})])).toBe('linked');
      expect(bond(contact, { contactIds: [] }, [unlinking(ours)])).toBe('cut');
      expect(bond(contact, { contactIds: [5] }, [unlinking({ outcome: ended('refused') })], [4])).toBe('linked');
      expect(bond(contact, { contactIds: [] }, [unlinking({ ...ours, outcome: ended('refused') })], [5])).toBe('cut');
    });
  });

  test('links that are not the task’s to remove say nothing of a contact', () => {
    expect(bond(contact, { contactIds: [5] }, [companyLinks], [4])).toBe('linked');
  });
});

describe('deletions in a sentence', () => {
  const contacts = (count: number) => Array.from({ length: count }, (_, index) => ({ ...contact, id: index + 1 }));

  test('are named by method, type and id', () => {
    expect(describeDeletions([contact, dealLinks, { ...contact, id: 6 }])).toBe(
      'crm.item.delete of 3/5, 3/6; crm.deal.contact.items.delete of 2/7',
    );
  });

  test('are named up to twelve, the rest is counted', () => {
    expect(describeDeletions(contacts(12))).toMatch(/ 3\/12$/);
    expect(describeDeletions(contacts(14))).toMatch(/ 3\/12 and 2 more$/);
  });
});
