import type { Item } from '../lib/aws/table.ts';
import type { TaskStore } from '../lib/tasks/store.ts';
import type { Task } from '../lib/tasks/task.ts';

const pageSize = 100;

export interface TaskWindow {
  /** ms since the epoch: only tasks that were made from then on, and up to then. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** Called with the id of each row that cannot be read. */
  readonly unreadable?: (taskId: string) => void;
}

/** Every task of a portal, the newest first, read page by page as far as it is asked for. */
export async function* portalTasks(
  tasks: TaskStore,
  memberId: string,
  now: number,
  { since, until, unreadable }: TaskWindow = {},
): AsyncGenerator<Task> {
  let last: Item | undefined;
  do {
    const page = await tasks.listByPortal(memberId, { limit: pageSize, startAfter: last, since, until });
    for (const taskId of page.unreadable) unreadable?.(taskId);
    // The table removes expired rows days later.
    yield* page.tasks.filter(({ expiresAt }) => expiresAt === undefined || expiresAt * 1000 > now);
    last = page.last;
  } while (last);
}
