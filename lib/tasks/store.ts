import type { Item, Page, Table } from '../aws/table.ts';
import type { Clock } from '../bitrix24/clock.ts';
import { AppChores } from './app-chores.ts';
import { Backlogs } from './backlogs.ts';
import type { Comment } from './comments/comment-state.ts';
import { TaskComments } from './comments/task-comments.ts';
import { choreId, shardOf, unreadId } from './due-ids.ts';
import { type Chore, type DueItem, dueItemSchema } from './due-item.ts';
import {
  type Deletion,
  type HistoryEntry,
  type Task,
  type TaskIdentity,
  taskIdOf,
  taskSchema,
  type TaskStatus,
} from './task.ts';
import { Line } from './line.ts';
import { type Wish, Wishes } from './wishes.ts';
import { UndoTasks } from './undo/undo-tasks.ts';

/** A task that has ended is kept for so long, in ms. */
const keptMs = 400 * 24 * 3600 * 1000;
/** Rows are read this many at a time; the table allows 100. */
const readAtOnce = 100;

export interface TaskEnd {
  status: Exclude<TaskStatus, 'open'>;
  reason?: string | undefined;
  deletions?: Deletion[] | undefined;
  items?: Task['items'];
  attempts?: number | undefined;
  /** The task owes its report, and comes due for it at this moment. */
  reportAt?: number | undefined;
  history: HistoryEntry[];
}

export interface TaskNote {
  deletions: Deletion[];
  items: NonNullable<Task['items']>;
  /** How many snapshots the task had when it was read. */
  before: number | undefined;
  /** How many there are now; undefined when none was taken. */
  snapshots?: number | undefined;
  history: HistoryEntry[];
  /** Absent: as before. */
  attempts?: number;
}

export interface PutOff {
  nextAt: number;
  attempts: number;
  history: HistoryEntry[];
  /** Its turn was for something else: when it comes due it is given another. */
  newTurn?: boolean;
}

export interface ListOptions {
  limit: number;
  startAfter?: Item | undefined;
  since?: number | undefined;
  until?: number | undefined;
}

const open = '#status = :open';

/**
 * The table `tasks`. Every change of a task is one conditional write on its row and carries its history along, so that
 * state and history cannot disagree, whatever dies in between.
 */
export class TaskStore {
  /** What is to be done because of what became of the app. */
  readonly appChores: AppChores;
  /** What persons ask for out of the past. */
  readonly backlogs: Backlogs;
  /** What is written into timelines. */
  readonly comments: TaskComments;
  readonly undos: UndoTasks;
  /** Those that wait for their turn. */
  readonly line: Line;
  readonly #table: Table;
  readonly #clock: Clock;
  readonly #wishes: Wishes;

  constructor(table: Table, clock: Clock, newId: () => string) {
    this.#table = table;
    this.#clock = clock;
    this.#wishes = new Wishes(table, clock, newId);
    this.backlogs = new Backlogs(table, clock);
    this.appChores = new AppChores(table, clock);
    this.undos = new UndoTasks(table);
    this.comments = new TaskComments(table, clock);
    this.line = new Line(table, clock, newId);
  }

  /** False when the same transition has its task already. */
  async create(
    identity: TaskIdentity,
    {
      nextAt,
      source,
      history,
      lane,
      slotAt,
      line,
      undo,
      askedAt,
      announcement,
      report,
    }: Pick<
      Task,
      'source' | 'history' | 'lane' | 'slotAt' | 'line' | 'undo' | 'askedAt' | 'announcement' | 'report'
    > & { nextAt: number },
  ): Promise<{ created: boolean; taskId: string }> {
    const taskId = taskIdOf(identity);
    const task: Task = {
      taskId,
      sk: 'task',
      ...identity,
      source,
      status: 'open',
      attempts: 0,
      history,
      shard: shardOf(taskId),
      nextAt: Math.ceil(nextAt),
      createdAt: this.#clock(),
      ...(askedAt !== undefined && { askedAt }),
      ...(lane !== undefined && { lane }),
      ...(slotAt !== undefined && { slotAt }),
      ...(line !== undefined && { line }),
      ...(slotAt !== undefined && line !== undefined && { turnAt: slotAt }),
      ...(undo !== undefined && { undo }),
      ...(announcement !== undefined && { announcement }),
      ...(report !== undefined && { report }),
    };
    return { created: await this.#table.put(task, { if: 'attribute_not_exists(#taskId)' }), taskId };
  }

  async get(taskId: string): Promise<Task | undefined> {
    const row = await this.#table.get({ taskId, sk: 'task' });
    return row && taskSchema.parse(row);
  }

  /** Rows that cannot be read are left out: one of them must not hold up the others. They stay due and raise the alarm. */
  async getMany(taskIds: readonly string[]): Promise<Task[]> {
    return (await this.#read(taskIds)).tasks;
  }

  /**
   * The newest first; `startAfter` is the `last` of the page before. Only what was created from `since` on and up to
   * `until`, both ms since the epoch. `unreadable`: ids of rows that cannot be read.
   */
  async listByPortal(
    memberId: string,
    { limit, startAfter, since = 0, until = Number.MAX_SAFE_INTEGER }: ListOptions,
  ): Promise<{ tasks: Task[]; unreadable: string[]; last?: Item | undefined }> {
    const page = await this.#table.query({
      index: 'byPortal',
      where: '#memberId = :memberId AND #createdAt BETWEEN :since AND :until',
      values: { memberId, since, until },
      limit,
      startAfter,
      descending: true,
    });
    const ids = page.items.filter(({ sk }) => sk === 'task').map(({ taskId }) => String(taskId));
    const { tasks, unreadable } = await this.#read(ids);
    return { tasks: tasks.toSorted((a, b) => b.createdAt - a.createdAt), unreadable, last: page.last };
  }

