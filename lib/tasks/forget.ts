import type { Clock } from '../bitrix24/clock.ts';
import type { SnapshotStore } from './snapshots.ts';
import type { TaskStore } from './store.ts';
import type { Task } from './task.ts';

export interface ForgetOptions {
  readonly tasks: TaskStore;
  readonly snapshots: SnapshotStore;
  readonly clock: Clock;
}

/**
 * `open`: it may be at work with its snapshots. `changed`: it was opened again, or ended, meanwhile. `nothing`: there was
 * no snapshot, or it was erased before.
 */
export type Forgotten =
  { result: 'forgotten'; parts: number } | { result: 'nothing' } | { result: 'open' } | { result: 'changed' };

/**
 * Erases what a task has kept of the records that it removed. That it is erased is noted first: from then on nobody
 * relies on it, and whoever dies in between repeats it.
 *
 * @param by who wants it, for the history of the task
 */
export async function forgetTask(
  { tasks, snapshots, clock }: ForgetOptions,
  task: Task,
  by: string,
): Promise<Forgotten> {
  const { taskId, status, snapshots: taken = 0, snapshotAt = 0, forgottenAt = -1 } = task;
  if (status === 'open') return { result: 'open' };
  if (taken > 0 && snapshotAt > forgottenAt) {
    const text = `Snapshots erased by ${by}: it cannot be undone any more`.slice(0, 600);
    const noted = await tasks.forget(task, [{ at: clock(), what: 'forgotten', text }]);
    if (!noted) return { result: 'changed' };
  }
  // In any case: a snapshot may have been stored by a worker that could not note it any more.
  const parts = await snapshots.erase(taskId);
  return parts === 0 ? { result: 'nothing' } : { result: 'forgotten', parts };
}
