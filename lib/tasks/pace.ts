import { limitsInForce, type MethodUse, operatingInForce } from '../bitrix24/limits.ts';
import type { SendPace } from '../portals/budgets.ts';
import type { Portal } from '../portals/portal.ts';
import { tasksPerMessage } from './messages.ts';
import { deletionMethods, type Task } from './task.ts';

/** What a round of the worker asks of the portal: one look and one batch of deletions. */
const requestsPerRound = 2;
/** A lane takes a little less than all there is: what others have to do finds room at once. */
const share = 0.8;
/** So many tasks go at once, but no more than a minute's work, so that another lane's task waits no longer than that. */
const mostAtOnce = 100;
const fewestAtOnce = 10;

/**
 * How fast one lane's tasks may be sent to the worker: as this portal can be worked, by its requests and by the
 * operating time of the slowest deletion that has been measured there. Who only observes deletes nothing.
 *
 * @param now ms since the epoch: a portal that has refused more than its settings say is slower for a while
 */
export function paceOf(
  portal: Pick<Portal, 'limits' | 'mode' | 'strictness'>,
  uses: ReadonlyMap<string, Pick<MethodUse, 'perCall' | 'strictness'>>,
  now: number,
): SendPace {
  const limits = limitsInForce(portal, now);
  const byRequests = (tasksPerMessage / requestsPerRound) * limits.requestsPerSecond;
  const byWork = deletionMethods.flatMap((method) => {
    const use = uses.get(method);
    if (portal.mode === 'observe' || use === undefined || use.perCall === 0) return [];
    return [operatingInForce(limits, use, now) / limits.operatingWindowSeconds / use.perCall];
  });
  const perSecond = Math.min(byRequests, ...byWork);
  return {
    perSecond: share * perSecond,
    burst: Math.min(mostAtOnce, Math.max(fewestAtOnce, Math.ceil(60 * perSecond))),
  };
}

/**
 * Whose tasks go one after the other: those of whoever moved the records, so that one person's thousands do not make
 * another's one wait. What a person asked for out of the past has a lane of its own.
 */
export function laneOf(source: Task['source'], { movedBy = 0 }: { movedBy?: number | undefined }): string {
  return source === 'operator' ? 'backlog' : String(movedBy);
}
