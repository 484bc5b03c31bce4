import * as z from 'zod';
import type { Clock } from '../../bitrix24/clock.ts';
import { EntityType } from '../../bitrix24/entity-types.ts';
import type { Verdict } from '../../bitrix24/reactions.ts';
import type { PortalSession } from '../../portals/session.ts';
import { recordKey } from '../read-records.ts';
import { type Belongings, collect, type Doomed, rowsOf, type Wanted } from './collect.ts';
import { readAll, type Rows } from './read-all.ts';
import {
  addressesRead,
  bankDetailsRead,
  companiesReads,
  contactsRead,
  highestRead,
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
 * Reads what belongs to records that are about to be deleted, and what they are linked to: by two requests, more only when
 * a list has more than 50 rows or the portal very many smart processes.
 *
 * @param partners contacts that lose their primary company
 * @throws as `PortalSession.batch`; PortalBusy also when a list met a limit
 */
export async function readBelongings(
  session: Pick<PortalSession, 'batch'>,
  doomed: readonly Doomed[],
  clock: Clock,
  partners: readonly number[] = [],
): Promise<Belongings> {
  const ofDoomed = [...belongingReads(doomed), ...linkReads(doomed, [deal, lead]), typesRead(doomed)];
  const first = merged([...(doomed.length > 0 ? ofDoomed : []), ...partnerReads(partners)]);
  const found = await readAll(session, first, clock);
  const second = secondReads(doomed, first, found);
  const later = await readAll(session, second, clock);
  return collect(doomed, [...first, ...second], new Map([...found, ...later]));
}

/** Without them undo leaves the primary company as it is then: no reason to delete nothing. */
function partnerReads(contactIds: Iterable<number>): Wanted[] {
  return companiesReads(contactIds).map((read) => ({ ...read, about: [], isAbsent: () => true }));
}

const keysOf = (entityTypeId: number, ids: readonly number[]) => ids.map((id) => recordKey({ entityTypeId, id }));

function pagesOf(doomed: readonly Doomed[], type: number, depth?: 'full'): number[][] {
  const some = doomed.filter((one) => one.entityTypeId === type && (depth === undefined || one.depth === depth));
  return pagesOfIds(some.map(({ id }) => id));
}

/** Requisites and addresses, product rows, contacts in their order, and what tells doubles from restored records. */
function belongingReads(doomed: readonly Doomed[]): Wanted[] {
  const whole = Map.groupBy(
    doomed.filter(({ depth }) => depth === 'full'),
    ({ entityTypeId }) => entityTypeId,
  );
  const reads: Wanted[] = [...whole].map(([type, some]) => ({ ...highestRead(type), about: some.map(recordKey) }));
  for (const type of [contact, company]) {
    for (const ids of pagesOf(doomed, type, 'full')) {
      reads.push({ ...requisitesRead(type, ids), about: keysOf(type, ids) });
      reads.push({ ...addressesRead(type, ids), about: keysOf(type, ids) });
    }
  }
  for (const one of doomed) {
    const about = [recordKey(one)];
    if (one.entityTypeId === deal || one.entityTypeId === company) reads.push({ ...contactsRead(one), about });
    else if (one.entityTypeId === contact) {
      const firms = companiesOf(one.fields).map((id) => contactsRead({ entityTypeId: company, id }));
      reads.push(...firms.map((read) => ({ ...read, about })));
    }
    if (one.depth === 'ids' || one.entityTypeId === contact || one.entityTypeId === company) continue;
    // A type without product rows says that access is denied (crm-item-productrow-list.md).
    const isAbsent = isSmartProcess(one.entityTypeId) && { isAbsent: (row: Verdict) => row.reaction === 'permanent' };
    reads.push({ ...productRowsRead(one), about, ...isAbsent });
  }
  return reads;
}

/** Records of these types that are linked to the doomed ones, or name them. */
function linkReads(doomed: readonly Doomed[], types: readonly number[]): Wanted[] {
  const known = new Set<number>([contact, company]);
  const parents = [...new Set(doomed.map(({ entityTypeId }) => entityTypeId))].filter((type) => !known.has(type));
  return types.flatMap((type): Wanted[] => {
    // A type without clients or without such a parent does not know the field.
    const isAbsent = ![deal, lead].some((one) => one === type) && { isAbsent: isUnknownField };
    const named = (field: string, of: number, orElse: Partial<Wanted> = { ...isAbsent }) =>
      pagesOf(doomed, of).map((ids) => ({
        ...itemsRead(`names${field}of${type}n${ids[0]}`, type, { [`@${field}`]: ids }, ['id', field]),
        about: keysOf(of, ids),
        ...orElse,
      }));
    const linked = pagesOf(doomed, contact).map((ids) => ({
      ...itemsRead(`linked${type}n${ids[0]}`, type, { '@contactIds': ids }, ['id', 'contactId', 'contactIds']),
      about: keysOf(contact, ids),
      ...isAbsent,
    }));
    return [
      ...linked,
      ...named('companyId', company),
      ...(type === deal ? named('leadId', lead) : []),
      ...parents
        .filter((parent) => parent !== type && (parent > company || ![deal, lead].some((one) => one === type)))
        .flatMap((parent) => named(`parentId${parent}`, parent, { isAbsent: isUnknownField })),
    ];
  });
}

function isUnknownField({ name }: Verdict): boolean {
  return name === 'argument-value-invalid';
}

const typesSchema = z.object({ types: z.array(z.object({ entityTypeId: z.coerce.number().int() })) });

/** The portal's smart processes: their items may be linked to anything. */
function typesRead(doomed: readonly Doomed[]): Wanted {
  return {
    key: 'types',
    method: 'crm.type.list',
    params: { order: { id: 'ASC' } },
    paged: 'start',
    rows: (result) => typesSchema.safeParse(result).data?.types,
    about: doomed.map(recordKey),
  };
}

/** Two records may ask for the same. */
function merged(reads: readonly Wanted[]): Wanted[] {
  return [...Map.groupBy(reads, ({ key }) => key).values()].flatMap(([first, ...others]) =>
    first ? [{ ...first, about: [...new Set([first, ...others].flatMap(({ about }) => about))] }] : [],
  );
}

/** Bank details of the requisites, the order of the contacts of deals, and links of items. */
function secondReads(doomed: readonly Doomed[], first: readonly Wanted[], found: ReadonlyMap<string, Rows>): Wanted[] {
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
  const types = rowsOf(found.get('types')).flatMap(({ entityTypeId }) => numberIn(entityTypeId) ?? []);
  const items = linkReads(doomed, [...new Set([...types, EntityType.smartInvoice])]);
  const ofCompanies = first.filter(({ key }) => key.startsWith(`contacts${company}n`));
  const partners = ofCompanies.flatMap(rows).filter((row) => row['IS_PRIMARY'] === 'Y');
  const companies = partnerReads(partners.flatMap((row) => numberIn(row['CONTACT_ID']) ?? []));
  return [...banks, ...companies, ...merged(deals).filter(({ key }) => !known.has(key)), ...items];
}

/** The companies of a contact, as its fields tell. */
function companiesOf({ companyIds, companyId }: Doomed['fields']): number[] {
  const listed = Array.isArray(companyIds) ? companyIds : [companyId];
  return listed.flatMap((id) => numberIn(id) ?? []).filter((id) => id > 0);
}
