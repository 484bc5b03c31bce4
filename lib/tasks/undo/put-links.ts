import type { ContactLink } from '../../bitrix24/answers.ts';
import { type Command, maxBatchCommands } from '../../bitrix24/batch.ts';
import { EntityType } from '../../bitrix24/entity-types.ts';
import { recordKey } from '../read-records.ts';
import type { RecordKey } from '../task.ts';
import { hasContactIds, ownerIn } from './collect.ts';
import { mergeLinks } from './merge-links.ts';
import { presentAmong, readOrFail } from './present.ts';
import { companiesReads, contactsKey, contactsRead, itemsRead, numberIn, pagesOfIds } from './reads.ts';
import type { UndoRun } from './undo-run.ts';

/** Changes sent with one request; each may set off handlers and automation on the portal. */
const changesAtOnce = 20;

/** Owners whose contacts are read and set one by one; all others by their field `contactIds`. */
const hasLinkMethods = ({ entityTypeId }: RecordKey): boolean =>
  entityTypeId === EntityType.deal || entityTypeId === EntityType.company;

/** A record whose links are to come back: `kept` as they were, by present ids, and which of them are lost. */
interface WantedLinks {
  readonly owner: RecordKey;
  readonly kept: readonly ContactLink[];
  readonly back: ReadonlySet<number>;
  /** All its links were lost, and none was put back before. */
  readonly wasEmptied: boolean;
}

/** Links contacts again to what they were linked to, as far as both are there, beside whoever is linked now. */
export async function putLinks(undo: UndoRun): Promise<void> {
  const wanted = wantedLinks(undo);
  const contacts = wanted.flatMap(({ back }) => [...back].map((id) => ({ entityTypeId: EntityType.contact, id })));
  const there = await presentAmong(undo, [...contacts, ...wanted.map(({ owner }) => owner)]);
  const alive = wanted.flatMap(({ back, ...one }): WantedLinks[] => {
    const present = [...back].filter((id) => there.has(recordKey({ entityTypeId: EntityType.contact, id })));
    return there.has(recordKey(one.owner)) ? [{ ...one, back: new Set(present) }] : [];
  });
  const changed = new Set((await linkChanges(undo, alive)).map(({ owner }) => recordKey(owner)));
  const unlinked = new Set(
    undo.plan.unlinked.map(({ entityTypeId, id }) =>
      recordKey({ entityTypeId, id: undo.idNow({ entityTypeId, id }) ?? id }),
    ),
  );
  await send(
    undo,
    alive.filter(({ owner }) => changed.has(recordKey(owner))),
    (some) => linkChanges(undo, some),
    { what: 'links', isHeld: (owner) => unlinked.has(recordKey(owner)) },
  );
}

function wantedLinks(undo: UndoRun): WantedLinks[] {
  const contactOf = (id: number) => ({ entityTypeId: EntityType.contact, id });
  const contactNow = (id: number) => undo.idNow(contactOf(id));
  const whole = new Set(undo.plan.unlinked.map(recordKey));
  return undo.plan.owners.flatMap(({ entityTypeId, id, contacts, back }): WantedLinks[] => {
    const owner = undo.idNow({ entityTypeId, id });
    const kept = contacts.flatMap((link) => {
      const contactId = contactNow(link.CONTACT_ID);
      return contactId === undefined ? [] : [{ ...link, CONTACT_ID: contactId }];
    });
    // A contact or record that turns out never to have been gone has lost no link by us.
    const isLost = whole.has(recordKey({ entityTypeId, id })) || undo.wasAway({ entityTypeId, id });
    const lost = [...back].filter((contactId) => isLost || undo.wasAway(contactOf(contactId)));
    const wantedBack = new Set(lost.flatMap((contactId) => contactNow(contactId) ?? []));
    if (owner === undefined || wantedBack.size === 0) return [];
    const wasEmptied = !undo.hasLinkedBefore && whole.has(recordKey({ entityTypeId, id }));
    return [{ owner: { entityTypeId, id: owner }, kept, back: wantedBack, wasEmptied }];
  });
}

/** What is to be written, as the links are now. */
async function linkChanges(undo: UndoRun, wanted: readonly WantedLinks[]): Promise<Change[]> {
  const present = await presentLinks(
    undo,
    wanted.map(({ owner }) => owner),
  );
  const chosen = await contactsWithChosenCompany(undo, wanted);
  return wanted.flatMap(({ owner, kept: asKept, back, wasEmptied }): Change[] => {
    const now = present.get(recordKey(owner));
    const kept = asKept.map((link) =>
      owner.entityTypeId === EntityType.company && chosen.has(link.CONTACT_ID)
        ? { ...link, IS_PRIMARY: 'N' as const }
        : link,
    );
    const merged = now && mergeLinks(owner.entityTypeId, kept, now, (id) => back.has(id), wasEmptied);
    return merged ? [{ owner, command: setCommand(owner, merged) }] : [];
  });
}

