import { type ContactLink, contactLinksSchema } from '../../bitrix24/answers.ts';
import { EntityType } from '../../bitrix24/entity-types.ts';
import type { Verdict } from '../../bitrix24/reactions.ts';
import { recordKey } from '../read-records.ts';
import type { RecordKey } from '../task.ts';
import type { KeptCompanies, KeptName, KeptOwner, KeptRequisite, KeptRow } from './kept.ts';
import type { ListRead, Rows } from './read-all.ts';
import { numberIn } from './reads.ts';

const { deal, contact, company } = EntityType;

/** A record that is about to be deleted, and of which a snapshot is to be taken. */
export interface Doomed extends RecordKey {
  readonly fields: Readonly<Record<string, unknown>>;
  /** `ids`: only what it is linked to. */
  readonly depth: 'full' | 'ids';
}

/** What a snapshot keeps beside the fields of records. */
export interface Belongings {
  readonly requisites: ReadonlyMap<string, readonly KeptRequisite[]>;
  readonly productRows: ReadonlyMap<string, readonly KeptRow[]>;
  readonly owners: readonly KeptOwner[];
  readonly names: readonly KeptName[];
  readonly companies: readonly KeptCompanies[];
  /** By type: the highest id that there is. */
  readonly highest: Readonly<Record<string, number>>;
  /** By `recordKey`: of which something could not be read, and why, if the portal said so. */
  readonly unreadable: ReadonlyMap<string, Verdict | undefined>;
}

/** A read, the records that it is about, and what follows from its rows. */
export interface Wanted extends ListRead {
  readonly about: readonly string[];
  /** Of a type that has no such thing: then there is nothing. */
  readonly isAbsent?: (row: Verdict) => boolean;
}

/** What the rows tell. A record of which a list is not known is unreadable. */
export function collect(
  doomed: readonly Doomed[],
  reads: readonly Wanted[],
  found: ReadonlyMap<string, Rows>,
): Belongings {
  const unreadable = new Map<string, Verdict | undefined>();
  const usable = reads.filter((read) => {
    const rows = found.get(read.key);
    if (rows?.kind === 'rows') return isWhole(read, rows.rows as KeptRow[]) || spoil(read, undefined);
    const isAbsent = rows?.row !== undefined && read.isAbsent?.(rows.row) === true;
    return isAbsent ? false : spoil(read, rows?.row);
  });
  function spoil({ about }: Wanted, row: Verdict | undefined): false {
    for (const key of about) unreadable.set(key, row);
    return false;
  }

  const rowsBy = (method: string) =>
    usable.filter((read) => read.method === method).flatMap((read) => rowsOf(found.get(read.key)));
  const keyed = (prefix: string) =>
    usable
      .filter(({ key }) => key.startsWith(prefix))
      .flatMap((read) => rowsOf(found.get(read.key)).map((row) => ({ read, row })));

  const banks = Map.groupBy(rowsBy('crm.requisite.bankdetail.list'), (row) => numberIn(row['ENTITY_ID']));
  const addresses = Map.groupBy(rowsBy('crm.address.list'), (row) => numberIn(row['ENTITY_ID']));
  const requisites = new Map<string, KeptRequisite[]>();
  for (const fields of rowsBy('crm.requisite.list')) {
    const owner = { entityTypeId: numberIn(fields['ENTITY_TYPE_ID']) ?? 0, id: numberIn(fields['ENTITY_ID']) ?? 0 };
    const id = numberIn(fields['ID']);
    const requisite = { fields, bankDetails: banks.get(id) ?? [], addresses: addresses.get(id) ?? [] };
    requisites.set(recordKey(owner), [...(requisites.get(recordKey(owner)) ?? []), requisite]);
  }

  const owners = new Map<string, KeptOwner>();
  for (const read of usable) {
    const owner = /^contacts(\d+)n(\d+)$/.exec(read.key);
    if (!owner) continue;
    const contacts = contactLinksSchema.parse(rowsOf(found.get(read.key)));
    owners.set(`${owner[1]}:${owner[2]}`, { entityTypeId: Number(owner[1]), id: Number(owner[2]), contacts });
  }
  const listed = keyed('linked').map(({ read, row }) => ownerIn(Number(read.params['entityTypeId']), row));
  const own = doomed.filter(({ entityTypeId }) => ![deal, contact, company].some((type) => type === entityTypeId));
  for (const one of [...listed, ...own.map(({ entityTypeId, fields }) => ownerIn(entityTypeId, fields))]) {
    if (one && !owners.has(recordKey(one))) owners.set(recordKey(one), one);
  }

  const names = usable.flatMap((read): KeptName[] => {
    const field = namedField(read.key);
    if (field === undefined) return [];
    return rowsOf(found.get(read.key)).flatMap((row) => {
      const [id, to] = [numberIn(row['id']), numberIn(row[field])];
      const entityTypeId = Number(read.params['entityTypeId']);
      return id === undefined || to === undefined ? [] : [{ entityTypeId, id, field, to }];
    });
  });
  const productRows = new Map(
    usable
      .filter(({ method }) => method === 'crm.item.productrow.list')
      .map((read) => [read.about[0] ?? '', rowsOf(found.get(read.key))]),
  );
  const highest = Object.fromEntries(
    usable.flatMap((read) => {
      const [, type] = /^highest(\d+)$/.exec(read.key) ?? [];
      const id = numberIn(rowsOf(found.get(read.key))[0]?.['id']);
      return type === undefined || id === undefined ? [] : [[type, id]];
    }),
  );
  const companies = keyed('companies').flatMap(({ row }) => companiesIn(row) ?? []);
  return { requisites, productRows, owners: [...owners.values()], names, companies, highest, unreadable };
}

