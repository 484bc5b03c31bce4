import type { Clock } from '../../bitrix24/clock.ts';
import { EntityType } from '../../bitrix24/entity-types.ts';
import type { PortalSession } from '../../portals/session.ts';
import { recordKey } from '../read-records.ts';
import { type Belongings, collect, type Doomed, rowsOf, type Wanted } from './collect.ts';
import { readAll, type Rows } from './read-all.ts';
import {
  addressesRead,
  bankDetailsRead,
  contactsRead,
  isSmartProcess,
  itemsRead,
  numberIn,
  pagesOfIds,
  productRowsRead,
  requisitesRead,
} from './reads.ts';

const { lead, deal, contact, company } = EntityType;

/** So many records are read about in one round: no more are deleted by one batch. */
export const mostDoomed = 50;

/**
 * Reads what belongs to records that are about to be deleted: by one request, and by a second one when there are
 * requisites or linked deals; more only when a list has more than 50 rows.
 *
 * @param lostTypes types of the lost records, whose links to contacts and companies are looked for beside deals' and leads'
 * @throws as `PortalSession.batch`; PortalBusy also when a list met a limit
 */
export async function readBelongings(
  session: Pick<PortalSession, 'batch'>,
  doomed: readonly Doomed[],
  lostTypes: Iterable<number>,
  clock: Clock,
): Promise<Belongings> {
  const first = firstReads(doomed, new Set([deal, lead, ...lostTypes]));
  const found = await readAll(session, first, clock);
  const second = secondReads(first, found);
  const later = await readAll(session, second, clock);
  return collect(doomed, [...first, ...second], new Map([...found, ...later]));
}

function firstReads(doomed: readonly Doomed[], linkedTypes: ReadonlySet<number>): Wanted[] {
  const about = (entityTypeId: number, ids: readonly number[]) => ids.map((id) => recordKey({ entityTypeId, id }));
  const ofType = (type: number, depth?: 'full') =>
    doomed.filter((one) => one.entityTypeId === type && (depth === undefined || one.depth === depth));
  const reads: Wanted[] = [];
  for (const type of [contact, company]) {
    for (const ids of pagesOfIds(ofType(type, 'full').map(({ id }) => id))) {
      reads.push({ ...requisitesRead(type, ids), about: about(type, ids) });
      reads.push({ ...addressesRead(type, ids), about: about(type, ids) });
    }
  }
  for (const ids of pagesOfIds(ofType(contact).map(({ id }) => id))) {
    for (const type of linkedTypes) {
      const read = itemsRead(`linked${type}n${ids[0]}`, type, { '@contactIds': ids }, [
        'id',
        'contactId',
        'contactIds',
      ]);
      reads.push({ ...read, about: about(contact, ids) });
    }
  }
  for (const ids of pagesOfIds(ofType(company).map(({ id }) => id))) {
    for (const type of linkedTypes) {
      const read = itemsRead(`companyId${type}n${ids[0]}`, type, { '@companyId': ids }, ['id', 'companyId']);
      reads.push({ ...read, about: about(company, ids) });
    }
  }
  for (const ids of pagesOfIds(ofType(lead).map(({ id }) => id))) {
    const read = itemsRead(`leadId${deal}n${ids[0]}`, deal, { '@leadId': ids }, ['id', 'leadId']);
    reads.push({ ...read, about: about(lead, ids) });
  }
  for (const one of doomed) {
    const itself = [recordKey(one)];
    if (one.entityTypeId === deal || one.entityTypeId === company) reads.push({ ...contactsRead(one), about: itself });
    else if (one.entityTypeId === contact) {
      const firms = companiesOf(one.fields).map((id) => contactsRead({ entityTypeId: company, id }));
      reads.push(...firms.map((read) => ({ ...read, about: itself })));
    }
    if (one.depth === 'ids' || one.entityTypeId === contact || one.entityTypeId === company) continue;
    const mayBeRefused = isSmartProcess(one.entityTypeId) && { mayBeRefused: true as const };
    reads.push({ ...productRowsRead(one), about: itself, ...mayBeRefused });
  }
  return merged(reads);
}

/** Two records may ask for the same. */
function merged(reads: readonly Wanted[]): Wanted[] {
  return [...Map.groupBy(reads, ({ key }) => key).values()].flatMap(([first, ...others]) =>
    first ? [{ ...first, about: [...new Set([first, ...others].flatMap(({ about }) => about))] }] : [],
  );
}

/** Bank details of the requisites, and the order of the contacts of deals. */
function secondReads(first: readonly Wanted[], found: ReadonlyMap<string, Rows>): Wanted[] {
  const rows = (read: Wanted) => rowsOf(found.get(read.key));
  const requisites = first.filter(({ method }) => method === 'crm.requisite.list');
  const banks = pagesOfIds(requisites.flatMap(rows).flatMap((row) => numberIn(row['ID']) ?? [])).map((ids) => ({
    ...bankDetailsRead(ids),
    about: requisites.flatMap(({ about }) => about),
  }));
  const known = new Set(first.map(({ key }) => key));
  const deals = first
    .filter(({ key }) => key.startsWith(`linked${deal}n`))
    .flatMap((read) =>
      rows(read).flatMap((row) => {
        const id = numberIn(row['id']);
        return id === undefined ? [] : [{ ...contactsRead({ entityTypeId: deal, id }), about: read.about }];
      }),
    );
  return [...banks, ...merged(deals).filter(({ key }) => !known.has(key))];
}

/** The companies of a contact, as its fields tell. */
function companiesOf({ companyIds, companyId }: Doomed['fields']): number[] {
  const listed = Array.isArray(companyIds) ? companyIds : [companyId];
  return listed.flatMap((id) => numberIn(id) ?? []).filter((id) => id > 0);
}
