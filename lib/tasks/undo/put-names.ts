import { recordKey } from '../read-records.ts';
import type { RecordKey } from '../task.ts';
import { presentAmong, readOrFail } from './present.ts';
import { send, updateCommand } from './put-links.ts';
import { itemsRead, numberIn, pagesOfIds } from './reads.ts';
import type { UndoRun } from './undo-run.ts';
import { referenceOf } from './writable-fields.ts';

/** A field of a record that named another one. */
interface Naming {
  readonly record: RecordKey;
  readonly field: string;
  readonly to: RecordKey;
}

/**
 * Names companies, leads and parents again in the records that named them, those that have come back among them, where
 * nobody has named another one since.
 */
export async function putNames(undo: UndoRun): Promise<void> {
  const lost = [...ofOthers(undo), ...ofRestored(undo)].filter(
    ({ record, to }) => undo.wasAway(record) || undo.wasAway(to),
  );
  const wanted = lost.flatMap(({ record, field, to }): Naming[] => {
    const [id, target] = [undo.idNow(record), undo.idNow(to)];
    if (id === undefined || target === undefined) return [];
    return [{ record: { ...record, id }, field, to: { ...to, id: target } }];
  });
  const there = await presentAmong(
    undo,
    wanted.map(({ to }) => to),
  );
  const alive = wanted.filter(({ to }) => there.has(recordKey(to)));
  const changed = await unnamed(undo, alive);
  const changesOf = async (some: readonly Naming[]) =>
    (await unnamed(undo, some)).map(({ record, field, to }) => ({
      owner: record,
      command: updateCommand(record, { [field]: to.id }),
    }));
  await send(undo, changed, changesOf, { what: 'names' });
}

/** Those of these fields that name nothing now. */
async function unnamed(undo: UndoRun, wanted: readonly Naming[]): Promise<Naming[]> {
  const now = await presentNames(undo, wanted);
  return wanted.filter(({ record, field }) => now.get(`${recordKey(record)}:${field}`) === 0);
}

function ofOthers({ plan }: UndoRun): Naming[] {
  return plan.names.flatMap(({ entityTypeId, id, field, to }): Naming[] => {
    const type = referenceOf(entityTypeId, field);
    return typeof type === 'number'
      ? [{ record: { entityTypeId, id }, field, to: { entityTypeId: type, id: to } }]
      : [];
  });
}

/** What the deleted records named themselves: restored from the bin they name nothing that was away then. */
function ofRestored({ plan }: UndoRun): Naming[] {
  return plan.records.flatMap(({ entityTypeId, id, fields }) =>
    Object.entries(fields).flatMap(([field, value]): Naming[] => {
      const type = referenceOf(entityTypeId, field);
      const to = numberIn(value) ?? 0;
      return typeof type === 'number' && to > 0
        ? [{ record: { entityTypeId, id }, field, to: { entityTypeId: type, id: to } }]
        : [];
    }),
  );
}

/** What these fields name now, by record and field; 0: nothing. */
async function presentNames(undo: UndoRun, wanted: readonly Naming[]): Promise<ReadonlyMap<string, number>> {
  const groups = Map.groupBy(wanted, ({ record, field }) => `${field}of${record.entityTypeId}`);
  const reads = [...groups].flatMap(([group, some]) => {
    const [first] = some;
    if (!first) return [];
    const { record, field } = first;
    return pagesOfIds(some.map((one) => one.record.id)).map((ids) => ({
      type: record.entityTypeId,
      field,
      ...itemsRead(`${group}n${ids[0]}`, record.entityTypeId, { '@id': ids }, ['id', field]),
    }));
  });
  const found = await readOrFail(undo, reads);
  return new Map(
    reads.flatMap(({ key, type, field }) =>
      (found.get(key) ?? []).flatMap((row) => {
        const fields = row as Record<string, unknown>;
        const record = { entityTypeId: type, id: numberIn(fields['id']) ?? 0 };
        if (field in fields) return [[`${recordKey(record)}:${field}`, numberIn(fields[field]) ?? 0] as const];
        undo.leave(`The portal does not say what ${field} of ${type}/${record.id} is: it was not put back`);
        return [];
      }),
    ),
  );
}