  /**
   * Notes what is about to be deleted, once the snapshot of it is stored, or what became of it. False when the task has
   * ended, or somebody else has noted something since it was read: then it has to be looked at again.
   */
  async note(taskId: string, { deletions, items, before, snapshots, history, attempts }: TaskNote): Promise<boolean> {
    const row = await this.#table.update(
      { taskId, sk: 'task' },
      {
        set:
          'SET #deletions = :deletions, #items = :items, #history = list_append(#history, :history)' +
          (snapshots === undefined ? '' : ', #snapshots = :snapshots, #snapshotAt = :now') +
          (attempts === undefined ? '' : ', #attempts = :attempts'),
        if: `${open} AND ${before === undefined ? 'attribute_not_exists(#snapshots)' : '#snapshots = :before'}`,
        values: {
          deletions,
          items,
          history,
          open: 'open',
          ...(snapshots !== undefined && { snapshots, now: this.#clock() }),
          ...(before !== undefined && { before }),
          ...(attempts !== undefined && { attempts }),
        },
      },
    );
    if (row === undefined) await this.#noteLate(taskId, deletions, history);
    return row !== undefined;
  }

  /** Looks at the task again at `nextAt`, and not before. False when it has ended. */
  async putOff(taskId: string, { nextAt, attempts, history, newTurn = false }: PutOff): Promise<boolean> {
    const row = await this.#table.update(
      { taskId, sk: 'task' },
      {
        set:
          'SET #nextAt = :nextAt, #notBefore = :nextAt, #claims = :none, #attempts = :attempts, ' +
          '#history = list_append(#history, :history) REMOVE #turnAt' +
          (newTurn ? ', #slotAt' : ''),
        if: open,
        values: { nextAt: Math.ceil(nextAt), attempts, none: 0, history, open: 'open' },
      },
    );
    return row !== undefined;
  }

