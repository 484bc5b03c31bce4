import type { Queue } from '../aws/queue.ts';
import type { Count, Log } from '../aws/telemetry.ts';
import type { Clock, Random } from '../bitrix24/clock.ts';
import type { Verdict } from '../bitrix24/reactions.ts';
import { backoffMs, longestDelayMs, maxAttempts } from './backoff.ts';
import { sendDeadLetter } from './dead-letter.ts';
import { pausedMs } from './schedule.ts';
import type { TaskStore } from './store.ts';
import type { Deletion, HistoryEntry, Outcome, Task, TaskStatus } from './task.ts';

export interface SettleOptions {
  readonly tasks: TaskStore;
  readonly deletionsDlq: Queue;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly count: Count;
}

/** What stood in the way of a task: a row of a table of errors, or what we know ourselves. */
export interface Trouble {
  code: string;
  description: string;
  status?: number | undefined;
  row?: Verdict | undefined;
  /** The request that failed was for other tasks as well: which of them is at fault is not known. */
  shared?: boolean;
}

/** Entries that a task keeps beside its end; the row must never grow so large that its end cannot be written. */
const longestHistory = 150;

/** After how many tries a trouble is given up, and what follows. */
function limitOf({ row, shared = false }: Trouble): { attempts: number; finally: 'permanent' | 'operator' } {
  const byDefault = row?.stopsPortal === true ? 'operator' : 'permanent';
  const { to = byDefault, afterAttempts, afterMs } = row?.escalate ?? {};
  if (afterMs !== undefined) return { attempts: Math.ceil(afterMs / longestDelayMs), finally: to };
  // Together with others a task gets the tries that it takes to be alone, by halves.
  return { attempts: shared ? maxAttempts : (afterAttempts ?? maxAttempts), finally: to };
}

/** Writes down how a task ended or when it is tried again: one conditional write each, with its history. */
export class Settlement {
  readonly #options: SettleOptions;

  constructor(options: SettleOptions) {
    this.#options = options;
  }

  entry(what: HistoryEntry['what'], text: string): HistoryEntry {
    return { at: this.#options.clock(), what, text: text.slice(0, 600) };
  }

  async end(
    task: Task,
    status: Exclude<TaskStatus, 'open'>,
    reason: string | undefined,
    { text, deletions, attempts }: { text: string; deletions?: Deletion[]; attempts?: number },
  ): Promise<void> {
    const { tasks, log, count } = this.#options;
    const history = [this.entry('ended', text)];
    const ended = await tasks.end(task.taskId, { status, reason, deletions, attempts, history });
    if (!ended) return;
    count(status === 'failed' ? 'TasksFailed' : 'TasksEnded');
    const { taskId, memberId, record, rule } = task;
    log.info('task ended', {
      taskId,
      memberId,
      entityTypeId: record.entityTypeId,
      id: record.id,
      rule: rule.id,
      status,
      reason,
    });
  }

  /** Every deletion of the task has the same outcome. */
  async done(task: Task, deletions: readonly Deletion[], outcome: Omit<Outcome, 'at'>): Promise<void> {
    const at = this.#options.clock();
    await this.end(task, 'done', undefined, {
      text: describe(deletions, outcome),
      deletions: deletions.map((deletion) => ({ ...deletion, outcome: { ...outcome, at } })),
    });
  }

  /** Looked at again at `nextAt`, without counting it as a try. */
  async putOff(task: Task, nextAt: number, text: string): Promise<void> {
    // A portal may be paused for months and its tasks looked at every hour: the same word is written once.
    const entry = this.entry('put-off', text);
    const isNews = task.history.length < longestHistory && task.history.at(-1)?.text !== entry.text;
    const history = isNews ? [entry] : [];
    await this.#options.tasks.putOff(task.taskId, { nextAt, attempts: task.attempts, history });
  }

  /** The portal is paused: the task waits for it to be resumed. */
  async park(task: Task, why: string): Promise<void> {
    await this.putOff(task, this.#options.clock() + pausedMs, why);
  }

  /**
   * Tries again with growing delays, or gives up when it was tried often enough.
   *
   * @returns `operator` when it is the portal that has to be given up, with all its tasks waiting
   */
  async retry(task: Task, trouble: Trouble): Promise<'settled' | 'operator'> {
    const { clock, random, tasks } = this.#options;
    const attempts = task.attempts + (trouble.row?.countsAttempt === false ? 0 : 1);
    const limit = limitOf(trouble);
    if (attempts >= limit.attempts) {
      if (limit.finally === 'operator') return 'operator';
      await this.fail(
        { ...task, attempts },
        { ...trouble, description: `${trouble.description} (tried ${attempts} times)` },
      );
      return 'settled';
    }
    await tasks.putOff(task.taskId, {
      nextAt: clock() + backoffMs(attempts, random),
      attempts,
      history:
        task.history.length < longestHistory
          ? [this.entry('put-off', `Attempt ${attempts}: ${trouble.code}. ${trouble.description}`)]
          : [],
    });
    return 'settled';
  }

  /**
   * Sends the task to the dead-letter queue and then marks it failed. Dying in between sends it twice, which does no
   * harm; the other way round it might never be sent.
   */
  async fail(task: Task, { code, description, status, row }: Trouble): Promise<void> {
    const { deletionsDlq, clock } = this.#options;
    const attempts = Math.max(1, task.attempts);
    const { taskId, memberId, record } = task;
    const text = row ? `${row.meaning} ${row.mend ?? ''}`.trim() : description;
    await sendDeadLetter(deletionsDlq, taskId, {
      kind: 'task',
      memberId,
      taskId,
      record,
      code,
      description: description === '' ? text : description,
      ...(status !== undefined && { status }),
      attempts,
      at: clock(),
    });
    const deletions = task.deletions?.map((deletion) => ({
      ...deletion,
      outcome: deletion.outcome ?? {
        result: 'refused' as const,
        at: clock(),
        proof: 'answer' as const,
        ...(row && { verdict: row.name }),
      },
    }));
    await this.end(task, 'failed', row?.name ?? code, {
      text: `Failed and dead-lettered: ${code}. ${text}`,
      attempts,
      ...(deletions && { deletions }),
    });
  }
}

function describe(deletions: readonly Deletion[], { result, proof }: Omit<Outcome, 'at'>): string {
  const what = deletions.map(({ method, id }) => `${method} for ${id}`).join(', ');
  const how = proof === 'read' ? 'as reading it again shows' : 'as the portal answered';
  return result === 'already-gone' ? `${what}: nothing was left to delete, ${how}` : `${what}: deleted, ${how}`;
}
