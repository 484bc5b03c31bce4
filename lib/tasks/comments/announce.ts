import type { Portal } from '../../portals/portal.ts';
import type { StoredRule } from '../../rules/version.ts';
import { observeReasonOf, type PresentRecord } from '../decide.ts';
import { each } from '../each.ts';
import type { Run } from '../run.ts';
import type { Task } from '../task.ts';
import { isOwed } from './comment-state.ts';
import { announcementText } from './comment-text.ts';
import { writeComments } from './write-comments.ts';

/** A task whose wait is not over, and that people are to be told of. */
export interface Waiting {
  readonly task: Task;
  readonly rule: StoredRule;
  readonly record: Extract<PresentRecord, { found: true }>;
  /** When the wait is over, in ms since the epoch. */
  readonly until: number;
}

/** Whether it is to be announced now: by the rule in force, and where something would really be done. */
export function isToAnnounce(task: Task, rule: StoredRule, portal: Portal): boolean {
  return isOwed(task.announcement) && rule.comment && observeReasonOf(task, rule, portal) === undefined;
}

/** Says in the timelines what is to come. Whatever becomes of that, each task comes due when its wait is over. */
export async function announce(run: Run, waiting: readonly Waiting[]): Promise<void> {
  if (waiting.length === 0) return;
  const drafts = waiting.map(({ task, rule, record, until }) => ({
    task,
    kind: 'announcement' as const,
    text: announcementText(task, rule, record, until),
  }));
  const later = await writeComments(run, drafts);
  await each(waiting, ({ task, until }) =>
    run.settle.putOff(
      task,
      Math.min(until, later.get(task.taskId) ?? until),
      `Due at ${new Date(until).toISOString()}`,
      { newTurn: true },
    ),
  );
}
