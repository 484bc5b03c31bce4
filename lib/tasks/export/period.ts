import type { Task } from '../task.ts';

/** From `since` on and before `until`, ms since the epoch. */
export interface Period {
  readonly since: number;
  readonly until: number;
}

export function isIn({ since, until }: Period, at: number | undefined): boolean {
  return at !== undefined && at >= since && at < until;
}

/** Whether anything happened to the task in the period. What waits for years is made long before it acts. */
export function happenedIn(period: Period, { createdAt, endedAt, history, deletions = [], items = {} }: Task): boolean {
  return (
    isIn(period, createdAt) ||
    isIn(period, endedAt) ||
    history.some(({ at }) => isIn(period, at)) ||
    deletions.some(({ outcome }) => isIn(period, outcome?.at)) ||
    Object.values(items).some(({ ended = [] }) => ended.some(({ at }) => isIn(period, at)))
  );
}
