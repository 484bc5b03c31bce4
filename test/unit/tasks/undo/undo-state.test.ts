import { expect, test } from '@jest/globals';
import { compactUndo, type Restored, undoSchema } from '../../../../lib/tasks/undo/undo-state.ts';

const state = (restored: Restored[]) => ({
  of: 'a',
  recreate: true,
  restored,
  linked: 3,
  relinked: [{ entityTypeId: 2, id: 1 }],
});

test('what has come back is the same after the table, whatever the ids, types and ways', () => {
  const restored: Restored[] = [
    { entityTypeId: 3, id: 5, newId: 900, how: 'recreated', complete: true },
    { entityTypeId: 3, id: 9, newId: 80, how: 'recreated', complete: true },
    { entityTypeId: 3, id: 2, newId: 4, how: 'recreated', complete: false },
    { entityTypeId: 4, id: 5, newId: 6, how: 'found', complete: true },
  ];
  expect(undoSchema.parse(compactUndo(state(restored)))).toEqual(state(restored));
  expect(undoSchema.parse(state(restored))).toEqual(state(restored));
});

test('ten thousand records that came back, in no order, take less than half a row of the table', () => {
  const restored = Array.from({ length: 10_000 }, (_, index): Restored => {
    const newId = 1_000_000 + ((index * 7_919) % 10_007);
    return { entityTypeId: 1044, id: 100_000 + 13 * index, newId, how: 'recreated', complete: true };
  });
  const compact = compactUndo(state(restored));
  expect(JSON.stringify(compact).length).toBeLessThan(200_000);
  expect(undoSchema.parse(compact).restored).toEqual(restored);
});

test('damaged pairs are no state: a record that is left out would be made a second time', () => {
  const damaged = [{ entityTypeId: 3, how: 'found', complete: true, pairs: '5>9,x>1' }];
  expect(undoSchema.safeParse({ ...state([]), restored: damaged }).success).toBe(false);
});
