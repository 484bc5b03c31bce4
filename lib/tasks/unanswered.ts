import { askAll } from '../portals/ask.ts';
import { deletionKey } from './deletion.ts';
import type { Run } from './run.ts';
import { readTargets, type Target, targetCommands } from './targets.ts';
import type { Deletion, Task } from './task.ts';

/**
 * Deletions that were prepared, and of which nothing more is known. They may have been sent: by a worker that died, or
 * whose answer was lost.
 */
export function unansweredOf({ deletions = [] }: Pick<Task, 'deletions'>): Deletion[] {
  return deletions.filter(({ outcome, snapshotAt }) => outcome === undefined && snapshotAt !== undefined);
}

/** A task with what is seen of its unanswered deletions, or what could not be read of them. */
export type Answered = { readonly task: Task } | { readonly unreadable: Extract<Target, { kind: 'unknown' }> };

/**
 * What is gone of the unanswered deletions of these tasks has an outcome afterwards. A task must not end without it, for
 * undo and the records of destruction go by outcomes.
 *
 * @returns for each task, in their order
 * @throws what a PortalSession throws
 */
export async function withAnswers({ session, options }: Run, tasks: readonly Task[]): Promise<Answered[]> {
  const deletions = tasks.flatMap(unansweredOf);
  const targets = readTargets(deletions, await askAll(session, targetCommands(deletions, 'presence')));
  const at = options.clock();
  return tasks.map((task): Answered => {
    const seen = new Map<Deletion, Target>();
    for (const deletion of unansweredOf(task)) {
      const target = targets.get(deletionKey(deletion)) ?? { kind: 'unknown', row: undefined };
      if (target.kind === 'unknown') return { unreadable: target };
      seen.set(deletion, target);
    }
    const known = task.deletions?.map((deletion): Deletion => {
      const target = seen.get(deletion);
      const isGone = target?.kind === 'gone' || (target?.kind === 'links' && target.links.length === 0);
      return isGone ? { ...deletion, outcome: { result: 'already-gone', at, proof: 'read' } } : deletion;
    });
    return { task: known === undefined ? task : { ...task, deletions: known } };
  });
}
