import type { Clock } from '../bitrix24/clock.ts';
import type { BudgetStore } from '../portals/budgets.ts';
import { closedUntil } from '../portals/operating.ts';
import type { PortalStore } from '../portals/store.ts';
import { isOwed } from './comments/comment-state.ts';
import type { InLine } from './line.ts';
import { type DeletionMessage, tasksPerMessage } from './messages.ts';
import { recordKey } from './read-records.ts';
import type { TaskStore } from './store.ts';
import { skewMs } from './schedule.ts';
import { deletionMethods, type Task } from './task.ts';

export interface SupplyOptions {
  readonly tasks: TaskStore;
  readonly portals: PortalStore;
  readonly budgets: BudgetStore;
  readonly clock: Clock;
}

/** That an invocation goes on with its portal's lines when its message is done. */
export interface Pulling {
  /** Its name as the one who holds them. */
  readonly holder: string;
  /** ms since the epoch: no more is taken from the lines afterwards. */
  readonly until: number;
  /** ms since the epoch: it has ended by then. */
  readonly deadline: number;
}

/** Read from a line beyond what is needed: a round that has ended just now may still be listed, for an index lags. */
const spare = tasksPerMessage;

/** Who goes on with a line begins with so many, because nothing is deleted while they are read. */
const firstOfMany = tasksPerMessage / 3;

/** What there is to do for one invocation: the tasks of its message, and then those that wait for their turn. */
export class Supply {
  readonly #options: SupplyOptions;
  readonly #memberId: string;
  readonly #own: ReadonlySet<string>;
  readonly #pulling: Pulling | undefined;
  /** What is to be looked at again. */
  #ids: Set<string>;
  /** What was still to do when it was looked at: once it is not, something was done. */
  readonly #seen = new Set<string>();
  /** The message's own and what was taken from the lines: an index lags behind, and nothing is taken twice. */
  readonly #taken: Set<string>;
  /** Undefined: not asked for yet. Who goes on has been given them. */
  #isHeld: boolean | undefined;
  #isClosed = false;
  #hasDone = false;
  readonly #goesOn: boolean;

  constructor(options: SupplyOptions, { memberId, taskIds, holder }: DeletionMessage, pulling?: Pulling) {
    this.#options = options;
    this.#goesOn = holder !== undefined;
    this.#isHeld = this.#goesOn || undefined;
    this.#memberId = memberId;
    this.#ids = new Set(taskIds);
    this.#own = new Set(taskIds);
    this.#taken = new Set(taskIds);
    this.#pulling = pulling;
  }

