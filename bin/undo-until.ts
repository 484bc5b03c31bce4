import type { Task } from '../lib/tasks/task.ts';
import type { Deployment } from './deployment.ts';

/** Until when the task's last snapshot is kept, in ms since the epoch; undefined when there is none. */
export async function keptUntilOf(
  { snapshots }: Pick<Deployment, 'snapshots'>,
  { taskId, snapshots: taken = 0 }: Task,
): Promise<number | undefined> {
  return taken === 0 ? undefined : snapshots.keptUntil(taskId, taken);
}
