import * as z from 'zod';
import type { Command } from '../../bitrix24/batch.ts';
import { EntityType } from '../../bitrix24/entity-types.ts';
import type { RecordKey } from '../task.ts';
import type { KeptRecord, KeptRow } from './kept.ts';
import { numberIn } from './reads.ts';

const fieldSchema = z.object({
  type: z.string(),
  isReadOnly: z.boolean().default(false),
  isDynamic: z.boolean().default(false),
});
export const fieldsSchema = z.object({ fields: z.record(z.string(), fieldSchema) });
/** The fields of a type (crm-item-fields.md). */
export type Described = z.infer<typeof fieldsSchema>['fields'];

/** Links between contacts and other records are put back on their own. */
const links: ReadonlySet<string> = new Set(['id', 'contactId', 'contactIds', 'companyIds']);

/**
 * The fields of a deleted record that a new one can be given. Files cannot: what is kept of them is where they were.
 *
 * @param idNow of a record that is named; undefined when it is not there
 */
export function writableFields(
  { entityTypeId, fields }: KeptRecord,
  described: Described,
  idNow: (record: RecordKey) => number | undefined,
): Record<string, unknown> {
  const written: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    const field = described[name];
    if (!field || field.isReadOnly || field.type === 'file' || links.has(name) || isEmpty(value)) continue;
    const named = referenceOf(entityTypeId, name);
    if (named === 'link') continue;
    if (named !== undefined) {
      const id = numberIn(value) ?? 0;
      const now = id > 0 ? idNow({ entityTypeId: named, id }) : undefined;
      if (now !== undefined) written[name] = now;
    } else if (name === 'fm') written[name] = multifields(value);
    else if (typeof value === 'boolean') written[name] = field.isDynamic ? Number(value) : value ? 'Y' : 'N';
    else written[name] = value;
  }
  return written;
}

/** The type of the record that a field names; `link` when that is no field of its own. */
export function referenceOf(entityTypeId: number, name: string): number | 'link' | undefined {
  if (name === 'companyId') return entityTypeId === EntityType.contact ? 'link' : EntityType.company;
  if (name === 'leadId') return EntityType.lead;
  const parent = /^parentId(\d+)$/.exec(name)?.[1];
  return parent === undefined ? undefined : Number(parent);
}

/** Their ids were the deleted record's. */
function multifields(value: unknown): KeptRow[] {
  const entries = (Array.isArray(value) ? value : []) as readonly KeptRow[];
  return entries.map(({ typeId, valueType, value: text }) => ({ typeId, valueType, value: text }));
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

/**
 * By which a record that was made anew is found again, should the portal's answer never come: the same for every task that
 * had removed it.
 */
export function markOf({ entityTypeId, id }: RecordKey): string {
  return `tidy24/back/${entityTypeId}/${id}`;
}

/** The field that the mark is written into until the record is noted: what stood there before is put back then. */
export function markField({ entityTypeId }: RecordKey): 'originId' | 'xmlId' {
  return entityTypeId <= EntityType.company ? 'originId' : 'xmlId';
}

export function addCommand({ entityTypeId }: RecordKey, fields: Record<string, unknown>): Command {
  return { method: 'crm.item.add', params: { entityTypeId, fields, useOriginalUfNames: 'Y' } };
}
