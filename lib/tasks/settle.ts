import type { Queue } from '../aws/queue.ts';
import type { Count, Log } from '../aws/telemetry.ts';
import type { Clock, Random } from '../bitrix24/clock.ts';
import type { Verdict } from '../bitrix24/reactions.ts';
import { backoffMs, longestDelayMs, maxAttempts } from './backoff.ts';
import { sendDeadLetter } from './dead-letter.ts';
import type { CancelReason, KeepReason, ObserveReason, SkipReason } from './decide.ts';
import { describeDeletions } from './deletion.ts';
import { lineOfMethod } from './line.ts';
import { codeOf, ourWords, portalWords } from './portal-words.ts';
import { compact } from './progress.ts';
import { claimMs, pausedMs } from './schedule.ts';
import type { TaskStore } from './store.ts';
import type { Deletion, HistoryEntry, Task, TaskStatus } from './task.ts';

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
  /** With a row of a table of errors, in the portal's words; else in ours. */
  description: string;
  status?: number | undefined;
  row?: Verdict | undefined;
  /** The request that failed was for other tasks as well: which of them is at fault is not known. */
  shared?: boolean;
}

/** Entries that a task keeps beside its end; the row must never grow so large that its end cannot be written. */
const longestHistory = 150;

/** Ends of tasks that nobody can be told of: the record is gone, or the portal. */
const untold: ReadonlySet<string | undefined> = new Set(['record-gone', 'portal-disconnected']);

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
  #owesReports = false;

  constructor(options: SettleOptions) {
    this.#options = options;
  }

  /** Whether one of the tasks that have ended here has to be told of in its record's timeline. */
  get owesReports(): boolean {
    return this.#owesReports;
  }

  entry(what: HistoryEntry['what'], text: string): HistoryEntry {
    return { at: this.#options.clock(), what, text: text.slice(0, 600) };
  }

  /** Whether one more entry about the way may be added: the end must always fit. */
  roomIn(task: Task): boolean {
    return task.history.length < longestHistory;
  }

  async end(
    task: Task,
    status: Exclude<TaskStatus, 'open'>,
    reason: string | undefined,
    {
      text,
      deletions,
      items,
      attempts,
    }: { text: string; deletions?: Deletion[]; items?: Task['items']; attempts?: number },
  ): Promise<void> {
    const { tasks, log, count, clock } = this.#options;
    const history = [this.entry('ended', text)];
    const isTold = task.report !== undefined && !untold.has(reason);
    // Told by this worker at once; were it to die, the clock sends the task for it.
    const reportAt = isTold ? clock() + claimMs : undefined;
    const ended = await tasks.end(task.taskId, { status, reason, deletions, items, attempts, history, reportAt });
    if (!ended) return;
    if (isTold) this.#owesReports = true;
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

  /** Nothing is left to do: each deletion has its outcome. */
  async done(task: Task): Promise<void> {
    const { deletions, items } = compact(task);
    const text = describeOutcomes(deletions, items);
    const kept = keptAll(deletions, items);
    if (kept) await this.end(task, 'skipped', kept, { text: `Skipped: ${kept}. ${text}`, deletions, items });
    else await this.end(task, 'done', undefined, { text, deletions, items });
  }

  /** The record is gone: what was done of the task stays noted, and no more is done. */
  async skipped(task: Task, reason: SkipReason): Promise<void> {
    const text = `Skipped: ${reason}${endedBefore(task)}`;
    await this.end(task, 'skipped', reason, { text, ...noted(task) });
  }

  /** The same for a record that is not to be acted on any more. */
  async cancelled(task: Task, reason: CancelReason): Promise<void> {
    const text = `Cancelled: ${reason}${endedBefore(task)}`;
    await this.end(task, 'cancelled', reason, { text, ...noted(task) });
  }

  /** The lost record itself is protected: nothing more is done, not even when that ends. */
  async held(task: Task, why: string): Promise<void> {
    const text = `Skipped: held. ${why}${endedBefore(task)}`;
    await this.end(task, 'skipped', 'held' satisfies KeepReason, { text, ...noted(task) });
  }

  /** Nothing is done; what would be is told. */
  async observed(task: Task, reason: ObserveReason): Promise<void> {
    const { deletions, items } = compact(task);
    const more = Object.entries(items).flatMap(([type, { complete }]) =>
      complete ? [] : [` and more of type ${type}`],
    );
    const open = deletions.filter(({ outcome }) => outcome === undefined);
    const rest = describeDeletions(open);
    const would = rest === '' && more.length === 0 ? 'would call nothing' : `would call ${rest}${more.join('')}`;
    const kept = describeOutcomes(deletions.filter(isKept), {});
    const before = endedBefore({ ...task, deletions: deletions.filter((deletion) => !isKept(deletion)) });
    const text = `Observed (${reason}): ${would}${kept === '' ? '' : `. ${kept}`}${before}`;
    await this.end(task, 'observed', reason, { text, deletions });
  }

  /** Looked at again at `nextAt`, without counting it as a try. */
  async putOff(task: Task, nextAt: number, text: string, how: { newTurn?: boolean } = {}): Promise<void> {
    if (task.status !== 'open') return this.#options.tasks.comments.hold(task, nextAt);
    const history = this.#news(task, text);
    await this.#options.tasks.putOff(task.taskId, { nextAt, attempts: task.attempts, history, ...how });
  }

  /**
   * The task goes on with a method that the portal has no operating time for until then (ms since the epoch): it stands
   * in that method's line, before all that have come later. Who stands there, and is not due, is left alone.
   */
  async waitFor(method: Deletion['method'], task: Task, until: number): Promise<void> {
    const { tasks, clock } = this.#options;
    const line = lineOfMethod(task.memberId, method);
    if (task.turnAt !== undefined && task.line === line && (task.nextAt ?? 0) > clock()) return;
    const text = `The portal has no operating time left for this until ${new Date(until).toISOString()}`;
    const [turnAt, history] = [task.turnAt ?? clock(), this.#news(task, text)];
    await tasks.line.stand(task.taskId, { line, turnAt, nextAt: until, history });
  }

  /** A portal may be paused for months and its tasks looked at every hour: the same word is written once. */
  #news(task: Task, text: string): HistoryEntry[] {
    const entry = this.entry('put-off', text);
    return this.roomIn(task) && task.history.at(-1)?.text !== entry.text ? [entry] : [];
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
      await this.fail({ ...task, attempts }, trouble, ` (tried ${attempts} times)`);
      return 'settled';
    }
    await tasks.putOff(task.taskId, {
      nextAt: clock() + backoffMs(attempts, random),
      attempts,
      history: this.roomIn(task)
        ? [this.entry('put-off', `Attempt ${attempts}: ${codeOf(trouble)}. ${ourWords(trouble)}`)]
        : [],
    });
    return 'settled';
  }

  /**
   * Sends the task to the dead-letter queue and then marks it failed. Dying in between sends it twice, which does no
   * harm; the other way round it might never be sent. What the portal says stands in the letter alone.
   */
  async fail(task: Task, trouble: Trouble, tried = ''): Promise<void> {
    const { description, status, row } = trouble;
    const code = codeOf(trouble);
    const { deletionsDlq, clock } = this.#options;
    const attempts = Math.max(1, task.attempts);
    const { taskId, memberId, record } = task;
    const text = row ? `${row.meaning} ${row.mend ?? ''}`.trim() : `${description}${tried}`;
    const said = row ? portalWords(description) : description;
    await sendDeadLetter(deletionsDlq, taskId, {
      kind: 'task',
      memberId,
      taskId,
      record,
      code,
      description: said === '' ? text : `${said}${tried}`,
      ...(status !== undefined && { status }),
      attempts,
      at: clock(),
    });
    await this.end(task, 'failed', row?.name ?? code, {
      text: `Failed and dead-lettered: ${code}. ${text}`,
      attempts,
      ...noted(task),
    });
  }
}

