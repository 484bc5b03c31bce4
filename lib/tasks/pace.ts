import { limitsInForce, type MethodUse, operatingInForce } from '../bitrix24/limits.ts';
import type { SendPace } from '../portals/budgets.ts';
import type { Portal } from '../portals/portal.ts';
import { tasksPerMessage } from './messages.ts';
import { deletionMethods, type Task } from './task.ts';

/** What a round of the worker asks of the portal: one look and one batch of deletions. */
const requestsPerRound = 2;
/** So many tasks of a lane go at once; the others stand in line, where the worker takes them as fast as it can. */
const atOnce = 10;
/** Seconds that a deletion is taken for until one has been measured. */
const guessedSeconds = 0.5;

/**
 * In what distance one lane's tasks have their turns: as this portal can be worked, by its requests and by the operating
 * time of the slowest deletion that has been measured there. Who only observes deletes nothing. The worker is not held
 * to it: the turns say in which order the lanes' tasks are taken, and how many are sent before.
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
  const isMeasured = deletionMethods.some((method) => uses.has(method));
  const byWork = deletionMethods.flatMap((method) => {
    const use = uses.get(method) ?? { perCall: isMeasured ? 0 : guessedSeconds };
    if (portal.mode === 'observe' || use.perCall === 0) return [];
    return [operatingInForce(limits, use, now) / limits.operatingWindowSeconds / use.perCall];
  });
  return { perSecond: Math.min(byRequests, ...byWork), burst: atOnce };
}

/**
 * Whose tasks go one after the other: those of whoever moved the records, so that one person's thousands do not make
 * another's one wait. What a person asked for out of the past has a lane of its own.
 */
export function laneOf(source: Task['source'], { movedBy = 0 }: { movedBy?: number | undefined }): string {
  return source === 'operator' ? 'backlog' : String(movedBy);
}
