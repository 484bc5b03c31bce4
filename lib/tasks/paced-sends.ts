import type { Log } from '../aws/telemetry.ts';
import type { Clock } from '../bitrix24/clock.ts';
import type { BudgetStore, SendPace } from '../portals/budgets.ts';
import type { PortalStore } from '../portals/store.ts';
import { each } from './each.ts';
import { paceOf } from './pace.ts';
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
  readonly #paces = new Map<string, SendPace | undefined>();

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  /**
   * A task whose turn has come goes, whatever else there is: nobody waits for ever. So does an undo, which deletes nothing
   * and for which a person waits.
   */
  async goingNow(claimed: readonly Task[]): Promise<Task[]> {
    const { budgets, clock } = this.#options;
    const now = clock();
    const isGoing = ({ slotAt, undo }: Task): boolean => slotAt !== undefined || undo !== undefined;
    const going = claimed.filter(isGoing);
    const lanes = Map.groupBy(
      claimed.filter((task) => !isGoing(task)),
      ({ memberId, lane = '0' }) => `${memberId} ${lane}`,
    );
    for (const some of lanes.values()) {
      const [first] = some;
      const pace = first && (await this.#paceOf(first.memberId));
      if (!pace) {
        going.push(...some);
        continue;
      }
      const slots = await budgets.takeSends(first.memberId, first.lane ?? '0', pace, some.length);
      going.push(...some.filter((_, index) => (slots[index] ?? now) <= now));
      const waiting = some.flatMap((task, index) => {
        const slot = slots[index] ?? now;
        return slot > now ? [{ task, slot }] : [];
      });
      await each(waiting, ({ task, slot }) => this.#options.tasks.giveTurn(task, slot));
    }
    return going;
  }

  /** Undefined when nothing is known of the portal, or it is worked at by nobody now: the worker says what follows. */
  async #paceOf(memberId: string): Promise<SendPace | undefined> {
    if (this.#paces.has(memberId)) return this.#paces.get(memberId);
    const pace = await this.#read(memberId);
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
