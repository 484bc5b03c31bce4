import { describe, expect, test } from '@jest/globals';
import type { RuleDeletion } from '../../../lib/rules/schema.ts';
import type { Look } from '../../../lib/tasks/look.ts';
import type { Target } from '../../../lib/tasks/targets.ts';
import type { Deletion, Task } from '../../../lib/tasks/task.ts';
import {
  atTurn,
  detailCommands,
  fittingDetails,
  type Going,
  hasNoLinks,
  openOf,
  pagesOf,
  spared,
  type Turning,
  unread,
} from '../../../lib/tasks/turning.ts';

const now = 1_785_000_000_000;
const links: Deletion = { what: 'deal-contacts', method: 'crm.deal.contact.items.delete', entityTypeId: 2, id: 7 };
const contact = (id: number): Deletion => ({ what: 'contacts', method: 'crm.item.delete', entityTypeId: 3, id });
const child = (id: number): Deletion => ({ what: 'items', method: 'crm.item.delete', entityTypeId: 1044, id });
const deal: Deletion = { what: 'deal', method: 'crm.item.delete', entityTypeId: 2, id: 7 };
const contacts: RuleDeletion = { what: 'contacts', via: 'crm.item.delete' };
const items: RuleDeletion = { what: 'items', type: 1044 };
const cut = { result: 'spared', at: now, proof: 'read' } as const;
const gone = { result: 'deleted', at: 1, proof: 'answer' } as const;

const linked = (...ids: number[]): Target => ({
  kind: 'links',
  links: ids.map((id) => ({ CONTACT_ID: id, SORT: 10, IS_PRIMARY: 'N' })),
});
const look = (found: Record<string, Target> = {}) => ({ links: new Map(Object.entries(found)) }) as unknown as Look;
const going = (
  rule: RuleDeletion[],
  {
    deletions,
    listedItems,
    observe,
    ...record
  }: {
    deletions?: Deletion[];
    listedItems?: Task['items'];
    observe?: Going['observe'];
    contactIds?: number[];
    companyId?: number;
  } = {},
): Going =>
  ({
    task: { record: { entityTypeId: 2, id: 7 }, deletions, items: listedItems },
    rule: { delete: rule },
    record: { found: true, ...record },
    observe,
  }) as unknown as Going;

describe('a task whose turn it is', () => {
  test('that is new removes what its rule names, but links only where there are some', () => {
    const rule: RuleDeletion[] = [{ what: 'deal-contacts' }, contacts];
    const some = going(rule, { contactIds: [5] });
    expect(atTurn(some, look({ 'links:2:7': linked(5) }), now)).toEqual({
      ...some,
      deletions: [links, contact(5)],
      turn: { phase: 0, open: [links], toList: [] },
      perhapsOurs: new Set(),
    });
    const none = atTurn(going([{ what: 'deal-contacts' }, { what: 'deal' }]), look({ 'links:2:7': linked() }), now);
    expect(none.deletions).toEqual([deal]);
    expect(atTurn(some, look(), now).deletions).toEqual([links, contact(5)]);
  });

  test('that was noted keeps links without contacts: we may have removed them ourselves', () => {
    const some = going([{ what: 'deal-contacts' }], { deletions: [links] });
    expect(atTurn(some, look({ 'links:2:7': linked() }), now).deletions).toEqual([links]);
  });

  test('passes over what no longer hangs on the record, and what the rule no longer says', () => {
    const deletions = [contact(5), contact(6), deal];
    const turning = atTurn(going([contacts], { deletions, contactIds: [5] }), look(), now);
    expect(turning.deletions).toEqual([contact(5), { ...contact(6), outcome: cut }, { ...deal, outcome: cut }]);
    expect(turning.turn).toEqual({ phase: 2, open: [contact(5)], toList: [] });
  });

  test('does not touch what has ended', () => {
    const ended = { ...contact(5), outcome: gone };
    const turning = atTurn(going([{ what: 'deal' }], { deletions: [ended] }), look(), now);
    expect(turning.deletions).toEqual([ended]);
    expect(turning.turn).toBeUndefined();
  });

  test('says of what is gone after a try that it may be ours', () => {
    const tried = { ...contact(5), snapshotAt: 1 };
    const turning = atTurn(going([contacts], { deletions: [tried, contact(6)], contactIds: [6] }), look(), now);
    expect(turning.deletions).toEqual([tried, contact(6)]);
    expect([...turning.perhapsOurs]).toEqual(['record:3:5']);
  });

  test('tells by the links that are left which contacts a person has taken off', () => {
    const rule: RuleDeletion[] = [{ what: 'deal-contacts' }, contacts];
    const deletions = [contact(5), contact(6), links];
    const at = (found: Record<string, Target>) => atTurn(going(rule, { deletions, contactIds: [5] }), look(found), now);
    expect(at({ 'links:2:7': linked(6) }).deletions).toEqual([{ ...contact(5), outcome: cut }, contact(6), links]);
    expect(at({ 'links:2:7': { kind: 'gone' } }).deletions).toEqual([
      contact(5),
      { ...contact(6), outcome: cut },
      links,
    ]);
    expect(at({}).deletions).toEqual([contact(5), { ...contact(6), outcome: cut }, links]);
  });

  test('goes on with items where it was', () => {
    const listedItems = { 1044: { after: 70, complete: true, gone: 0 } };
    expect(atTurn(going([items], { deletions: [], listedItems }), look(), now).turn).toBeUndefined();
    expect(atTurn(going([items], { deletions: [] }), look(), now).turn).toEqual({ phase: 1, open: [], toList: [1044] });
  });
});