/** Contacts that had their primary company here, and for which a person has chosen another one since. */
async function contactsWithChosenCompany(undo: UndoRun, wanted: readonly WantedLinks[]): Promise<ReadonlySet<number>> {
  const { company } = EntityType;
  const links = wanted.flatMap(({ owner, kept, back }) =>
    owner.entityTypeId === company ? kept.filter(({ CONTACT_ID }) => back.has(CONTACT_ID)) : [],
  );
  const reads = companiesReads(links.filter((one) => one.IS_PRIMARY === 'Y').map((one) => one.CONTACT_ID));
  const found = await readOrFail(undo, reads);
  const rows = [...found.values()].flat() as Readonly<Record<string, unknown>>[];
  const companies = new Map(
    [...undo.plan.companies].flatMap(([id, had]) => {
      const now = undo.idNow({ entityTypeId: EntityType.contact, id });
      const hasNow = [...had].map((one) => undo.idNow({ entityTypeId: company, id: one }) ?? one);
      return now === undefined ? [] : [[now, new Set(hasNow)] as const];
    }),
  );
  return new Set(
    rows.flatMap((row) => {
      const [id, primary] = [numberIn(row['id']) ?? 0, numberIn(row['companyId']) ?? 0];
      // Where it is one that the contact had, the portal has taken what was left.
      return primary > 0 && companies.get(id)?.has(primary) !== true ? [id] : [];
    }),
  );
}

async function presentLinks(
  undo: UndoRun,
  owners: readonly RecordKey[],
): Promise<ReadonlyMap<string, readonly ContactLink[]>> {
  const reads = owners.filter(hasLinkMethods).map((owner) => contactsRead(owner));
  const others = Map.groupBy(
    owners.filter((owner) => !hasLinkMethods(owner)),
    ({ entityTypeId }) => entityTypeId,
  );
  const lists = [...others].flatMap(([type, some]) =>
    pagesOfIds(some.map(({ id }) => id)).map((ids) => ({
      type,
      ...itemsRead(`owners${type}n${ids[0]}`, type, { '@id': ids }, ['id', 'contactId', 'contactIds']),
    })),
  );
  const found = await readOrFail(undo, [...reads, ...lists]);
  const rows = lists.flatMap(({ key, type }) =>
    (found.get(key) ?? []).flatMap((row) => {
      const fields = row as Record<string, unknown>;
      const owner = { entityTypeId: type, id: numberIn(fields['id']) ?? 0 };
      if (hasContactIds(fields)) return [[recordKey(owner), ownerIn(type, fields)?.contacts ?? []] as const];
      undo.leave(`The portal does not say which contacts ${type}/${owner.id} has: its links were not put back`);
      return [];
    }),
  );
  const links = owners
    .filter(hasLinkMethods)
    .map((owner) => [recordKey(owner), (found.get(contactsKey(owner)) ?? []) as ContactLink[]] as const);
  return new Map([...links, ...rows]);
}

function setCommand(owner: RecordKey, links: readonly ContactLink[]): Command {
  if (hasLinkMethods(owner)) {
    const kind = owner.entityTypeId === EntityType.company ? 'company' : 'deal';
    return { method: `crm.${kind}.contact.items.set`, params: { id: owner.id, items: links } };
  }
  // The first of the list becomes the primary one.
  const sorted = links.toSorted((a, b) => Number(b.IS_PRIMARY === 'Y') - Number(a.IS_PRIMARY === 'Y'));
  return updateCommand(owner, { contactIds: sorted.map(({ CONTACT_ID }) => CONTACT_ID) });
}

export function updateCommand({ entityTypeId, id }: RecordKey, fields: Record<string, unknown>): Command {
  return { method: 'crm.item.update', params: { entityTypeId, id, fields, useOriginalUfNames: 'Y' } };
}

export interface Change {
  readonly owner: RecordKey;
  readonly command: Command;
}

/**
 * Writes what is wanted, some at a time. What is there is read right before it is written, so that what people change
 * while the undo is at others stays. Holds first, so that no rule comes in between; what is refused does not keep the
 * others from being sent.
 */
export async function send<Wanted>(
  undo: UndoRun,
  wanted: readonly Wanted[],
  changesOf: (some: readonly Wanted[]) => Promise<readonly Change[]>,
  { what, isHeld = () => false }: { what: 'links' | 'names'; isHeld?: (owner: RecordKey) => boolean },
): Promise<void> {
  const size = Math.min(changesAtOnce, maxBatchCommands);
  for (let start = 0; start < wanted.length; start += size) {
    const some = await changesOf(wanted.slice(start, start + size));
    if (some.length === 0) continue;
    await undo.hold(some.map(({ owner }) => owner).filter(isHeld));
    const answers = await undo.write(new Map(some.map(({ command }, index) => [`${what}${index}`, command])));
    const linked: RecordKey[] = [];
    for (const [index, { owner }] of some.entries()) {
      const text = `the ${what} of ${owner.entityTypeId}/${owner.id}`;
      if (undo.resultUnlessRefused(answers.get(`${what}${index}`), text) !== undefined) linked.push(owner);
    }
    if (linked.length > 0)
      await undo.note({ linked: what === 'links' ? linked : [], named: what === 'names' ? linked.length : 0 });
  }
}
