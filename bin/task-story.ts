import type { Deletion, Task } from '../lib/tasks/task.ts';
import { recordText } from './task-view.ts';
import { textTable } from './text-table.ts';
import { iso } from './time.ts';

/** A task as a story: what it is, what happened when, and what became of each deletion. */
export function taskStory(task: Task, domain: string): string[] {
  const { taskId, record, rule, transition, status, reason, attempts, nextAt, endedAt } = task;
  const next = nextAt === undefined ? '' : `, looked at next at ${iso(nextAt)}`;
  const end = endedAt === undefined ? next : ` at ${iso(endedAt)}`;
  const story = [
    `Task ${taskId}`,
    `Rule ${rule.id} (version ${rule.version}) for ${recordText(record)} on ${domain},`,
    `lost in stage ${transition.stageId} since ${iso(transition.movedTime)}.`,
    `Status: ${status}${reason === undefined ? '' : ` (${reason})`}${end}${attempts > 0 ? `; tried ${attempts} times` : ''}.`,
    '',
    ...textTable(
      ['WHEN', 'WHAT', ''],
      task.history.map(({ at, what, text }) => [iso(at), what, text]),
    ),
  ];
  const { deletions = [], snapshots } = task;
  if (deletions.length > 0) story.push('', 'Deletions:', ...deletions.map((deletion) => `  ${deletionText(deletion)}`));
  if (snapshots !== undefined) {
    story.push(
      '',
      `What was there before is kept for 30 days in ${snapshots === 1 ? '1 snapshot' : `${snapshots} snapshots`}.`,
    );
  }
  return story;
}

const results = {
  deleted: 'deleted',
  'already-gone': 'nothing was left to delete',
  spared: 'left alone, it was no longer linked',
  refused: 'refused',
} as const;
const proofs = { answer: 'as the portal answered', read: 'as reading it again showed' } as const;

function deletionText({ method, id, contactIds, outcome }: Deletion): string {
  const linked = contactIds === undefined ? '' : `: contacts ${contactIds.join(', ') || 'none'}`;
  const what = `${method} for ${id}${linked}`;
  if (!outcome) return `${what} - not carried out`;
  const { result, at, proof, verdict } = outcome;
  return `${what} - ${results[result]} at ${iso(at)}, ${proofs[proof]}${verdict === undefined ? '' : ` (${verdict})`}`;
}
