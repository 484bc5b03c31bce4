import type { Log } from '../aws/telemetry.ts';
import type { Clock } from '../bitrix24/clock.ts';
import type { BudgetStore, SendPace } from '../portals/budgets.ts';
import type { PortalStore } from '../portals/store.ts';
import { each } from './each.ts';
import { standsAhead } from './line.ts';
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

/** Of the tasks that have come due, those that go now; the others get their turn in the table. For one run of the clock. */
export class PacedSends {
  readonly #options: PaceOptions;
  readonly #paces = new Map<string, Promise<SendPace | undefined>>();
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
    const going = claimed.filter(
      ({ slotAt, turnAt, undo }) => undo !== undefined || (slotAt !== undefined && turnAt === undefined),
    );
    const inLine = claimed.filter(({ turnAt, undo }) => undo === undefined && turnAt !== undefined);
    const others = claimed.filter(
      ({ slotAt, turnAt, undo }) => undo === undefined && slotAt === undefined && turnAt === undefined,
    );
    going.push(...(await this.#giveTurns(others)));
    for (const [memberId, some] of Map.groupBy(inLine, (task) => task.memberId)) {
      const first = await this.#beginning(memberId, some);
      going.push(...first);
      const rest = some.filter((task) => !first.includes(task));
      await each(rest, (task) => this.#options.tasks.line.leave(task));
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
        const isOrdinary = canStand && (await this.#paceOf(memberId)) !== undefined;
        return { memberId, taskId, isApart: !isOrdinary };
      }),
    );
  }

  /** Those that go now; the others stand in line from now on. */
  async #giveTurns(tasks: readonly Task[]): Promise<Task[]> {
    const { budgets, clock } = this.#options;
    const going: Task[] = [];
    const lanes = Map.groupBy(tasks, ({ memberId, lane = '0' }) => `${memberId} ${lane}`);
    for (const some of lanes.values()) {
      const [first] = some;
      const pace = first && (await this.#paceOf(first.memberId));
      if (!pace) {
        going.push(...some);
        continue;
      }
      const slots = await budgets.takeSends(first.memberId, first.lane ?? '0', pace, some.length);
      // Turns are counted from when they were asked for, and that took a moment.
      const now = clock();
      const turns = some.map((task, index) => ({ task, slot: slots[index] ?? now }));
      const atOnce = turns.filter(({ slot }) => slot <= now).map(({ task }) => task);
      const waiting = turns.filter(({ slot }) => slot > now);
      await each(waiting, ({ task, slot }) => this.#options.tasks.line.giveTurn(task, slot));
      if (atOnce.length > 0) this.#begun.add(first.memberId);
      const begin = waiting.map(({ task }) => task);
      going.push(...atOnce, ...(await this.#beginning(first.memberId, begin)));
    }
    return going;
  }

  /** Of those in line: what is to be sent so that somebody is at work. */
  async #beginning(memberId: string, inLine: readonly Task[]): Promise<Task[]> {
    if (inLine.length === 0 || this.#begun.has(memberId)) return [];
    this.#begun.add(memberId);
    const { tasks, clock } = this.#options;
    const ahead = inLine.filter((task) => standsAhead(task, clock()));
    // Those that go at once wait for nobody who is to come later.
    if (ahead.length > 0 && !(await tasks.line.isWorkedAt(memberId))) return ahead.slice(0, tasksPerMessage);
    if (await tasks.line.isHeld(memberId)) return [];
    return inLine.slice(0, tasksPerMessage);
  }

  /** Undefined when nothing is known of the portal, or it is worked at by nobody now: the worker says what follows. */
  #paceOf(memberId: string): Promise<SendPace | undefined> {
    const pace = this.#paces.get(memberId) ?? this.#read(memberId);
    this.#paces.set(memberId, pace);
    return pace;
  }

  async #read(memberId: string): Promise<SendPace | undefined> {
    const { portals, budgets, log, clock } = this.#options;
    try {
      const portal = await portals.get(memberId);
      if (portal?.state !== 'active' || portal.pause) return undefined;
      return paceOf(portal, await budgets.operating(memberId), clock());
    } catch (error) {
      // One portal whose row cannot be read must not hold up the clock.
      log.warn('sent without a pace', { memberId, reason: error instanceof Error ? error.message : 'unknown' });
      return undefined;
    }
  }
}
