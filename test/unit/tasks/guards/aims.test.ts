import { describe, expect, test } from '@jest/globals';
import { allGuards } from '../../../../lib/rules/guards.ts';
import { nothingProtected } from '../../../../lib/rules/protect.ts';
import type { RuleDeletion } from '../../../../lib/rules/schema.ts';
import type { StoredRule } from '../../../../lib/rules/version.ts';
import { type Aim, aimOf, asksPortal, guardRequests } from '../../../../lib/tasks/guards/aims.ts';
import type { Target } from '../../../../lib/tasks/targets.ts';
import type { Deletion } from '../../../../lib/tasks/task.ts';
import type { Turning } from '../../../../lib/tasks/turning.ts';
import { listed, trouble } from './answers.ts';

const contacts: RuleDeletion = { what: 'contacts', via: 'crm.item.delete' };
const rule = (deletions: RuleDeletion[], guards: Partial<StoredRule['guards']> = {}) =>
  ({ delete: deletions, guards: { ...allGuards, ...guards } }) as unknown as StoredRule;
const contact = (id: number): Deletion => ({ what: 'contacts', method: 'crm.item.delete', entityTypeId: 3, id });
const links: Deletion = { what: 'deal-contacts', method: 'crm.deal.contact.items.delete', entityTypeId: 2, id: 7 };
const task = { record: { entityTypeId: 2, id: 7 } };
const turning = (open: Deletion[], toList: number[] = []) =>
  ({ task, rule: rule([contacts]), turn: { phase: 0, open, toList } }) as unknown as Turning;

describe('what guards and holds are asked about', () => {
  const aim = (target: Target | undefined, open = [contact(5)], key = 'record:3:5') =>
    aimOf(turning(open), new Map(target ? [[key, target]] : []), new Map()).open;
  const linked = (...ids: number[]): Target => ({
    kind: 'links',
    links: ids.map((id) => ({ CONTACT_ID: id, SORT: 10, IS_PRIMARY: 'N' })),
  });

  test('is what was found to be there', () => {
    expect(aim({ kind: 'record', fields: {} })).toEqual([contact(5)]);
    expect(aim({ kind: 'gone' })).toEqual([]);
    expect(aim({ kind: 'unknown', row: undefined })).toEqual([]);
    expect(aim(undefined)).toEqual([]);
    expect(aim(linked(5), [links], 'links:2:7')).toEqual([links]);
    expect(aim(linked(), [links], 'links:2:7')).toEqual([]);
  });

  test('are items too, as soon as they are listed, with their fields', () => {
    const row = { id: 70, parentId2: 7 };
    const targets = new Map<string, Target>([['record:9:9', { kind: 'gone' }]]);
    const found = aimOf(turning([], [1044]), targets, new Map([['items1044of2n7', listed(row)]]));
    expect(found).toMatchObject({ task, rule: rule([contacts]) });
    expect(found.open).toEqual([{ what: 'items', method: 'crm.item.delete', entityTypeId: 1044, id: 70 }]);
    expect([...found.targets]).toEqual([...targets, ['record:1044:70', { kind: 'record', fields: row }]]);
    expect(targets.size).toBe(1);
  });

  test('are no items of a list that cannot be read', () => {
    expect(aimOf(turning([], [1044]), new Map(), new Map([['items1044of2n7', trouble]])).open).toEqual([]);
  });
});

describe('whether the portal has to be asked', () => {
  const of = (open: Deletion[], protect = {}) =>
    asksPortal({ open } as unknown as Aim, { ...nothingProtected, ...protect });

  test('depends on whether something has guards, or fields protect', () => {
    expect(of([links])).toBe(false);
    expect(of([links, contact(5)])).toBe(true);
    expect(of([])).toBe(false);
    expect(of([links], { ids: { 3: [5] } })).toBe(false);
    expect(of([links], { holdField: 'UF_CRM_HOLD' })).toBe(true);
    expect(of([links], { responsible: [1] })).toBe(true);
    expect(of([links], { sources: ['WEB'] })).toBe(true);
  });
});

describe('the requests that guards need in a round', () => {
  const off = { 'open-items': false, duplicates: false };
  const of = (rules: StoredRule[], protect = {}) => guardRequests(rules, { ...nothingProtected, ...protect });

  test('are one, one more for the types of items, and one more for duplicates', () => {
    expect(of([rule([contacts], off)])).toBe(1);
    expect(of([rule([contacts], { ...off, 'open-items': true })])).toBe(2);
    expect(of([rule([contacts], { ...off, duplicates: true })])).toBe(2);
    expect(of([rule([contacts])])).toBe(3);
    expect(of([rule([contacts], off), rule([contacts])])).toBe(3);
  });

  test('are none without anything that has guards, but for the fields that protect', () => {
    expect(of([rule([{ what: 'deal-contacts' }])])).toBe(0);
    expect(of([])).toBe(0);
    expect(of([rule([{ what: 'deal-contacts' }])], { sources: ['WEB'] })).toBe(1);
    expect(of([rule([{ what: 'deal-contacts' }, contacts], off)])).toBe(1);
  });
});
