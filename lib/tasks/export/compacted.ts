import { fromRanges } from '../id-ranges.ts';
import type { Deletion, Task } from '../task.ts';

/** The items that a task no longer lists one by one, as the deletions that they were. */
export function* compactedItems({ items = {} }: Pick<Task, 'items'>): Generator<Deletion> {
  for (const [type, { ended = [] }] of Object.entries(items)) {
    for (const { result, at, proof, ids } of ended) {
      for (const id of fromRanges(ids)) {
        const item = { what: 'items', method: 'crm.item.delete', entityTypeId: Number(type), id } as const;
        yield { ...item, outcome: { result, at, proof } };
      }
    }
  }
}

/** How many items of each type are gone of which not even the ids are kept. */
export function onlyCounted(task: Pick<Task, 'items'>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const [type, { gone }] of Object.entries(task.items ?? {})) counts.set(Number(type), gone);
  for (const { entityTypeId } of compactedItems(task)) {
    counts.set(entityTypeId, (counts.get(entityTypeId) ?? 0) - 1);
  }
  return new Map([...counts].filter(([, count]) => count > 0));
}
