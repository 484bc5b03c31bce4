import { EntityType } from '../../bitrix24/entity-types.ts';
import { deletionKey } from '../deletion.ts';
import type { Snapshot } from '../snapshots.ts';
import type { Deletion, Task } from '../task.ts';

/** What a task says of its deletions. */
export type Removing = Pick<Task, 'deletions' | 'items' | 'snapshots'>;

/**
 * Whether the task has removed it, of what stands in one of its snapshots. `perhaps`: it was about to, and what became of
 * it is not known, because the worker died, or because no answer came before the task ended or found the link cut. Found
 * gone after the snapshot was taken counts as removed: its own call may have been the one whose answer never came.
 */
export function removedBy({
  deletions = [],
  items = {},
}: Removing): (what: Pick<Deletion, 'method' | 'entityTypeId' | 'id'>) => 'yes' | 'perhaps' | 'no' {
  const noted = new Map(deletions.map((deletion) => [deletionKey(deletion), deletion]));
  return (what) => {
    const deletion = noted.get(deletionKey(what));
    // Of thousands of items those that are gone are only counted.
    if (!deletion) return (items[String(what.entityTypeId)]?.gone ?? 0) > 0 ? 'yes' : 'no';
    return hasRemoved(deletion);
  };
}

function hasRemoved({ outcome, snapshotAt }: Deletion): 'yes' | 'perhaps' | 'no' {
  if (outcome?.result === 'deleted' || outcome?.result === 'already-gone') return 'yes';
  // What is refused, guarded or held was read as being there.
  const isOpen = outcome === undefined || outcome.result === 'spared';
  return isOpen && snapshotAt !== undefined ? 'perhaps' : 'no';
}

/** How many of the task's deletions are in no snapshot any more: a task of many days outlives the first of them. */
export function unkeptOf(task: Removing, snapshots: readonly Snapshot[]): number {
  if (snapshots.length >= (task.snapshots ?? 0)) return 0;
  const records = snapshots.flatMap((one) => one.records);
  const kept = new Set([
    ...records.map(({ entityTypeId, id }) => deletionKey({ method: 'crm.item.delete', entityTypeId, id })),
    ...snapshots.flatMap(({ dealContacts }) =>
      dealContacts.map(({ dealId: id }) =>
        deletionKey({ method: 'crm.deal.contact.items.delete', entityTypeId: EntityType.deal, id }),
      ),
    ),
    ...snapshots.flatMap(({ companyContacts }) =>
      companyContacts.map(({ companyId: id }) =>
        deletionKey({ method: 'crm.company.contact.items.delete', entityTypeId: EntityType.company, id }),
      ),
    ),
  ]);
  const deletions = task.deletions ?? [];
  const named = deletions.filter((one) => one.snapshotAt !== undefined && hasRemoved(one) !== 'no');
  const listed = new Set(deletions.map(deletionKey));
  const counted = Object.entries(task.items ?? {}).map(([type, { gone }]) => {
    const ids = records
      .filter(({ entityTypeId }) => String(entityTypeId) === type)
      .map(({ entityTypeId, id }) => deletionKey({ method: 'crm.item.delete', entityTypeId, id }));
    return Math.max(0, gone - new Set(ids.filter((key) => !listed.has(key))).size);
  });
  return named.filter((one) => !kept.has(deletionKey(one))).length + counted.reduce((sum, one) => sum + one, 0);
}
