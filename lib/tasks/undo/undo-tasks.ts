import type { Table } from '../../aws/table.ts';
import type { HistoryEntry } from '../task.ts';
import { compactUndo, type Undo } from './undo-state.ts';

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
}