  /** Ends the task, once and for all. False when it had ended before. */
  async end(
    taskId: string,
    { status, reason, deletions, items, attempts, history, reportAt }: TaskEnd,
  ): Promise<boolean> {
    const now = this.#clock();
    const report: Comment = { state: 'owed', at: now, tries: 0 };
    const row = await this.#table.update(
      { taskId, sk: 'task' },
      {
        set:
          'SET #status = :status, #endedAt = :now, #expiresAt = :expires, #history = list_append(#history, :history)' +
          (reason === undefined ? '' : ', #reason = :reason') +
          (deletions === undefined ? '' : ', #deletions = :deletions') +
          (items === undefined ? '' : ', #items = :items') +
          (attempts === undefined ? '' : ', #attempts = :attempts') +
          (reportAt === undefined
            ? ' REMOVE #shard, #nextAt, #turnAt'
            : ', #report = :report, #nextAt = :reportAt, #claims = :none REMOVE #notBefore, #slotAt, #turnAt'),
        if: open,
        values: {
          status,
          now,
          expires: Math.floor((now + keptMs) / 1000),
          history,
          open: 'open',
          ...(reason !== undefined && { reason }),
          ...(deletions !== undefined && { deletions }),
          ...(items !== undefined && { items }),
          ...(attempts !== undefined && { attempts }),
          ...(reportAt !== undefined && { report, reportAt: Math.ceil(reportAt), none: 0 }),
        },
      },
    );
    if (row === undefined) await this.#noteLate(taskId, deletions, history);
    return row !== undefined;
  }

  /**
   * Opens a failed task again, due now and with all its attempts. In one write, so that state, index and history agree
   * whatever dies next. False when the task is no longer in the state that was looked at: it was opened by somebody
   * else meanwhile, even if it has failed again since.
   */
  async reopen(task: Task, history: HistoryEntry[]): Promise<boolean> {
    const { taskId, endedAt } = task;
    const report: Comment = { state: 'promised', at: this.#clock(), tries: 0 };
    const deletions = task.deletions?.map(({ outcome, ...deletion }) =>
      // What was refused is tried again; what is gone stays noted.
      outcome === undefined || outcome.result === 'refused' ? deletion : { ...deletion, outcome },
    );
    const row = await this.#table.update(
      { taskId, sk: 'task' },
      {
        set:
          'SET #status = :open, #nextAt = :now, #shard = :shard, #attempts = :none, ' +
          '#history = list_append(#history, :history)' +
          (deletions === undefined ? '' : ', #deletions = :deletions') +
          // What was told of the failure is no report of what comes now.
          (task.report === undefined ? '' : ', #report = :report') +
          ' REMOVE #endedAt, #expiresAt, #reason, #notBefore, #claims',
        if: `#status = :failed AND ${endedAt === undefined ? 'attribute_not_exists(#endedAt)' : '#endedAt = :endedAt'}`,
        values: {
          open: 'open',
          failed: 'failed',
          now: this.#clock(),
          shard: shardOf(taskId),
          none: 0,
          history,
          ...(endedAt !== undefined && { endedAt }),
          ...(deletions !== undefined && { deletions }),
          ...(task.report !== undefined && { report }),
        },
      },
    );
    return row !== undefined;
  }

  /** Adds to the history of a task, whatever its state, and changes nothing else. False when there is no such task. */
  async remark(taskId: string, history: HistoryEntry[]): Promise<boolean> {
    const row = await this.#table.update(
      { taskId, sk: 'task' },
      {
        set: 'SET #history = list_append(#history, :history)',
        if: 'attribute_exists(#status)',
        values: { history },
      },
    );
    return row !== undefined;
  }

  /**
   * Notes that the snapshots of a task that has ended are erased. What it has not deleted counts as never read: were the
   * task opened again, it would take new snapshots first. False when the task has changed since it was looked at.
   */
  async forget({ taskId, endedAt, deletions }: Task, history: HistoryEntry[]): Promise<boolean> {
    const left = deletions?.map(({ snapshotAt, ...deletion }) => {
      const isGone = deletion.outcome?.result === 'deleted' || deletion.outcome?.result === 'already-gone';
      return isGone ? { ...deletion, snapshotAt } : deletion;
    });
    const row = await this.#table.update(
      { taskId, sk: 'task' },
      {
        set:
          'SET #forgottenAt = :now, #history = list_append(#history, :history)' +
          (left === undefined ? '' : ', #deletions = :deletions'),
        if: `#status <> :open AND ${endedAt === undefined ? 'attribute_not_exists(#endedAt)' : '#endedAt = :endedAt'}`,
        values: {
          open: 'open',
          now: this.#clock(),
          history,
          ...(endedAt !== undefined && { endedAt }),
          ...(left !== undefined && { deletions: left }),
        },
      },
    );
    return row !== undefined;
  }

  /** Makes sure that the record is read at `nextAt`, whether it was asked for before or not. */
  async wantRead(memberId: string, wish: Wish): Promise<void> {
    await this.#wishes.want(memberId, wish);
  }

  /** The record has been read. Keeps the wish when another event has renewed it meanwhile. */
  async endRead(memberId: string, record: { entityTypeId: number; id: number }, stamp: string): Promise<void> {
    await this.#table.delete(
      { taskId: unreadId(memberId, record), sk: 'unread' },
      { if: '#stamp = :stamp', values: { stamp } },
    );
  }

  /** Something is to be done for the portal at `nextAt`; asked for before, it is done then. */
  async wantChore(memberId: string, chore: Chore['chore'], nextAt: number): Promise<void> {
    await this.#table.put(this.#choreRow(memberId, chore, nextAt));
  }

  /** Asks for the chore unless it is asked for already. */
  async ensureChore(memberId: string, chore: Chore['chore'], nextAt: number): Promise<void> {
    await this.#table.put(this.#choreRow(memberId, chore, nextAt), { if: 'attribute_not_exists(#taskId)' });
  }

  /** The chore is done. Keeps a wish that came after `startedAt` (ms since the epoch). */
  async endChore(memberId: string, chore: Chore['chore'], startedAt: number): Promise<void> {
    await this.#table.delete(
      { taskId: choreId(memberId, chore), sk: 'chore' },
      { if: '#createdAt <= :startedAt', values: { startedAt } },
    );
  }

  /** One page of what is due in a shard at `now`, the longest due first: keys and `nextAt` only. */
  async due(shard: number, now: number, limit: number, startAfter?: Item): Promise<Page> {
    return this.#table.query({
      index: 'due',
      where: '#shard = :shard AND #nextAt <= :now',
      values: { shard, now },
      limit,
      startAfter,
    });
  }

  /** How many rows of a shard have been due since before `since`, at most one page of them. */
  async overdue(shard: number, since: number): Promise<number> {
    const page = await this.#table.query({
      index: 'due',
      where: '#shard = :shard AND #nextAt <= :since',
      values: { shard, since },
      limit: 1000,
      countOnly: true,
    });
    return page.count;
  }

  /**
   * Takes a due row for sending: its next moment moves to `until`. Undefined when it is no longer due as the index
   * said (an index lags behind), when it has ended, or when somebody else took it.
   */
  async claim(key: { taskId: string; sk: string }, seenNextAt: number, until: number): Promise<DueItem | undefined> {
    const row = await this.#table.update(key, {
      set: 'SET #nextAt = :until, #claims = if_not_exists(#claims, :none) + :one',
      if: '#nextAt = :seen',
      values: { until, seen: seenNextAt, none: 0, one: 1 },
    });
    return row && dueItemSchema.parse(row);
  }

  /** A person has asked for what an open task is to do: it is done however long ago the record was lost. */
  async askFor(taskId: string, askedAt: number, history: HistoryEntry[]): Promise<void> {
    await this.#table.update(
      { taskId, sk: 'task' },
      {
        set: 'SET #source = :operator, #askedAt = :askedAt, #history = list_append(#history, :history)',
        if: `${open} AND (#source <> :operator OR #askedAt < :askedAt)`,
        values: { operator: 'operator', askedAt, history, open: 'open' },
      },
    );
  }

  /** Brings the next moment of a row forward, if it has one. */
  async hasten(key: { taskId: string; sk: string }, nextAt: number): Promise<void> {
    await this.#table.update(key, {
      set: 'SET #nextAt = :nextAt REMOVE #notBefore',
      if: 'attribute_exists(#nextAt) AND #nextAt > :nextAt',
      values: { nextAt },
    });
  }

  /** Makes everything of a portal that has not ended due now: its tasks and the records to be read. */
  async hastenPortal(memberId: string): Promise<void> {
    let last: Item | undefined;
    do {
      const page = await this.#table.query({
        index: 'byPortal',
        where: '#memberId = :memberId',
        values: { memberId },
        limit: readAtOnce,
        startAfter: last,
      });
      const now = this.#clock();
      await Promise.all(
        page.items.map((row) =>
          this.#table.update(
            { taskId: String(row['taskId']), sk: String(row['sk']) },
            {
              // All at once, so that each is given another turn.
              set: 'SET #nextAt = :now REMOVE #notBefore, #slotAt, #turnAt',
              if: 'attribute_exists(#nextAt) AND #nextAt > :now',
              values: { now },
            },
          ),
        ),
      );
      last = page.last;
    } while (last);
  }

  /** A task was cancelled while its deletions were being sent: what became of them is kept all the same. */
  async #noteLate(
    taskId: string,
    deletions: readonly Deletion[] = [],
    history: readonly HistoryEntry[],
  ): Promise<void> {
    if (deletions.every(({ outcome }) => outcome === undefined)) return;
    await this.#table.update(
      { taskId, sk: 'task' },
      {
        set: 'SET #deletions = :deletions, #history = list_append(#history, :history)',
        if: '#status = :cancelled',
        values: {
          cancelled: 'cancelled',
          deletions,
          history: history.map((entry) => ({ ...entry, what: 'answered' as const })),
        },
      },
    );
  }

  async #read(taskIds: readonly string[]): Promise<{ tasks: Task[]; unreadable: string[] }> {
    const tasks: Task[] = [];
    const unreadable: string[] = [];
    for (let start = 0; start < taskIds.length; start += readAtOnce) {
      const keys = taskIds.slice(start, start + readAtOnce).map((taskId) => ({ taskId, sk: 'task' }));
      for (const row of await this.#table.getMany(keys)) {
        const task = taskSchema.safeParse(row);
        if (task.success) tasks.push(task.data);
        else unreadable.push(String(row['taskId']));
      }
    }
    return { tasks, unreadable };
  }

  #choreRow(memberId: string, chore: Chore['chore'], nextAt: number): Chore {
    const taskId = choreId(memberId, chore);
    return {
      taskId,
      sk: 'chore',
      memberId,
      chore,
      shard: shardOf(taskId),
      nextAt: Math.ceil(nextAt),
      createdAt: this.#clock(),
    };
  }
}
