import type { ContactLink } from '../../bitrix24/answers.ts';
import { EntityType } from '../../bitrix24/entity-types.ts';
import { deletionKey } from '../deletion.ts';
import { recordKey } from '../read-records.ts';
import type { Snapshot } from '../snapshots.ts';
import type { Deletion, RecordKey } from '../task.ts';
import type { KeptName, KeptOwner, KeptRecord } from './kept.ts';
import { removedBy, type Removing, unkeptOf } from './removed.ts';
import { referenceOf } from './writable-fields.ts';

/** A record and its contacts as they were, and which of them are to be linked to it again. */
export interface PlannedOwner extends KeptOwner {
  readonly back: ReadonlySet<number>;
}

/** A deleted record. One that is there again has an id above this one; one that is below was there all the time. */
export interface PlannedRecord extends KeptRecord {
  readonly above: number;
}

/** All that a task has removed, by the ids of that time. */
export interface UndoPlan {
  /** Deleted records, those first that others name. */
  readonly records: readonly PlannedRecord[];
  /** Whose links to which contacts are to come back: of records that are still there, and of deleted ones. */
  readonly owners: readonly PlannedOwner[];
  /** The owners of them that lost all their links, because a rule said so. */
  readonly unlinked: readonly RecordKey[];
  readonly names: readonly KeptName[];
  /** By contact: the companies that it had. */
  readonly companies: ReadonlyMap<number, ReadonlySet<number>>;
  /** What of these the task was about to remove, and nobody knows whether it has: what is there tells. */
  readonly unclear: readonly RecordKey[];
  /** How many deletions of the task are in no snapshot any more, and cannot be taken back. */
  readonly unkept: number;
  /** With `ids` no field is known: what was deleted cannot be recognized, nor made anew. */
  readonly depth: Snapshot['depth'];
  /** ms since the epoch: when the first snapshot was taken, so before the first deletion. */
  readonly since: number;
}

/** Companies before contacts, these before leads and deals, and items last: each names the ones before. */
const order: readonly number[] = [EntityType.company, EntityType.contact, EntityType.lead, EntityType.deal];

/** What is to come back: what the snapshots hold and the task has removed, or perhaps has. */
export function undoPlan(task: Removing, snapshots: readonly Snapshot[]): UndoPlan {
  const removed = removedBy(task);
  const unclear = new Map<string, RecordKey>();
  const isRemoved = (method: Deletion['method'], { entityTypeId, id }: RecordKey): boolean => {
    const answer = removed({ method, entityTypeId, id });
    if (answer === 'perhaps') unclear.set(deletionKey({ method, entityTypeId, id }), { entityTypeId, id });
    return answer !== 'no';
  };

  const records = new Map<string, PlannedRecord>();
  const owners = new Map<string, PlannedOwner>();
  const names = new Map<string, KeptName>();
  const unlinked = new Map<string, RecordKey>();
  const add = (owner: KeptOwner, isBack: (contactId: number) => boolean): void => {
    const before = owners.get(recordKey(owner));
    const known = new Set(before?.contacts.map(({ CONTACT_ID }) => CONTACT_ID));
    const added = owner.contacts.filter(({ CONTACT_ID }) => !known.has(CONTACT_ID));
    const back = owner.contacts.map(({ CONTACT_ID }) => CONTACT_ID).filter(isBack);
    const all = new Set([...(before?.back ?? []), ...back]);
    owners.set(recordKey(owner), { ...owner, contacts: [...(before?.contacts ?? []), ...added], back: all });
  };

  for (const { records: some, highest } of snapshots) {
    for (const record of some) {
      const above = Math.max(record.id, highest?.[record.entityTypeId] ?? 0);
      if (isRemoved('crm.item.delete', record)) records.set(recordKey(record), { ...record, above });
    }
  }
  const isGone = (entityTypeId: number, id: number) => records.has(recordKey({ entityTypeId, id }));
  for (const snapshot of snapshots) {
    for (const { owner, contacts } of linksOf(snapshot)) {
      const kind = owner.entityTypeId === EntityType.company ? 'company' : 'deal';
      if (!isRemoved(`crm.${kind}.contact.items.delete`, owner)) continue;
      add({ ...owner, contacts }, () => true);
      unlinked.set(recordKey(owner), owner);
    }
    for (const { contacts, ...owner } of snapshot.owners) {
      const isWhole = isGone(owner.entityTypeId, owner.id);
      add({ ...owner, contacts }, (contactId) => isWhole || isGone(EntityType.contact, contactId));
    }
    for (const name of snapshot.names) {
      const to = referenceOf(name.entityTypeId, name.field);
      if (typeof to === 'number' && isGone(to, name.to)) names.set(`${recordKey(name)}:${name.field}`, name);
    }
  }
  return {
    records: [...records.values()].toSorted((a, b) => rank(a) - rank(b) || a.id - b.id),
    owners: withOnePrimary([...owners.values()]).filter(({ back }) => back.size > 0),
    unlinked: [...unlinked.values()],
    names: [...names.values()],
    companies: companiesOf(snapshots),
    unclear: [...unclear.values()],
    unkept: unkeptOf(task, snapshots),
    depth: snapshots.some(({ depth }) => depth === 'ids') ? 'ids' : 'full',
    since: Math.min(...snapshots.map(({ takenAt }) => takenAt)),
  };
}

/** The first snapshot has what was there before the task had taken anything. */
function companiesOf(snapshots: readonly Snapshot[]): Map<number, ReadonlySet<number>> {
  const kept = snapshots.flatMap(({ companies = [] }) => companies).toReversed();
  return new Map(kept.map(({ contactId, companyIds }) => [contactId, new Set(companyIds)]));
}

/**
 * A contact has one primary company. Where two snapshots name two, the portal had chosen the second because the task had
 * taken the first away.
 */
function withOnePrimary(owners: readonly PlannedOwner[]): PlannedOwner[] {
  const chosen = new Map<number, number>();
  return owners.map((owner) => {
    if (owner.entityTypeId !== EntityType.company) return owner;
    const contacts = owner.contacts.map((link) => {
      if (link.IS_PRIMARY !== 'Y') return link;
      const first = chosen.get(link.CONTACT_ID) ?? owner.id;
      chosen.set(link.CONTACT_ID, first);
      return first === owner.id ? link : { ...link, IS_PRIMARY: 'N' as const };
    });
    return { ...owner, contacts };
  });
}

function rank({ entityTypeId }: RecordKey): number {
  const place = order.indexOf(entityTypeId);
  return place < 0 ? order.length : place;
}

function linksOf({ dealContacts, companyContacts }: Snapshot): { owner: RecordKey; contacts: ContactLink[] }[] {
  return [
    ...dealContacts.map(({ dealId, links }) => ({
      owner: { entityTypeId: EntityType.deal, id: dealId },
      contacts: links,
    })),
    ...companyContacts.map(({ companyId, links }) => ({
      owner: { entityTypeId: EntityType.company, id: companyId },
      contacts: links,
    })),
  ];
}
