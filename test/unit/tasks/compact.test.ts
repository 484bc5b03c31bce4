import { describe, expect, test } from '@jest/globals';
import { DestructionRecord } from '../../../lib/tasks/export/destruction-record.ts';
import { compactedItems, onlyCounted } from '../../../lib/tasks/export/compacted.ts';
import { fromRanges, toRanges } from '../../../lib/tasks/id-ranges.ts';
import { compact } from '../../../lib/tasks/progress.ts';
import type { Deletion, Task } from '../../../lib/tasks/task.ts';

const at = Date.UTC(2027, 0, 1);

function items(count: number, step = 1, result: 'deleted' | 'already-gone' = 'deleted'): Deletion[] {
  return Array.from({ length: count }, (_, index) => ({
    what: 'items',
    method: 'crm.item.delete',
    entityTypeId: 1044,
    id: 100 + index * step,
    outcome: { result, at, proof: 'answer' },
  }));
}

describe('ranges of ids', () => {
  test.each([
    [[], ''],
    [[7], '7'],
    [[3, 1, 2, 2], '1-3'],
    [[1, 3, 4, 9], '1,3-4,9'],
  ])('%j is %j, and back', (ids, text) => {
    expect(toRanges(ids)).toBe(text);
    expect([...fromRanges(text)]).toEqual([...new Set(ids)].toSorted((a, b) => a - b));
  });

  test('what is no range is left out', () => {
    expect([...fromRanges('1,x,-4,5-3,9')]).toEqual([1, 9]);
  });
});

describe('a task with thousands of items', () => {
  test('keeps which were deleted and which were gone already', () => {
    const before = [...items(450), ...items(3, 1, 'already-gone').map((one) => ({ ...one, id: one.id + 9_000 }))];
    const { deletions, items: kept } = compact({ deletions: before, items: {} });
    expect(deletions).toEqual([]);
    expect(kept[1044]).toMatchObject({
      gone: 453,
      ended: [{ ids: '100-549' }, { result: 'already-gone', ids: '9100-9102' }],
    });
    expect([...compactedItems({ items: kept })]).toEqual(before);
  });

  test('is compacted again and again without losing any', () => {
    let kept: Task['items'] = {};
    for (let round = 0; round < 5; round += 1) {
      const deletions = items(401).map((one) => ({ ...one, id: one.id + round * 1_000 }));
      ({ items: kept } = compact({ deletions, items: kept }));
    }
    expect(new Set([...compactedItems({ items: kept })].map(({ id }) => id)).size).toBe(5 * 401);
    expect(onlyCounted({ items: kept }).size).toBe(0);
  });

  test('counts what does not fit into its row, and stays smaller than a row may be', () => {
    let kept: Task['items'] = {};
    for (let round = 0; round < 100; round += 1) {
      const deletions = items(500, 7).map((one) => ({ ...one, id: one.id + 10_000_000 + round * 5_000 }));
      ({ items: kept } = compact({ deletions, items: kept }));
    }
    expect(JSON.stringify(kept).length).toBeLessThan(200_000);
    const listed = [...compactedItems({ items: kept })].length;
    expect(listed).toBeGreaterThan(5_000);
    expect(listed + (onlyCounted({ items: kept }).get(1044) ?? 0)).toBe(50_000);
  });

  test('has a line for each deleted one in the destruction record', () => {
    const { items: kept } = compact({ deletions: items(450) });
    const task = {
      taskId: 'a',
      rule: { id: 'r', version: 1 },
      status: 'done',
      endedAt: at,
      items: kept,
    } as unknown as Task;
    const record = new DestructionRecord({ since: 0, until: at + 1, domain: 'd', memberId: 'm', by: 'b', at }, 'csv');
    record.begin();
    expect(record.add(task).trimEnd().split('\r\n')).toHaveLength(450);
    expect(record.end(0)).toContain('count,deletions deleted,450,');
  });
});
