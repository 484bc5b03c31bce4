import * as z from 'zod';
import { contactLinksSchema, itemListSchema } from '../../bitrix24/answers.ts';
import { EntityType } from '../../bitrix24/entity-types.ts';
import { idsPerCommand } from '../read-records.ts';
import type { RecordKey } from '../task.ts';
import type { ListRead } from './read-all.ts';

/** What a requisite is called where addresses hang on it (crm.enum.ownertype). */
export const requisiteType = 8;

const row = z.record(z.string(), z.unknown());
const rowsSchema = z.array(row);
const productRowsSchema = z.object({ productRows: z.array(row) });

/** A number, or text that is one; undefined for anything else. */
export function numberIn(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(number) ? (number as number) : undefined;
}

/** Groups of so many ids as one command takes. */
export function pagesOfIds(ids: Iterable<number>): number[][] {
  const all = [...new Set(ids)].toSorted((a, b) => a - b);
  return Array.from({ length: Math.ceil(all.length / idsPerCommand) }, (_, page) =>
    all.slice(page * idsPerCommand, (page + 1) * idsPerCommand),
  );
}

const plainRows = (result: unknown) => rowsSchema.safeParse(result).data;
const itemRows = (result: unknown) => rowsSchema.safeParse(itemListSchema.safeParse(result).data?.items).data;

/** Requisites of contacts or companies. */
export function requisitesRead(entityTypeId: number, ids: readonly number[]): ListRead {
  const params = {
    filter: { ENTITY_TYPE_ID: entityTypeId, '@ENTITY_ID': ids },
    select: ['*', 'UF_*'],
    order: { ID: 'ASC' },
  };
  const key = `requisites${entityTypeId}n${ids[0]}`;
  return { key, method: 'crm.requisite.list', params, paged: 'ID', rows: plainRows };
}

export function bankDetailsRead(requisiteIds: readonly number[]): ListRead {
  const params = { filter: { '@ENTITY_ID': requisiteIds }, order: { ID: 'ASC' } };
  const key = `banks${requisiteIds[0]}`;
  return { key, method: 'crm.requisite.bankdetail.list', params, paged: 'ID', rows: plainRows };
}

/** Addresses of requisites, which hang on contacts or companies. */
export function addressesRead(entityTypeId: number, ids: readonly number[]): ListRead {
  const params = {
    filter: { ENTITY_TYPE_ID: requisiteType, ANCHOR_TYPE_ID: entityTypeId, '@ANCHOR_ID': ids },
    order: { ENTITY_ID: 'ASC', TYPE_ID: 'ASC' },
  };
  const key = `addresses${entityTypeId}n${ids[0]}`;
  return { key, method: 'crm.address.list', params, paged: 'start', rows: plainRows };
}

/** Records of a type by a filter, with few of their fields. */
export function itemsRead(
  key: string,
  entityTypeId: number,
  filter: Record<string, unknown>,
  select?: readonly string[],
): ListRead {
  const fields = select ? { select } : { useOriginalUfNames: 'Y' };
  const params = { entityTypeId, filter, order: { id: 'ASC' }, ...fields };
  return { key, method: 'crm.item.list', params, paged: 'id', rows: itemRows };
}

export const highestKey = (entityTypeId: number): string => `highest${entityTypeId}`;

/** The highest ids of a type, in descending order: whatever comes later has a higher one. */
export function highestRead(entityTypeId: number): ListRead {
  const params = { entityTypeId, select: ['id'], order: { id: 'DESC' }, start: -1 };
  return { key: highestKey(entityTypeId), method: 'crm.item.list', params, rows: itemRows };
}

/** The key of the contacts of a deal or a company. */
export const contactsKey = ({ entityTypeId, id }: RecordKey): string => `contacts${entityTypeId}n${id}`;

/** The contacts of a deal or a company, with their order. */
export function contactsRead(owner: RecordKey): ListRead {
  const kind = owner.entityTypeId === EntityType.company ? 'company' : 'deal';
  return {
    key: contactsKey(owner),
    method: `crm.${kind}.contact.items.get`,
    params: { id: owner.id },
    rows: (result) => contactLinksSchema.safeParse(result).data,
  };
}

/** Which companies contacts have, and which is the primary one. */
export function companiesReads(contactIds: Iterable<number>): ListRead[] {
  const type = EntityType.contact;
  return pagesOfIds(contactIds).map((ids) =>
    itemsRead(`companies${ids[0]}`, type, { '@id': ids }, ['id', 'companyId', 'companyIds']),
  );
}

export const productRowsKey = ({ entityTypeId, id }: RecordKey): string => `products${entityTypeId}n${id}`;

/** Product rows of one record: there is no asking for those of several. */
export function productRowsRead(owner: RecordKey): ListRead {
  const params = {
    filter: { '=ownerType': shortType(owner.entityTypeId), '=ownerId': owner.id },
    order: { id: 'asc' },
  };
  const rows = (result: unknown) => productRowsSchema.safeParse(result).data?.productRows;
  return { key: productRowsKey(owner), method: 'crm.item.productrow.list', params, paged: 'id', rows };
}

/** The short code of a type (data-types.md#object_type): D, L, SI, T and the number in hexadecimal digits. */
export function shortType(entityTypeId: number): string {
  if (entityTypeId === EntityType.deal) return 'D';
  if (entityTypeId === EntityType.lead) return 'L';
  return entityTypeId === EntityType.smartInvoice ? 'SI' : `T${entityTypeId.toString(16)}`;
}

/** Whether the type is a smart process: only some of those have product rows. */
export function isSmartProcess(entityTypeId: number): boolean {
  return entityTypeId > 100;
}
