import { EntityType } from '../../bitrix24/entity-types.ts';
import { deletionKey } from '../deletion.ts';
import { recordKey } from '../read-records.ts';
import { mostSnapshots, type Snapshot, type SnapshotStore } from '../snapshots.ts';
import type { Targets } from '../targets.ts';
import type { Deletion, Task } from '../task.ts';
import type { Belongings } from './collect.ts';
import { referenceOf } from './writable-fields.ts';

/** What these deletions remove, with all that belongs to it, or only what it was linked to. */
export function snapshotOf(
  deletions: readonly Deletion[],
  targets: Targets,
  belongings: Belongings | undefined,
  { takenAt, depth }: { takenAt: number; depth: 'full' | 'ids' },
): Snapshot {
  const snapshot: Snapshot = {
    v: 1,
    takenAt,
    depth,
    dealContacts: [],
    companyContacts: [],
    records: [],
    owners: [],
    names: [],
    highest: { ...belongings?.highest },
  };
  for (const deletion of deletions) {
    const { entityTypeId, id } = deletion;
    const target = targets.get(deletionKey(deletion));
    if (target?.kind === 'record') {
      const key = recordKey(deletion);
      snapshot.records.push({
        entityTypeId,
        id,
        fields: depth === 'full' ? { ...target.fields } : {},
        requisites: [...(belongings?.requisites.get(key) ?? [])],
        productRows: [...(belongings?.productRows.get(key) ?? [])],
      });
    } else if (target?.kind !== 'links')
      throw new Error(`There is nothing to take a snapshot of for ${deletionKey(deletion)}`);
    else if (entityTypeId === EntityType.company) snapshot.companyContacts.push({ companyId: id, links: target.links });
    else snapshot.dealContacts.push({ dealId: id, links: target.links });
  }
  const kept = new Set(snapshot.records.map(recordKey));
  const isKept = (entityTypeId: number, id: number) => kept.has(recordKey({ entityTypeId, id }));
  const owners = (belongings?.owners ?? []).filter(
    (owner) =>
      isKept(owner.entityTypeId, owner.id) ||
      owner.contacts.some(({ CONTACT_ID }) => isKept(EntityType.contact, CONTACT_ID)),
  );
  const names = (belongings?.names ?? []).filter(({ entityTypeId, field, to }) => {
    const named = referenceOf(entityTypeId, field);
    return typeof named === 'number' && isKept(named, to);
  });
  const companyLinks = [
    ...owners.filter(({ entityTypeId }) => entityTypeId === EntityType.company).flatMap(({ contacts }) => contacts),
    ...snapshot.companyContacts.flatMap(({ links }) => links),
  ];
  const partners = new Set(companyLinks.filter((one) => one.IS_PRIMARY === 'Y').map((one) => one.CONTACT_ID));
  const companies = (belongings?.companies ?? []).filter(({ contactId }) => partners.has(contactId));
  return { ...snapshot, owners, names, ...(companies.length > 0 && { companies }) };
}

/** How many snapshots the task has now; undefined when there is no room for one more. */
export async function storeSnapshot(
  snapshots: SnapshotStore,
  { taskId, snapshots: before = 0 }: Task,
  snapshot: Snapshot,
): Promise<number | undefined> {
  // A number may be taken although the task does not know it: by a try that died before it could note it.
  for (let number = before; number < mostSnapshots; number += 1) {
    if (await snapshots.put(taskId, number, snapshot)) return number + 1;
  }
  return undefined;
}
