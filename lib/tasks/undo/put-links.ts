import type { ContactLink } from '../../bitrix24/answers.ts';
import { type Command, maxBatchCommands } from '../../bitrix24/batch.ts';
import { EntityType } from '../../bitrix24/entity-types.ts';
import { recordKey } from '../read-records.ts';
import type { RecordKey } from '../task.ts';
import { ownerIn } from './collect.ts';
import { mergeLinks } from './merge-links.ts';
import { type ListRead, readAll, type Rows } from './read-all.ts';
import { contactsKey, contactsRead, itemsRead, numberIn, pagesOfIds } from './reads.ts';
import { UndoTrouble, type UndoRun } from './undo-run.ts';

/** Changes sent with one request; each may set off handlers and automation on the portal. */
const changesAtOnce = 20;

/** Reads lists, each of which must be readable. */
export async function readOrFail(undo: UndoRun, reads: readonly ListRead[]): Promise<Map<string, unknown[]>> {
  const { session, options } = undo.run;
  const found = await readAll(session, reads, options.clock);
  return new Map([...found].map(([key, rows]) => [key, rowsOf(key, rows)]));
}

function rowsOf(key: string, rows: Rows): unknown[] {
  if (rows.kind === 'rows') return rows.rows;
  const description = rows.row?.meaning ?? `What is there now could not be read (${key})`;
  throw new UndoTrouble({ code: 'PRESENT_UNREADABLE', description, row: rows.row });
}

/** Which of these records are there, as `recordKey`. */
export async function presentAmong(undo: UndoRun, records: readonly RecordKey[]): Promise<ReadonlySet<string>> {
  const reads = [...Map.groupBy(records, ({ entityTypeId }) => entityTypeId)].flatMap(([type, some]) =>
    pagesOfIds(some.map(({ id }) => id)).map((ids) => ({
      type,
      ...itemsRead(`there${type}n${ids[0]}`, type, { '@id': ids }, ['id']),
    })),
  );
  const found = await readOrFail(undo, reads);
  return new Set(
    reads.flatMap(({ key, type }) =>
      (found.get(key) ?? []).map((row) =>
        recordKey({ entityTypeId: type, id: numberIn((row as { id?: unknown }).id) ?? 0 }),
      ),
    ),
  );
}

/** Owners whose contacts are read and set one by one; all others by their field `contactIds`. */
const hasLinkMethods = ({ entityTypeId }: RecordKey): boolean =>
  entityTypeId === EntityType.deal || entityTypeId === EntityType.company;

/** Links contacts again to what they were linked to, as far as both are there, beside whoever is linked now. */
export async function putLinks(undo: UndoRun): Promise<void> {
  const contactOf = (id: number) => ({ entityTypeId: EntityType.contact, id });
  const contactNow = (id: number) => undo.idNow(contactOf(id));
  const whole = new Set(undo.plan.unlinked.map(recordKey));
  const wanted = undo.plan.owners.flatMap(({ entityTypeId, id, contacts, back }) => {
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
    return [{ owner: { entityTypeId, id: owner }, kept, back: wantedBack }];
  });
  const contacts = wanted.flatMap(({ back }) => [...back].map((id) => ({ entityTypeId: EntityType.contact, id })));
  const there = await presentAmong(undo, [...contacts, ...wanted.map(({ owner }) => owner)]);
  const present = await presentLinks(
    undo,
    wanted.map(({ owner }) => owner).filter((owner) => there.has(recordKey(owner))),
  );

  const isThere = (id: number) => there.has(recordKey({ entityTypeId: EntityType.contact, id }));
  const changes = wanted.flatMap(({ owner, kept, back }) => {
    const now = present.get(recordKey(owner));
    const merged = now && mergeLinks(owner.entityTypeId, kept, now, (id) => back.has(id) && isThere(id));
    return merged ? [{ owner, command: setCommand(owner, merged) }] : [];
  });
  const unlinked = new Set(undo.plan.unlinked.flatMap((owner) => undo.idNow(owner) ?? []));
  await send(undo, changes, 'links', (owner) => unlinked.has(owner.id));
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
    (found.get(key) ?? []).map((row) => {
      const id = numberIn((row as { id?: unknown }).id) ?? 0;
      const owner = { entityTypeId: type, id };
      return [recordKey(owner), ownerIn(type, row as Record<string, unknown>)?.contacts ?? []] as const;
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

/** Holds first, so that no rule comes in between; what is refused does not keep the others from being sent. */
export async function send(
  undo: UndoRun,
  changes: readonly Change[],
  what: 'links' | 'names',
  isHeld: (owner: RecordKey) => boolean,
): Promise<void> {
  const size = Math.min(changesAtOnce, maxBatchCommands);
  for (let start = 0; start < changes.length; start += size) {
    const some = changes.slice(start, start + size);
    await undo.hold(some.map(({ owner }) => owner).filter(isHeld));
    const answers = await undo.write(new Map(some.map(({ command }, index) => [`${what}${index}`, command])));
    let count = 0;
    for (const [index, { owner }] of some.entries()) {
      const text = `the ${what} of ${owner.entityTypeId}/${owner.id}`;
      if (undo.resultUnlessRefused(answers.get(`${what}${index}`), text) !== undefined) count += 1;
    }
    if (count > 0) await undo.note({ links: count });
  }
}
