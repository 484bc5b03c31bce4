import { deletionKey } from './deletion.ts';
import type { Run } from './run.ts';
import { readTargets, type Target, targetCommands } from './targets.ts';
import type { Deletion, Task } from './task.ts';

/** To read one back takes two commands at most, and a batch holds 50. */
const atOnce = 25;

/**
 * Deletions that were prepared, and of which nothing more is known. They may have been sent: by a worker that died, or
 * whose answer was lost.
 */
export function unansweredOf({ deletions = [] }: Pick<Task, 'deletions'>): Deletion[] {
  return deletions.filter(({ outcome, snapshotAt }) => outcome === undefined && snapshotAt !== undefined);
}

/**
 * These tasks with what is seen of their unanswered deletions: what is gone has an outcome. A task must not end without
 * it, for undo and the records of destruction go by outcomes.
 *
 * @throws what a PortalSession throws
 */
export async function withAnswers({ session, options }: Run, tasks: readonly Task[]): Promise<Task[]> {
  const deletions = tasks.flatMap(unansweredOf);
  const targets = new Map<string, Target>();
  for (let start = 0; start < deletions.length; start += atOnce) {
    const some = deletions.slice(start, start + atOnce);
    const answers = await session.batch(targetCommands(some, 'presence'), { write: false });
    for (const [key, target] of readTargets(some, answers)) targets.set(key, target);
  }
  const at = options.clock();
  return tasks.map((task) => {
    const unanswered = new Set(unansweredOf(task));
    const known = task.deletions?.map((deletion): Deletion => {
      const target = unanswered.has(deletion) ? targets.get(deletionKey(deletion)) : undefined;
      const isGone = target?.kind === 'gone' || (target?.kind === 'links' && target.links.length === 0);
      return isGone ? { ...deletion, outcome: { result: 'already-gone', at, proof: 'read' } } : deletion;
    });
    return known === undefined ? task : { ...task, deletions: known };
  });
}
