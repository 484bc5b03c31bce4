import type { Table } from '../../aws/table.ts';
import type { Clock } from '../../bitrix24/clock.ts';
import type { HistoryEntry, Task } from '../task.ts';
import type { Comment, CommentKind } from './comment-state.ts';

/** A report that could not be written for so long is news no more, in ms. */
const staleMs = 7 * 24 * 3600 * 1000;
/** A task that has ended and owes nothing is in no index of what is due or waits for its turn. */
const noLongerDue = ' REMOVE #shard, #nextAt, #notBefore, #claims, #turnAt';

/** How far the comments of tasks have come: in their rows of the table `tasks`, one conditional write a step. */
export class TaskComments {
  readonly #table: Table;
  readonly #clock: Clock;

  constructor(table: Table, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  /**
   * Notes what is about to be done about a comment or what became of it, and gives the task with that. Undefined when
   * somebody else has noted something since it was read; of `sending` also when it was opened again, or ended, meanwhile.
   */
  async note(
    task: Task,
    kind: CommentKind,
    to: Omit<Comment, 'at'>,
    history: readonly HistoryEntry[] = [],
  ): Promise<Task | undefined> {
    const from = task[kind];
    if (from === undefined) return undefined;
    const now: Comment = { ...to, at: this.#clock() };
    const isLast = kind === 'report' && to.state !== 'owed' && to.state !== 'sending';
    const still = to.state === 'sending' ? ` AND #status ${kind === 'report' ? '<>' : '='} :open` : '';
    const row = await this.#table.update(
      { taskId: task.taskId, sk: 'task' },
      {
        set: `SET #${kind} = :to, #history = list_append(#history, :history)${isLast ? noLongerDue : ''}`,
        if: `#${kind}.#state = :state AND #${kind}.#at = :at${still}`,
        values: {
          to: now,
          state: from.state,
          at: from.at,
          history,
          ...(still !== '' && { open: 'open' }),
        },
      },
    );
    return row && { ...task, [kind]: now };
  }

  /** A task that has ended comes due for its report at `nextAt`, and not before; when it is too late for that, never. */
  async hold(task: Task, nextAt: number): Promise<void> {
    const { taskId, report, endedAt = 0 } = task;
    if (report === undefined) return;
    const now = this.#clock();
    if (now > endedAt + staleMs) {
      const text = 'The comment on how it ended was not written: for a week the portal took none';
      await this.note(task, 'report', { state: 'given-up', tries: report.tries }, [
        { at: now, what: 'commented', text },
      ]);
      return;
    }
    await this.#table.update(
      { taskId, sk: 'task' },
      {
        set: 'SET #nextAt = :nextAt, #notBefore = :nextAt, #claims = :none REMOVE #turnAt',
        if: '#status <> :open AND attribute_exists(#nextAt)',
        values: { nextAt: Math.ceil(nextAt), none: 0, open: 'open' },
      },
    );
  }
}
