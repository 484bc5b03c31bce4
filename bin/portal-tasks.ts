import type { Item } from '../lib/aws/table.ts';
import type { TaskStore } from '../lib/tasks/store.ts';
import type { Task } from '../lib/tasks/task.ts';

const pageSize = 100;

/** Every task of a portal, the newest first, read page by page as far as it is asked for. */
export async function* portalTasks(tasks: TaskStore, memberId: string, now: number): AsyncGenerator<Task> {
  let last: Item | undefined;
  do {
    const page = await tasks.listByPortal(memberId, { limit: pageSize, startAfter: last });
    // The table removes expired rows days later.
    yield* page.tasks.filter(({ expiresAt }) => expiresAt === undefined || expiresAt * 1000 > now);
    last = page.last;
  } while (last);
}