  /** What can be done beside these, which are just being worked at. */
  async next(busy: readonly Task[]): Promise<Task[]> {
    const present = await this.#left(busy);
    const records = new Set(busy.map(({ record }) => recordKey(record)));
    const isFree = ({ record }: Task): boolean => !records.has(recordKey(record));
    const free = present.filter(isFree);
    const open = free.filter(({ status }) => status === 'open').length;
    if (this.#goesOn && busy.length === 0 && open > firstOfMany) return free.slice(0, firstOfMany);
    if (open >= tasksPerMessage || !this.#mayPull()) return free;
    return [...free, ...(await this.#pull(tasksPerMessage - open)).filter(isFree)];
  }

  /** Whether anything was done: a task has ended, or waits for something. */
  get hasDone(): boolean {
    return this.#hasDone;
  }

  /** They are done with, as far as this invocation is concerned. */
  forget(tasks: readonly Task[]): void {
    this.#hasDone ||= tasks.length > 0;
    for (const { taskId } of tasks) this.#ids.delete(taskId);
  }

  /** Nobody works at the portal now, so nothing more is taken. */
  close(): void {
    this.#isClosed = true;
  }

  /** Those of the message itself that are still to be done. */
  async ownLeft(): Promise<Task[]> {
    const present = await this.#left();
    return present.filter(({ taskId }) => this.#own.has(taskId));
  }

  /**
   * Takes hold of the lines, or keeps them, for whoever goes on with them. False when there is nothing to go on with, or
   * somebody else does.
   */
  async keepLines(until: number): Promise<boolean> {
    if (!this.#pulling || this.#isHeld === false || this.#isClosed) return false;
    return this.#hold(until);
  }

  /** Another may go on with the lines, if this one had them. */
  async letGo(): Promise<void> {
    if (!this.#pulling || this.#isHeld !== true) return;
    await this.#options.tasks.line.letGo(this.#memberId, this.#pulling.holder);
  }

  /**
   * Only who holds the lines takes from them. Where others filled up their rounds, each task that goes at once would wait
   * for a full round of everybody's before it.
   */
  #mayPull(): boolean {
    return !this.#isClosed && this.#isHeld !== false && this.#options.clock() < (this.#pulling?.until ?? 0);
  }

  async #pull(count: number): Promise<Task[]> {
    const { free } = await freeAndClosed(this.#options, this.#memberId, this.#ids.size + count + spare);
    const fresh = free
      .map(({ taskId }) => taskId)
      .filter((taskId) => !this.#taken.has(taskId) && !this.#ids.has(taskId))
      .slice(0, count);
    if (fresh.length === 0 || !(await this.#hold(this.#pulling?.deadline ?? 0))) return [];
    for (const taskId of fresh) {
      this.#taken.add(taskId);
      this.#ids.add(taskId);
    }
    return this.#stillToDo(fresh);
  }

  async #hold(until: number): Promise<boolean> {
    const { line } = this.#options.tasks;
    this.#isHeld = await line.hold(this.#memberId, this.#pulling?.holder ?? '', until);
    return this.#isHeld;
  }

  /** What is still to do; what is not, and not just being worked at, is forgotten. */
  async #left(busy: readonly Task[] = []): Promise<Task[]> {
    const present = await this.#stillToDo([...this.#ids]);
    const kept = [...present, ...busy].map(({ taskId }) => taskId).filter((taskId) => this.#ids.has(taskId));
    this.#ids = new Set(kept);
    this.#hasDone ||= [...this.#seen].some((taskId) => !this.#ids.has(taskId));
    return present;
  }

  /** What was put off comes back by the clock; its message may come again sooner, for the sake of other tasks. */
  async #stillToDo(taskIds: readonly string[]): Promise<Task[]> {
    const { tasks, clock } = this.#options;
    const present = taskIds.length === 0 ? [] : await tasks.getMany(taskIds);
    // Who sent it as due may have a clock that is ahead of this one.
    const now = clock() + skewMs;
    const left = present.filter(
      ({ memberId, status, report, notBefore = 0 }) =>
        memberId === this.#memberId && (status === 'open' || isOwed(report)) && notBefore <= now,
    );
    for (const { taskId } of left) this.#seen.add(taskId);
    return left;
  }
}

/**
 * The first of a portal's lines: those whose methods have room now, and when (ms since the epoch) the first of the others
 * has room again. None where nobody works at the portal now.
 */
export async function freeAndClosed(
  { tasks, portals, budgets, clock }: SupplyOptions,
  memberId: string,
  limit: number,
): Promise<{ free: InLine[]; closedUntil: number | undefined }> {
  const first = await tasks.line.first(memberId, limit);
  const portal = first.length === 0 ? undefined : await portals.get(memberId);
  if (portal?.state !== 'active' || portal.pause) return { free: [], closedUntil: undefined };
  const uses = await budgets.operating(memberId);
  const ends = new Map(deletionMethods.map((method) => [method, closedUntil(method, uses, portal.limits, clock())]));
  const closed = first.flatMap(({ method }) => ends.get(method) ?? []);
  return {
    free: first.filter(({ method }) => ends.get(method) === undefined),
    closedUntil: closed.length === 0 ? undefined : Math.min(...closed),
  };
}
