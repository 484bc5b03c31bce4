import type { Clock } from '../bitrix24/clock.ts';
import type { Portal } from '../portals/portal.ts';
import type { StoredRule } from '../rules/version.ts';
import { decide, type PresentRecord } from './decide.ts';
import { laneOf } from './pace.ts';
import type { TaskStore } from './store.ts';
import { type Task, taskIdOf, type TaskIdentity } from './task.ts';

/** Skipped for these reasons, a task can be asked for again; the same checks hold then. */
const keptReasons: ReadonlySet<string> = new Set(['held', 'guarded']);

/** Whether a person may ask for the task to be carried out after all. */
export function canBeEnforced({ status, reason = '' }: Pick<Task, 'status' | 'reason'>): boolean {
  return status === 'observed' || (status === 'skipped' && keptReasons.has(reason));
}

/** What would become of a task that is asked for again. */
export type Enforcement =
  /** It is planned anew and acts at `dueAt`, ms since the epoch. `unseen`: its record could not be looked at. */
  | { do: 'plan'; dueAt: number; unseen: boolean }
  /** Nothing would come of it: a reason as in `decide`, or the state that the task is in. */
  | { do: 'keep'; reason: string };

/** Pure: by what was read just now. `record`: undefined when it could not be read; the worker looks again anyway. */
export function judgeEnforcement(
  task: Task,
  record: PresentRecord | undefined,
  rule: StoredRule | undefined,
  portal: Pick<Portal, 'mode' | 'enforcedAt'>,
  now: number,
): Enforcement {
  if (!canBeEnforced(task)) return { do: 'keep', reason: `is-${task.status}` };
  if (record === undefined) return { do: 'plan', dueAt: now, unseen: true };
  const asked = { transition: task.transition, deletions: undefined, source: 'operator', createdAt: now };
  const decision = decide(asked, record, rule, portal, now);
  if (decision.do === 'act') return { do: 'plan', dueAt: now, unseen: false };
  if (decision.do === 'defer') return { do: 'plan', dueAt: decision.until, unseen: false };
  if (decision.do === 'read-again') return { do: 'plan', dueAt: now, unseen: true };
  return { do: 'keep', reason: decision.reason };
}

/** More runs than this for one loss are no accident any more. */
const mostRuns = 100;

function runOf({ memberId, record, rule, transition }: Task, run: number, rulesVersion: number): TaskIdentity {
  return { memberId, record, rule: { id: rule.id, version: rulesVersion }, transition, run };
}

/** The id of the task that follows when a person asks for this one again, if no undo has come in between. */
export function nextRunId(task: Task): string {
  return taskIdOf(runOf(task, task.run + 1, task.rule.version));
}

/**
 * Plans a task anew. Its id follows from the old task's, so that to repeat this makes no second one.
 *
 * @param by who wants it, for the histories
 * @param askedAt when they looked at what the rules say, ms since the epoch: a rule that begins later does not act
 * @returns the new task's id, and whether this made it
 */
export async function enforceTask(
  { tasks, clock }: { readonly tasks: TaskStore; readonly clock: Clock },
  task: Task,
  { by, askedAt, dueAt, rulesVersion }: { by: string; askedAt: number; dueAt: number; rulesVersion: number },
): Promise<{ created: boolean; taskId: string }> {
  const at = clock();
  const was = `${task.status}${task.reason === undefined ? '' : ` (${task.reason})`}`;
  const text = `Asked for by ${by}: task ${task.taskId} was ${was}; rule ${task.rule.id}, version ${rulesVersion}`;
  for (let run = task.run + 1; run <= task.run + mostRuns; run += 1) {
    const made = await tasks.create(runOf(task, run, rulesVersion), {
      nextAt: Math.max(at, dueAt),
      source: 'operator',
      askedAt,
      lane: laneOf('operator', {}),
      history: [{ at, what: 'planned', text: text.slice(0, 600) }],
    });
    if (made.created) {
      const planned = `Planned again as ${made.taskId} by ${by}`.slice(0, 600);
      await tasks.remark(task.taskId, [{ at, what: 'repeated', text: planned }]);
      return made;
    }
    // A run may also be one that took something back.
    if ((await tasks.get(made.taskId))?.undo === undefined) return made;
  }
  throw new Error(`Task ${task.taskId} was taken back ${mostRuns} times`);
}
