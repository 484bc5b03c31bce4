import type { Task } from '../../lib/tasks/task.ts';
import type { World } from './world.ts';
import { keyOfDeletion } from './problems.ts';

/** What is wrong when all is over: with the tasks by themselves, and with what they say of the portal. */
export async function wrongInTheEnd(world: World): Promise<string[]> {
  const tasks = await world.tasks();
  const { witness, portal, letters } = world;
  const { records } = portal.snapshotState();
  const done = witness.asked.filter(({ effect }) => effect);
  // Of links the portal says that they are removed even if there were none any more.
  const doneFor = ({ taskId }: Task, key: string) =>
    (key.startsWith('links:') ? witness.asked : done).some((one) => one.key === key && one.taskIds.has(taskId));
  const wrong: string[] = [];

  for (const task of tasks) {
    const name = `task ${task.record.id} ${task.rule.id} (${task.status} ${task.reason ?? ''})`;
    if (task.status === 'open') wrong.push(`${name} has not ended`);
    const isLettered = letters.messages.some(({ body }) => body.taskId === task.taskId);
    if (task.status === 'failed' && !isLettered) wrong.push(`${name} is not in the dead-letter queue`);
    for (const deletion of task.deletions ?? []) {
      const key = keyOfDeletion(deletion);
      const { result, proof } = deletion.outcome ?? {};
      const [, type, id] = key.split(':');
      const isRecord = key.startsWith('record:');
      const isThere = isRecord && records[`${type}:${id}`] !== undefined;
      if (task.status === 'done' && result === undefined) wrong.push(`${name} is done without ${key}`);
      const mayBeBlind = witness.hasObserved && result === 'already-gone' && proof === 'read';
      if (!mayBeBlind && (result === 'deleted' || result === 'already-gone') && isThere)
        wrong.push(`${name}: ${key} is there, recorded ${result}`);
      if (result === 'deleted' && proof === 'answer' && !doneFor(task, key))
        wrong.push(`${name}: ${key} was never deleted`);
    }
  }

  for (const one of done) {
    const recorded = tasks
      .filter(({ taskId }) => one.taskIds.has(taskId))
      .flatMap((task) =>
        (task.deletions ?? [])
          .filter((deletion) => keyOfDeletion(deletion) === one.key)
          .map((deletion) => `${task.status} ${deletion.outcome?.result ?? 'begun'}`),
      );
    // A task that is cancelled or skipped between a deletion and its record keeps what it noted before it: that it began.
    if (!recorded.some((text) => / (deleted|already-gone|begun)$/.test(text))) {
      wrong.push(`${one.key} was deleted and is recorded as ${recorded.join(', ') || 'nothing at all'}`);
    }
  }
  return wrong;
}
