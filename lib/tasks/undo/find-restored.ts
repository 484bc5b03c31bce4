import * as z from 'zod';
import { EntityType } from '../../bitrix24/entity-types.ts';
import { parsePortalTime } from '../../bitrix24/portal-time.ts';
import { recordKey } from '../read-records.ts';
import type { KeptRow } from './kept.ts';
import { readOrFail } from './present.ts';
import type { ListRead } from './read-all.ts';
import { itemsRead, numberIn, pagesOfIds } from './reads.ts';
import { isSame, phonesAndMails } from './same-record.ts';
import type { PlannedRecord } from './undo-plan.ts';
import type { UndoRun } from './undo-run.ts';

const namesOfTypes: Readonly<Record<number, string>> = {
  [EntityType.lead]: 'LEAD',
  [EntityType.contact]: 'CONTACT',
  [EntityType.company]: 'COMPANY',
};

const duplicatesSchema = z.union([z.array(z.never()), z.record(z.string(), z.array(z.unknown()))]);

/** So many records are looked for at once. */
const atOnce = 10;

/**
 * Looks for records that a person has taken out of the recycle bin: under new ids, by name, origin, telephone number and
 * e-mail address. Only one that nothing else looks like counts.
 */
export async function findRestored(undo: UndoRun): Promise<void> {
  if (undo.plan.depth === 'ids') return;
  const missing = undo.missing();
  const claims = new Map<string, PlannedRecord[]>();
  for (let start = 0; start < missing.length; start += atOnce) {
    const some = missing.slice(start, start + atOnce);
    const candidates = await candidatesOf(undo, some);
    for (const record of some) {
      const same = (candidates.get(recordKey(record)) ?? []).filter((row) => isSame(record, row, undo.plan.since));
      const [only] = same;
      if (same.length !== 1 || !only) continue;
      const key = recordKey({ entityTypeId: record.entityTypeId, id: numberIn(only['id']) ?? 0 });
      claims.set(key, [...(claims.get(key) ?? []), record]);
    }
  }
  const taken = new Set(
    [...undo.restored.values()].map(({ entityTypeId, newId }) => recordKey({ entityTypeId, id: newId })),
  );
  const found = [...claims].flatMap(([key, [record, ...others]]) => {
    if (!record || others.length > 0 || taken.has(key)) return [];
    const { entityTypeId, id } = record;
    return [{ entityTypeId, id, newId: Number(key.split(':')[1]), how: 'found' as const, complete: true }];
  });
  await undo.bring(found, 'Found again, taken out of the recycle bin');
}

/** Records that could be one of these, whole, by the key of the one they could be. */
async function candidatesOf(
  undo: UndoRun,
  records: readonly PlannedRecord[],
): Promise<ReadonlyMap<string, readonly KeptRow[]>> {
  const reads = records.flatMap((record) => searches(record).map((read) => ({ record, read })));
  const found = await readOrFail(
    undo,
    reads.map(({ read }) => read),
  );
  const rows = new Map<string, Map<number, KeptRow>>();
  const ids = new Map<string, Set<number>>();
  for (const { record, read } of reads) {
    const key = recordKey(record);
    for (const row of found.get(read.key) ?? []) {
      if (read.method === 'crm.item.list') {
        const fields = row as KeptRow;
        const id = numberIn(fields['id']) ?? 0;
        if (id > record.above) rows.set(key, (rows.get(key) ?? new Map<number, KeptRow>()).set(id, fields));
      } else if (Number(row) > record.above) ids.set(key, (ids.get(key) ?? new Set<number>()).add(Number(row)));
    }
  }
  const unread = [...Map.groupBy(records, ({ entityTypeId }) => entityTypeId)].flatMap(([type, some]) =>
    pagesOfIds(some.flatMap((record) => [...(ids.get(recordKey(record)) ?? [])])).map((page) => ({
      type,
      ...itemsRead(`whole${type}n${page[0]}`, type, { '@id': page }),
    })),
  );
  const whole = await readOrFail(undo, unread);
  for (const { key, type } of unread) {
    for (const row of whole.get(key) ?? []) {
      const id = numberIn((row as KeptRow)['id']) ?? 0;
      for (const record of records.filter((one) => one.entityTypeId === type && ids.get(recordKey(one))?.has(id))) {
        const of = recordKey(record);
        rows.set(of, (rows.get(of) ?? new Map<number, KeptRow>()).set(id, row as KeptRow));
      }
    }
  }
  return new Map([...rows].map(([key, some]) => [key, [...some.values()]]));
}

function searches(record: PlannedRecord): ListRead[] {
  const { entityTypeId, id, above, fields } = record;
  const name = nameFilter(fields);
  const reads: ListRead[] = [];
  if (name) reads.push(itemsRead(`named${entityTypeId}n${id}`, entityTypeId, { ...name, '>id': above }));
  const { originatorId, originId } = fields;
  if (isText(originatorId) && isText(originId)) {
    const filter = { '=originatorId': originatorId, '=originId': originId, '>id': above };
    reads.push(itemsRead(`origin${entityTypeId}n${id}`, entityTypeId, filter));
  }
  const typeName = namesOfTypes[entityTypeId];
  if (typeName === undefined) return reads;
  for (const [type, values] of phonesAndMails(fields)) {
    if (values.length === 0) continue;
    reads.push({
      key: `${type.toLowerCase()}${entityTypeId}n${id}`,
      method: 'crm.duplicate.findbycomm',
      params: { entity_type: typeName, type, values: values.slice(0, 20) },
      rows: (result) => {
        const found = duplicatesSchema.safeParse(result).data;
        return found && (Array.isArray(found) ? [] : (found[typeName] ?? []));
      },
    });
  }
  return reads;
}

function nameFilter({ title, name, lastName, createdTime }: KeptRow): Record<string, unknown> | undefined {
  if (isText(title)) return { '=title': title };
  if (isText(name) || isText(lastName)) return { '=name': name ?? '', '=lastName': lastName ?? '' };
  return isTime(createdTime) ? { '=createdTime': createdTime } : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTime(value: unknown): value is string {
  try {
    return isText(value) && parsePortalTime(value) > 0;
  } catch {
    return false;
  }
}
