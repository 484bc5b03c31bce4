import type { Clock } from '../../bitrix24/clock.ts';
import type { SnapshotStore } from '../snapshots.ts';
import type { TaskStore } from '../store.ts';
import { type Task, taskIdOf } from '../task.ts';
import { undoPlan, type UndoPlan } from './undo-plan.ts';
import { mostRuns } from './work-undo.ts';

/** Why a task cannot be taken back. Each is stable, in kebab-case. */
export type UndoRefusal =
  | 'is-an-undo'
  | 'still-open'
  | 'only-observed'
  | 'nothing-removed'
  | 'snapshots-forgotten'
  | 'snapshots-expired'
  | 'being-undone'
  | 'undone-too-often';

/** Thrown before anything is written. */
export class UndoRefused extends Error {
  override readonly name = 'UndoRefused';
  readonly code: UndoRefusal;

  constructor(code: UndoRefusal, message: string) {
    super(message);
    this.code = code;
  }
}

const expired = 'What the task deleted is no longer kept: the time for undo is over.';

/**
 * What taking the task back would put back.
 *
 * @throws UndoRefused
 */
export async function lookAtUndo(snapshots: Pick<SnapshotStore, 'get'>, task: Task): Promise<UndoPlan> {
  if (task.undo)
    throw new UndoRefused('is-an-undo', 'The task takes another one back; it cannot be taken back itself.');
  if (task.status === 'open') {
    throw new UndoRefused(
      'still-open',
      'The task has not ended: it would go on deleting. Wait until it has, or cancel it.',
    );
  }
  if (task.status === 'observed' && task.snapshots === undefined) {
    throw new UndoRefused('only-observed', 'The task was only observed: it has deleted nothing.');
  }
  if (task.snapshots === undefined) {
    throw new UndoRefused('nothing-removed', `The task ended as ${task.status} and has deleted nothing.`);
  }
  const kept = await snapshots.get(task.taskId);
  if (kept.length === 0) {
    throw task.forgottenAt === undefined
      ? new UndoRefused('snapshots-expired', expired)
      : new UndoRefused('snapshots-forgotten', 'What the task deleted was erased at the request of a person.');
  }
  const plan = undoPlan(task, kept);
  if (plan.records.length === 0 && plan.owners.length === 0) {
    if (plan.unkept > 0) throw new UndoRefused('snapshots-expired', expired);
    throw new UndoRefused('nothing-removed', `The task ended as ${task.status} and has deleted nothing.`);
  }
  return plan;
}

/**
 * Makes the task that takes another one back, due now. Its run counts on, so that two commands at once make one.
 *
 * @param by who asks
 * @throws UndoRefused
 */
export async function createUndo(
  { tasks, clock }: { tasks: TaskStore; clock: Clock },
  original: Task,
  { recreate, by }: { recreate: boolean; by: string },
): Promise<string> {
  const { memberId, record, rule, transition } = original;
  for (let run = 1; run <= mostRuns; run += 1) {
    const identity = { memberId, record, rule, transition, run };
    const former = await tasks.get(taskIdOf(identity));
    if (former?.undo?.of === original.taskId && former.status === 'open') {
      throw new UndoRefused('being-undone', `The task is being taken back by task ${former.taskId.slice(0, 12)}.`);
    }
    if (former) continue;
    const text = `Asked for by ${by}: take back task ${original.taskId.slice(0, 12)}${recreate ? ', making anew what is not there' : ''}`;
    const { created, taskId } = await tasks.create(identity, {
      nextAt: clock(),
      source: 'operator',
      history: [{ at: clock(), what: 'planned', text: text.slice(0, 600) }],
      undo: { of: original.taskId, recreate, restored: [], linked: 0, relinked: [] },
    });
    if (created) return taskId;
    throw new UndoRefused('being-undone', 'Somebody else has just asked for the same.');
  }
  throw new UndoRefused('undone-too-often', `The task was taken back ${mostRuns} times already.`);
}
