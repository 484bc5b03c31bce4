import { describe, expect, test } from '@jest/globals';
import type { Deletion } from '../../../../lib/tasks/task.ts';
import { removedBy, unkeptOf } from '../../../../lib/tasks/undo/removed.ts';

const contact = { what: 'contacts', method: 'crm.item.delete', entityTypeId: 3, id: 5 } as const;
const ended = (result: NonNullable<Deletion['outcome']>['result']): Deletion => ({
  ...contact,
  snapshotAt: 1,
  outcome: { result, at: 2, proof: 'read' },
});

describe('of what stands in a snapshot', () => {
  test.each([
    ['deleted', 'yes'],
    ['already-gone', 'yes'],
    ['spared', 'perhaps'],
    ['refused', 'no'],
    ['guarded', 'no'],
    ['held', 'no'],
  ] as const)('what ended as %s was removed: %s', (result, removed) => {
    expect(removedBy({ deletions: [ended(result)] })(contact)).toBe(removed);
  });

  test('what was about to be deleted and has no outcome was perhaps removed', () => {
    expect(removedBy({ deletions: [{ ...contact, snapshotAt: 1 }] })(contact)).toBe('perhaps');
    expect(removedBy({ deletions: [contact] })(contact)).toBe('no');
  });

  test('items that are only counted were removed', () => {
    const item = { ...contact, entityTypeId: 1044 };
    expect(removedBy({ items: { 1044: { after: 9, complete: true, gone: 3 } } })(item)).toBe('yes');
    expect(removedBy({ items: { 1044: { after: 9, complete: true, gone: 0 } } })(item)).toBe('no');
  });
});

describe('what is in no snapshot any more', () => {
  const snapshot = (ids: readonly number[], entityTypeId: number) => ({
    v: 1 as const,
    takenAt: 1,
    depth: 'full' as const,
    dealContacts: [],
    companyContacts: [],
    owners: [],
    names: [],
    records: ids.map((id) => ({ entityTypeId, id, fields: {}, requisites: [], productRows: [] })),
  });

  test('is nothing while every snapshot is there', () => {
    expect(unkeptOf({ deletions: [ended('deleted')], snapshots: 1 }, [snapshot([], 3)])).toBe(0);
  });

  test('is what the others do not have, and of items that are only counted as many as are missing', () => {
    const items = { 1044: { after: 9, complete: true, gone: 3 } };
    const task = { deletions: [ended('deleted')], items, snapshots: 2 };
    expect(unkeptOf(task, [snapshot([5], 3)])).toBe(3);
    expect(unkeptOf(task, [snapshot([7, 8], 1044)])).toBe(2);
  });

  test('is not what was kept or never deleted', () => {
    expect(unkeptOf({ deletions: [ended('guarded')], snapshots: 2 }, [snapshot([], 3)])).toBe(0);
  });
});