/** Whether each row says itself what it is about: one that does not would be lost, or put to somebody else. */
function isWhole({ method, key }: Wanted, rows: readonly KeptRow[]): boolean {
  const named = namedField(key);
  if (named !== undefined && !rows.every((row) => numberIn(row[named]) !== undefined)) return false;
  if (key.startsWith('linked') && !rows.every(hasContactIds)) return false;
  const needed: Readonly<Record<string, readonly string[]>> = {
    'crm.requisite.list': ['ID', 'ENTITY_TYPE_ID', 'ENTITY_ID'],
    'crm.requisite.bankdetail.list': ['ENTITY_ID'],
    'crm.address.list': ['ENTITY_ID', 'TYPE_ID'],
    'crm.item.list': ['id'],
  };
  return rows.every((row) => (needed[method] ?? []).every((name) => numberIn(row[name]) !== undefined));
}

/** Undefined when the row does not say. */
export function companiesIn({ id, companyIds }: Readonly<Record<string, unknown>>): KeptCompanies | undefined {
  const contactId = numberIn(id);
  if (contactId === undefined || !Array.isArray(companyIds)) return undefined;
  return { contactId, companyIds: companyIds.flatMap((one) => numberIn(one) ?? []) };
}

function namedField(key: string): string | undefined {
  return /^names(\w+)of/.exec(key)?.[1];
}

/** Whether it says which contacts it has, if any. */
export function hasContactIds({ contactIds }: Readonly<Record<string, unknown>>): boolean {
  return Array.isArray(contactIds) && contactIds.every((id) => numberIn(id) !== undefined);
}

export function rowsOf(rows: Rows | undefined): KeptRow[] {
  return rows?.kind === 'rows' ? (rows.rows as KeptRow[]) : [];
}

/** The contacts of a lead or an item: in the order in which its field has them, the primary one being `contactId`. */
export function ownerIn(entityTypeId: number, row: Readonly<Record<string, unknown>>): KeptOwner | undefined {
  const id = numberIn(row['id']);
  const contactIds = Array.isArray(row['contactIds']) ? row['contactIds'].flatMap((one) => numberIn(one) ?? []) : [];
  if (id === undefined || contactIds.length === 0) return undefined;
  const primary = numberIn(row['contactId']) ?? contactIds[0];
  const contacts = contactIds.map((contactId, index): ContactLink => ({
    CONTACT_ID: contactId,
    SORT: (index + 1) * 10,
    IS_PRIMARY: contactId === primary ? 'Y' : 'N',
  }));
  return { entityTypeId, id, contacts };
}
