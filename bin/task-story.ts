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
 * @param keptUntil when the last snapshot goes by itself, in ms since the epoch; undefined: there is none any more
 */
export function taskStory(task: Task, domain: string, keptUntil: number | undefined): string[] {
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
    ...section('Put back:', restoredLines(task)),
    ...section('Undo:', undoLines(task, keptUntil)),
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

/** Of a task that takes another one back. */
function restoredLines({ undo }: Task): string[] {
  if (!undo) return [];
  const ways = { found: 'found again', recreated: 'made anew' } as const;
  return [
    `for task ${undo.of}`,
    ...undo.restored.map(({ entityTypeId, id, newId, how, complete }) => {
      const rest = complete ? '' : ', not with all that belonged to it';
      return `${recordText({ entityTypeId, id })}: ${ways[how]}${newId === id ? '' : `, now ${newId}`}${rest}`;
    }),
    ...(undo.linked > 0 ? [`links of ${counted(undo.linked, 'record')}`] : []),
  ];
}

function undoLines({ snapshots = 0, snapshotAt, forgottenAt }: Task, keptUntil: number | undefined): string[] {
  if (snapshots === 0) return [];
  const taken = snapshotAt === undefined ? '' : `, the last one taken at ${iso(snapshotAt)}`;
  const kept = `What was there before was kept in ${counted(snapshots, 'snapshot')}${taken}`;
  if (forgottenAt !== undefined && (snapshotAt ?? 0) <= forgottenAt) {
    return [`${kept}, erased by a person at ${iso(forgottenAt)}. It cannot be undone any more.`];
  }
  if (keptUntil === undefined) return [`${kept}. Its time is over: it cannot be undone any more.`];
  return [`${kept}. Undo is possible until ${iso(keptUntil)}, for what an earlier one holds until a little before.`];
}

function section(heading: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', heading, ...lines.map((line) => `  ${line}`)];
}
