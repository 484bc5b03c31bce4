import { counted } from './counted.ts';
import { shortIdLength } from './task-view.ts';

/** So many are named. */
const mostNamed = 10;

/** A warning about rows that cannot be read, if there are any; `what` became of them. */
export function unreadableTasks(taskIds: readonly string[], what: string): string[] {
  if (taskIds.length === 0) return [];
  const named = taskIds.slice(0, mostNamed).map((taskId) => taskId.slice(0, shortIdLength));
  const rest = taskIds.length > mostNamed ? ', …' : '';
  return [
    `${counted(taskIds.length, 'task')} cannot be read and ${taskIds.length === 1 ? 'is' : 'are'} ${what}: ` +
      `${named.join(', ')}${rest}. Another version of tidy24 may have written them.`,
  ];
}
