import { describe, expect, test } from '@jest/globals';
import type { RuleDeletion } from '../../../lib/rules/schema.ts';
import { compact, turnOf } from '../../../lib/tasks/progress.ts';
import type { Deletion, Outcome } from '../../../lib/tasks/task.ts';

const at = Date.UTC(2027, 0, 1);
const gone: Outcome = { result: 'deleted', at, proof: 'answer' };
const deletion = (what: Deletion['what'], id: number, outcome?: Outcome): Deletion => ({
  what,
  method: 'crm.item.delete',
  entityTypeId: what === 'items' ? 1044 : 3,
  id,
  ...(outcome && { outcome }),
});

describe('whose turn it is', () => {
  const contacts: RuleDeletion = { what: 'contacts', via: 'crm.item.delete' };
  const items: RuleDeletion = { what: 'items', type: 1044 };
  const page = (complete: boolean) => ({ 1044: { after: 70, complete, gone: 0 } });

  test('that of the first phase in which something is open, and of nothing else', () => {
    const links = deletion('deal-contacts', 1);
    const some = [deletion('contacts', 5), deletion('contacts', 6, gone), deletion('deal', 1)];
    expect(turnOf([contacts], [...some, links])).toEqual({ phase: 0, open: [links], toList: [] });
    expect(turnOf([contacts], some)).toEqual({ phase: 2, open: [some[0]], toList: [] });
  });

  test('nobody’s when all has ended', () => {
    expect(turnOf([contacts], [deletion('contacts', 5, gone)])).toBeUndefined();
    expect(turnOf([items], [], page(true))).toBeUndefined();
    expect(turnOf([contacts], [])).toBeUndefined();
  });

  test('that of items that have not all been noted, before the contacts', () => {
    const open = deletion('contacts', 5);
    const turn = { phase: 1, open: [], toList: [1044] };
    expect(turnOf([items], [open])).toEqual(turn);
    expect(turnOf([items], [open], page(false))).toEqual(turn);
    expect(turnOf([items], [open], page(true))).toEqual({ phase: 2, open: [open], toList: [] });
    expect(turnOf([items, { what: 'items', type: 1045 }], [], page(true))).toEqual({ ...turn, toList: [1045] });
  });

  test('no more items are noted before those that are noted have ended, nor while links are left', () => {
    const item = deletion('items', 71);
    const links = deletion('deal-contacts', 1);
    expect(turnOf([items], [item], page(false))).toEqual({ phase: 1, open: [item], toList: [] });
    expect(turnOf([items], [links], page(false))).toEqual({ phase: 0, open: [links], toList: [] });
  });
});

describe('a task with many items', () => {
  const many = (count: number, outcome: Outcome | undefined = gone, first = 100) =>
    Array.from({ length: count }, (_, index) => deletion('items', first + index, outcome));

  test('is left as it is up to 400 deletions', () => {
    const deletions = many(400);
    expect(compact({ deletions })).toEqual({ deletions, items: {} });
    expect(compact({})).toEqual({ deletions: [], items: {} });
    expect(compact({ deletions: many(401) }).deletions).toEqual([]);
  });

  test('keeps every deletion but the items that are gone', () => {
    const left = [
      deletion('contacts', 5, gone),
      deletion('items', 1, { ...gone, result: 'refused' }),
      deletion('items', 2, { ...gone, result: 'guarded' }),
      deletion('items', 3),
    ];
    expect(compact({ deletions: [...left, ...many(400)] })).toEqual({
      deletions: left,
      items: {
        1044: {
          after: 0,
          complete: false,
          gone: 400,
          ended: [{ result: 'deleted', at, proof: 'answer', ids: '100-499' }],
        },
      },
    });
  });

  test('adds to what was compacted before, and forgets nothing of how far was read', () => {
    const ended = [{ result: 'already-gone' as const, at, proof: 'read' as const, ids: '7' }];
    const items = { 1044: { after: 90, complete: true, gone: 3, ended }, 1045: { after: 1, complete: false, gone: 0 } };
    expect(compact({ deletions: many(401), items }).items).toEqual({
      1044: { after: 90, complete: true, gone: 404, ended: [...ended, expect.objectContaining({ ids: '100-500' })] },
      1045: items[1045],
    });
  });

  test('keeps each outcome, moment and proof by itself', () => {
    const deletions = [
      ...many(400),
      deletion('items', 1, { ...gone, result: 'already-gone' }),
      deletion('items', 2, { ...gone, at: at + 1 }),
      deletion('items', 3, { ...gone, proof: 'read' }),
    ];
    expect(compact({ deletions }).items[1044]?.ended).toEqual([
      { result: 'deleted', at, proof: 'answer', ids: '100-499' },
      { result: 'already-gone', at, proof: 'answer', ids: '1' },
      { result: 'deleted', at: at + 1, proof: 'answer', ids: '2' },
      { result: 'deleted', at, proof: 'read', ids: '3' },
    ]);
  });

  test('names ids while they fit beside what is there, 60 characters more for each group, and counts the rest', () => {
    const listed = (characters: number, groups: number) => ({
      1044: {
        after: 0,
        complete: true,
        gone: 1,
        ended: Array.from({ length: groups }, (_, index) => ({
          result: 'deleted' as const,
          at,
          proof: 'answer' as const,
          ids: '1'.repeat(index === 0 ? characters - groups + 1 : 1),
        })),
      },
    });
    const groupsWith = (items: ReturnType<typeof listed>) => {
      const after = compact({ deletions: many(401), items }).items[1044];
      expect(after?.gone).toBe(402);
      return after?.ended?.length;
    };
    // `100-500` has seven characters.
    expect(groupsWith(listed(120_000 - 67 - 2 * 60, 2))).toBe(3);
    expect(groupsWith(listed(120_000 - 67 - 2 * 60 + 1, 2))).toBe(2);
  });
});