describe('a task that only observes', () => {
  const observe = 'portal-observes';

  test('is told in one go, with what is read anyway and what has guards', () => {
    const rule: RuleDeletion[] = [{ what: 'deal-contacts' }, items, contacts, { what: 'deal' }];
    const one = going(rule, { contactIds: [5], observe });
    expect(atTurn(one, look({ 'links:2:7': linked(5) }), now).turn).toEqual({
      phase: 0,
      open: [links, contact(5)],
      toList: [1044],
    });
  });

  test('is not asked again for what is known', () => {
    const listedItems = { 1044: { after: 70, complete: true, gone: 0 } };
    const ended = { ...contact(5), outcome: gone };
    const one = going([items, contacts], { deletions: [ended], listedItems, observe });
    expect(atTurn(one, look(), now).turn).toEqual({ phase: 0, open: [], toList: [] });
    const half = going([items], { listedItems: { 1044: { after: 70, complete: false, gone: 0 } }, observe });
    expect(atTurn(half, look(), now).turn?.toList).toEqual([1044]);
    const other = going([items], { listedItems: { 1045: { after: 70, complete: true, gone: 0 } }, observe });
    expect(atTurn(other, look(), now).turn?.toList).toEqual([1044]);
  });
});

test('what is spared says when, and that it was read', () => {
  expect(spared(contact(5), now)).toEqual({ ...contact(5), outcome: cut });
});

test('only links that were read, and of which there are none, are none', () => {
  const of = (target?: Target) => hasNoLinks(links, new Map(target ? [['links:2:7', target]] : []));
  expect(of(linked())).toBe(true);
  expect(of(linked(5))).toBe(false);
  expect(of({ kind: 'gone' })).toBe(false);
  expect(of(undefined)).toBe(false);
});

describe('what one round reads', () => {
  const turning = (open: Deletion[] | undefined, toList: number[] = [], listedItems?: Task['items']) =>
    ({
      task: { record: { entityTypeId: 2, id: 7 }, items: listedItems },
      turn: open && { phase: 0, open, toList },
    }) as unknown as Turning;
  const many = (count: number, of: (id: number) => Deletion) =>
    Array.from({ length: count }, (_, index) => of(index + 1));

  test('is no more of a task than one batch deletes', () => {
    const open = many(51, contact);
    expect(openOf(turning(open))).toEqual(open.slice(0, 50));
    expect(openOf(turning(undefined))).toEqual([]);
  });

  test('are pages of items from where the last one ended', () => {
    const parent = { entityTypeId: 2, id: 7 };
    expect(pagesOf(turning([], [1044]))).toEqual([{ parent, type: 1044, after: 0 }]);
    expect(pagesOf(turning([], [1044], { 1044: { after: 70, complete: false, gone: 0 } }))).toEqual([
      { parent, type: 1044, after: 70 },
    ]);
    expect(pagesOf(turning([], [1044], { 1045: { after: 70, complete: false, gone: 0 } }))[0]?.after).toBe(0);
    expect(pagesOf(turning(undefined))).toEqual([]);
  });

  test('is what did not come with the record, with every field', () => {
    const some = [turning([links, contact(5)], [1044])];
    const found = look({ 'links:2:7': linked(5) });
    expect(unread(some, found)).toEqual([contact(5)]);
    const commands = detailCommands(some, found);
    expect([...commands.keys()]).toEqual(['targets3p0', 'items1044of2n7']);
    expect(commands.get('targets3p0')?.params).not.toHaveProperty('select');
  });

  test('is of as many tasks as one batch can delete, and of one at least', () => {
    const fitting = (...some: Turning[]) => fittingDetails(some, look()).length;
    expect(fitting()).toBe(0);
    expect(fitting(turning(many(60, child)), turning([child(99)]))).toBe(1);
    expect(fitting(turning(many(49, child)), turning([child(99)]))).toBe(2);
    expect(fitting(turning(many(49, child)), turning([child(98), child(99)]))).toBe(1);
    expect(fitting(turning([child(1)]), turning([], [1044]))).toBe(1);
    expect(fitting(turning([], [1044]), turning([]), turning([child(1)]))).toBe(2);
  });

  test('is of at most twenty contacts and companies beyond the first task', () => {
    const fitting = (...some: Turning[]) => fittingDetails(some, look()).length;
    expect(fitting(turning(many(21, contact)))).toBe(1);
    expect(fitting(turning(many(19, contact)), turning([contact(50)]), turning([contact(51)]))).toBe(2);
    expect(fitting(turning(many(20, contact)), turning([child(1)]))).toBe(2);
  });

  test('takes no more commands than one batch has', () => {
    const types = (first: number, count: number) =>
      Array.from({ length: count }, (_, index): Deletion => ({ ...child(1), entityTypeId: first + index }));
    const company: Deletion = {
      what: 'deal-contacts',
      method: 'crm.company.contact.items.delete',
      entityTypeId: 4,
      id: 1,
    };
    const both = many(26, (id) => ({ ...company, id }));
    const some = [turning(types(2000, 24)), turning(both.slice(0, 25))];
    expect(detailCommands(some, look()).size).toBe(50);
    expect(fittingDetails(some, look())).toHaveLength(2);
    expect(fittingDetails([...some, turning([child(1)])], look())).toHaveLength(2);
    expect(fittingDetails([turning(types(2000, 50), [1044])], look())).toHaveLength(1);
    expect(fittingDetails([turning(types(2000, 25)), turning(both.slice(0, 25))], look())).toHaveLength(1);
  });
});
