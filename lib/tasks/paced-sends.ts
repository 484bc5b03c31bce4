import type { Log } from '../aws/telemetry.ts';
import type { Clock } from '../bitrix24/clock.ts';
import type { BudgetStore, SendPace } from '../portals/budgets.ts';
import { closedUntil } from '../portals/operating.ts';
import type { PortalStore } from '../portals/store.ts';
import { each } from './each.ts';
import { standsAhead, toBeginWith } from './line.ts';
import { tasksPerMessage } from './messages.ts';
import { paceOf } from './pace.ts';
import type { Sendable } from './send-due.ts';
import type { TaskStore } from './store.ts';
import type { Task } from './task.ts';

export interface PaceOptions {
  readonly portals: PortalStore;
  readonly budgets: BudgetStore;
  readonly tasks: TaskStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** What there is room for at a portal now. */
interface Known {
  readonly pace: SendPace;
  /** Whether a deletion method has no operating time left. */
  readonly isClosed: (method: string) => boolean;
}

/** Of the tasks that have come due, those that go now; the others get their turn in the table. For one run of the clock. */
export class PacedSends {
  readonly #options: PaceOptions;
  readonly #known = new Map<string, Promise<Known | undefined>>();
  /** Portals that somebody is at work for, or will be soon: he goes on with those in line. */
  readonly #begun = new Set<string>();

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  /**
   * An undo goes at once: it deletes nothing, and a person waits for it. So does a task whose turn has come, unless it
   * stands in line: those are gone on with by whoever is at work there, and where nobody is, a few are sent to begin with.
   */
  async goingNow(claimed: readonly Task[]): Promise<Task[]> {
    const going: Task[] = [];
    for (const [memberId, some] of Map.groupBy(claimed, (task) => task.memberId)) {
      try {
        going.push(...(await this.#goingOf(memberId, some)));
      } catch (error) {
        // One portal whose rows cannot be written must not hold up the clock.
        this.#warn(memberId, error);
        going.push(...some);
      }
    }
    return going;
  }

  /**
   * These tasks as they are to be sent. What waits for a paused portal is put off by the worker, message by message: in
   * line nobody would come to it.
   */
  async sendable(tasks: readonly Task[]): Promise<Sendable[]> {
    return Promise.all(
      tasks.map(async ({ memberId, taskId, status, undo, line }) => {
        const canStand = status === 'open' && undo === undefined && line !== undefined;
        const isOrdinary = canStand && (await this.#knownOf(memberId)) !== undefined;
        return { memberId, taskId, isApart: !isOrdinary };
      }),
    );
  }

  async #goingOf(memberId: string, claimed: readonly Task[]): Promise<Task[]> {
    const inLine = claimed.filter((task) => !isApart(task) && task.turnAt !== undefined);
    const others = claimed.filter((task) => !isApart(task) && task.turnAt === undefined && task.slotAt === undefined);
    const going = claimed.filter((task) => !inLine.includes(task) && !others.includes(task));
    going.push(...(await this.#giveTurns(memberId, others)));
    const first = await this.#beginning(memberId, inLine);
    const rest = inLine.filter((task) => !first.includes(task));
    await each(rest, (task) => this.#options.tasks.line.leave(task));
    return [...going, ...first];
  }

  /** Those that go now; the others stand in line from now on. */
  async #giveTurns(memberId: string, tasks: readonly Task[]): Promise<Task[]> {
    const { budgets, clock } = this.#options;
    const going: Task[] = [];
    for (const [lane, some] of Map.groupBy(tasks, (task) => task.lane ?? '0')) {
      const known = await this.#knownOf(memberId);
      if (!known) {
        going.push(...some);
        continue;
      }
      const slots = await budgets.takeSends(memberId, lane, known.pace, some.length);
      // Turns are counted from when they were asked for, and that took a moment.
      const now = clock();
      const turns = some.map((task, index) => ({ task, slot: slots[index] ?? now }));
      const atOnce = turns.filter(({ slot }) => slot <= now).map(({ task }) => task);
      const waiting = turns.filter(({ slot }) => slot > now);
      await each(waiting, ({ task, slot }) => this.#options.tasks.line.giveTurn(task, slot));
      if (atOnce.length > 0) this.#begun.add(memberId);
      const begin = waiting.map(({ task }) => task);
      going.push(...atOnce, ...(await this.#beginning(memberId, begin)));
    }
    return going;
  }

  /** Of those in line: what is to be sent so that somebody is at work. */
  async #beginning(memberId: string, inLine: readonly Task[]): Promise<Task[]> {
    if (inLine.length === 0 || this.#begun.has(memberId)) return [];
    const { tasks, clock } = this.#options;
    const state = await tasks.line.state(memberId);
    const known = state === 'goes-on-later' ? await this.#knownOf(memberId) : undefined;
    // Those that go at once wait for nobody who is to come later.
    const ahead = state === 'worked-at' ? [] : inLine.filter((task) => standsAhead(task, clock()));
    const going =
      ahead.length > 0
        ? ahead.slice(0, tasksPerMessage)
        : toBeginWith(state, inLine, (method) => known?.isClosed(method) ?? true);
    if (going.length > 0 || state === 'worked-at') this.#begun.add(memberId);
    return going;
  }

  /** Undefined when nothing is known of the portal, or it is worked at by nobody now: the worker says what follows. */
  #knownOf(memberId: string): Promise<Known | undefined> {
    const known = this.#known.get(memberId) ?? this.#read(memberId);
    this.#known.set(memberId, known);
    return known;
  }

  async #read(memberId: string): Promise<Known | undefined> {
    const { portals, budgets, clock } = this.#options;
    try {
      const portal = await portals.get(memberId);
      if (portal?.state !== 'active' || portal.pause) return undefined;
      const uses = await budgets.operating(memberId);
      const isClosed = (method: string): boolean => closedUntil(method, uses, portal.limits, clock()) !== undefined;
      return { pace: paceOf(portal, uses, clock()), isClosed };
    } catch (error) {
      // One portal whose row cannot be read must not hold up the clock.
      this.#warn(memberId, error);
      return undefined;
    }
  }

  #warn(memberId: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : 'unknown';
    this.#options.log.warn('sent without a pace', { memberId, reason });
  }
}

/** An undo, or the report of what has ended, stands in no line. */
function isApart({ status, undo }: Task): boolean {
  return undo !== undefined || status !== 'open';
}
