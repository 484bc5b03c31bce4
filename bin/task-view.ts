import { EntityType } from '../lib/bitrix24/entity-types.ts';
import type { Task } from '../lib/tasks/task.ts';
import { iso } from './time.ts';

/** `deal 17` */
export function recordText({ entityTypeId, id }: Pick<Task['record'], 'entityTypeId' | 'id'>): string {
  return `${typeText(entityTypeId)} ${id}`;
}

/** `deal`, `type 1044` */
export function typeText(entityTypeId: number): string {
  const [name] = Object.entries(EntityType).find(([, type]) => type === entityTypeId) ?? [`type ${entityTypeId}`];
  return name;
}

/** So many digits of a task's id tell it apart, and are enough for `tasks show`. */
export const shortIdLength = 12;

/** A task as `--json` shows it: times in ISO. */
export function taskView(task: Task): Record<string, unknown> {
  const { taskId, memberId, record, rule, transition, run, source, status, reason, attempts } = task;
  return {
    taskId,
    memberId,
    record,
    rule,
    transition: { stageId: transition.stageId, movedTime: iso(transition.movedTime) },
    run,
    source,
    status,
    reason: reason ?? null,
    attempts,
    deletions: (task.deletions ?? []).map(({ outcome, snapshotAt, ...deletion }) => ({
      ...deletion,
      snapshotAt: iso(snapshotAt) ?? null,
      outcome: outcome ? { ...outcome, at: iso(outcome.at) } : null,
    })),
    items: task.items ?? {},
    snapshots: task.snapshots ?? 0,
    snapshotAt: iso(task.snapshotAt) ?? null,
    forgottenAt: iso(task.forgottenAt) ?? null,
    undo: task.undo ?? null,
    history: task.history.map((entry) => ({ ...entry, at: iso(entry.at) })),
    nextAt: iso(task.nextAt) ?? null,
    createdAt: iso(task.createdAt),
    endedAt: iso(task.endedAt) ?? null,
  };
}
