import { recordKey } from '../read-records.ts';
import type { RecordKey } from '../task.ts';
import { type ListRead, readAll, type Rows } from './read-all.ts';
import { itemsRead, numberIn, pagesOfIds } from './reads.ts';
import { UndoTrouble, type UndoRun } from './undo-run.ts';

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