function noted({ deletions }: Task): { deletions?: Deletion[] } {
  return deletions === undefined ? {} : { deletions };
}

const results = {
  deleted: 'deleted',
  'already-gone': 'nothing was left to delete',
  spared: 'left alone, no longer linked',
  refused: 'refused',
  guarded: 'kept by a guard',
  held: 'kept by a hold',
} as const;

/** What had been done of a task that is not finished. */
function endedBefore({ deletions = [], items }: Pick<Task, 'deletions' | 'items'>): string {
  const text = describeOutcomes(deletions, items);
  return text === '' ? '' : `. Before that: ${text}`;
}

function isKept({ outcome }: Deletion): boolean {
  return outcome?.result === 'guarded' || outcome?.result === 'held';
}

/** Why a task has done nothing at all, when that is because everything was kept. */
function keptAll(deletions: readonly Deletion[], items: Task['items']): KeepReason | undefined {
  const isAll = deletions.every((deletion) => isKept(deletion) || deletion.outcome?.result === 'spared');
  if (!isAll || !deletions.some(isKept) || Object.values(items ?? {}).some(({ gone }) => gone > 0)) return undefined;
  return deletions.some(({ outcome }) => outcome?.result === 'guarded') ? 'guarded' : 'held';
}

function describeOutcomes(deletions: readonly Deletion[], items: Task['items']): string {
  const ended = deletions.flatMap((deletion) => (deletion.outcome ? [{ deletion, outcome: deletion.outcome }] : []));
  const groups = Map.groupBy(ended, ({ outcome: { result, proof, why } }) => {
    if (why !== undefined) return `${results[result]}: ${why}`;
    return `${results[result]}, as ${proof === 'read' ? 'reading it again shows' : 'the portal answered'}`;
  });
  const texts = [...groups].map(([how, some]) => `${describeDeletions(some.map(({ deletion }) => deletion))}: ${how}`);
  const gone = Object.entries(items ?? {}).filter(([, item]) => item.gone > 0);
  return [...texts, ...gone.map(([type, item]) => `${item.gone} more items of type ${type}: gone`)].join('. ');
}
