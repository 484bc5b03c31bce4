import * as z from 'zod';
import type { Table } from '../../aws/table.ts';
import { recordKey } from '../read-records.ts';
import type { HistoryEntry, RecordKey } from '../task.ts';
import { compactUndo, type Restored, type Undo } from './undo-state.ts';

/** A portal's record that was deleted, and under which id it is there again. */
const placeSchema = z.object({
  entityTypeId: z.int(),
  id: z.int(),
  newId: z.int().positive(),
  /** Whether it has got all that belongs to it. */
  complete: z.boolean(),
});
export type Place = z.infer<typeof placeSchema>;
const placeKey = (memberId: string, { entityTypeId, id }: RecordKey) => ({
  taskId: `back:${memberId}:${entityTypeId}:${id}`,
  sk: 'back',
});
/** Longer than any snapshot is kept, in seconds. */
const placesKept = 400 * 24 * 3600;
/** A batch read takes so many keys. */
const readAtOnce = 100;

/** How far tasks that take others back have come: in their rows of the table `tasks`. */
export class UndoTasks {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** What goes forward is not given up: its tries are counted anew. False when the task has ended. */
  async note(taskId: string, undo: Undo, history: readonly HistoryEntry[]): Promise<boolean> {
    const row = await this.#table.update(
      { taskId, sk: 'task' },
      {
        set: 'SET #undo = :undo, #attempts = :none, #history = list_append(#history, :history)',
        if: '#status = :open',
        values: { undo: compactUndo(undo), none: 0, history, open: 'open' },
      },
    );
    return row !== undefined;
  }

  /**
   * Notes where records are now, for undos of other tasks that have removed them as well.
   *
   * @param now ms since the epoch
   */
  async place(memberId: string, records: readonly Restored[], now: number): Promise<void> {
    const expiresAt = Math.floor(now / 1000) + placesKept;
    for (const { entityTypeId, id, newId, complete } of records) {
      const place = { entityTypeId, id, newId, complete, expiresAt };
      await this.#table.put({ ...placeKey(memberId, { entityTypeId, id }), ...place });
    }
  }

  /** Where these deleted records were put last, by `recordKey`. */
  async placesOf(memberId: string, records: readonly RecordKey[]): Promise<ReadonlyMap<string, Place>> {
    const keys = [...new Map(records.map((record) => [recordKey(record), placeKey(memberId, record)])).values()];
    const places = new Map<string, Place>();
    for (let start = 0; start < keys.length; start += readAtOnce) {
      for (const row of await this.#table.getMany(keys.slice(start, start + readAtOnce))) {
        const place = placeSchema.parse(row);
        places.set(recordKey(place), place);
      }
    }
    return places;
  }
}
