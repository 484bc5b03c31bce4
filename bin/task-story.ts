import { keptMs } from '../lib/tasks/snapshots.ts';
import type { Task } from '../lib/tasks/task.ts';
import { counted } from './counted.ts';
import { compactedLines, deletionEvents, deletionLines, remainingLines } from './deletion-words.ts';
import { recordText } from './task-view.ts';
import { textTable } from './text-table.ts';
import { iso } from './time.ts';

/**
 * A task as a story: what it is, what was read and done when, what became of each deletion, what remains, and whether it
 * can be undone.
 *
 * @param now ms since the epoch
 */
export function taskStory(task: Task, domain: string, now: number): string[] {
  const { taskId, record, rule, transition, run, source } = task;
  return [
    `Task ${taskId}`,
    `Rule ${rule.id} (version ${rule.version}) for ${recordText(record)} on ${domain},`,
    `lost in stage ${transition.stageId} since ${iso(transition.movedTime)}.`,
    `Made by ${source}${run === 0 ? '' : `, run ${run} for this loss`}.`,
    statusLine(task),
    '',
    ...textTable(['WHEN', 'WHAT', ''], eventsOf(task)),
    ...section('Deletions:', [...deletionLines(task.deletions ?? []), ...compactedLines(task)]),
    ...section(task.status === 'open' ? 'Still to do:' : 'Not done:', remainingLines(task)),
    ...section('Undo:', undoLines(task, now)),
  ];
}

function statusLine({ status, reason, attempts, nextAt, endedAt }: Task): string {
  const next = nextAt === undefined ? '' : `, looked at next at ${iso(nextAt)}`;
  const end = endedAt === undefined ? next : ` at ${iso(endedAt)}`;
  const tries = attempts > 0 ? `; tried ${counted(attempts, 'time')}` : '';
  return `Status: ${status}${reason === undefined ? '' : ` (${reason})`}${end}${tries}.`;
}

/** What happened in the same millisecond is told in the order in which it happens. */
const order = ['planned', 'read', 'decided', 'answer', 'ended'];

/** In the order of time. */
function eventsOf({ history, deletions = [] }: Task): string[][] {
  const noted = history.map(({ at, what, text }) => ({ at, what, text }));
  const events = deletionEvents(deletions);
  const place = (what: string) => (order.includes(what) ? order.indexOf(what) : order.indexOf('decided'));
  return [...noted, ...events]
    .toSorted((a, b) => a.at - b.at || place(a.what) - place(b.what))
    .map(({ at, what, text }) => [iso(at), what, text]);
}

function undoLines({ snapshots = 0, snapshotAt, forgottenAt }: Task, now: number): string[] {
  if (snapshots === 0) return [];
  const kept = `What was there before was kept in ${counted(snapshots, 'snapshot')}`;
  if (forgottenAt !== undefined && (snapshotAt ?? 0) <= forgottenAt) {
    return [`${kept}, erased at ${iso(forgottenAt)}. It cannot be undone any more.`];
  }
  if (snapshotAt === undefined) return [`${kept} for 30 days.`];
  const until = snapshotAt + keptMs;
  const last = `${kept}, the last one taken at ${iso(snapshotAt)}`;
  return [
    until > now
      ? `${last}. It is erased by itself, and undo ends, at ${iso(until)}; what an earlier one holds ends before.`
      : `${last} and over since ${iso(until)}. It cannot be undone any more.`,
  ];
}

function section(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', heading, ...lines.map((line) => `  ${line}`)];
}
