import { isToAnnounce, type Waiting } from './comments/announce.ts';
import { decide } from './decide.ts';
import { missingFor } from './deletion.ts';
import { each } from './each.ts';
import type { Judged, Look } from './look.ts';
import { recordKey } from './read-records.ts';
import { afterFailure, afterTrouble, type Run } from './run.ts';
import type { Deletion, RecordKey, Task } from './task.ts';
import type { Going } from './turning.ts';
import { type Answered, unansweredOf, withAnswers } from './unanswered.ts';

/** A task that is not to be carried out, and how it ends. */
interface Ending {
  readonly task: Task;
  readonly end: (task: Task) => Promise<void>;
}

/** Ends or defers what is not to be carried out; gives what is, or is to be observed, and what is to be announced. */
export async function decideAll(
  run: Run,
  judged: readonly Judged[],
  look: Look,
): Promise<{ going: Going[]; waiting: Waiting[]; again: number | undefined }> {
  const { options, portal, settle } = run;
  const going: Going[] = [];
  const waiting: Waiting[] = [];
  const endings: Ending[] = [];
  await each(judged, async ({ task, rule }) => {
    const record = look.records.get(recordKey(task.record));
    if (record === undefined || look.profile === undefined) {
      const row = look.profile && look.failures.get(recordKey(task.record));
      const description = row?.meaning ?? 'The record could not be read';
      // One command reads many records: which of them is at fault is not known.
      return afterTrouble(run, task, { code: 'RECORD_UNREADABLE', description, row, shared: judged.length > 1 });
    }
    const decision = decide(task, record, rule, portal, options.clock());
    switch (decision.do) {
      case 'skip':
        if (isOver(task)) return settle.done(goneItself(task, options.clock()));
        return endings.push({ task, end: (known) => settle.skipped(known, decision.reason) });
      case 'cancel':
        return endings.push({ task, end: (known) => settle.cancelled(known, decision.reason) });
      case 'defer':
        if (record.found && rule && isToAnnounce(task, rule, portal)) {
          return waiting.push({ task, rule, record, until: decision.until });
        }
        return settle.putOff(task, decision.until, `Due at ${new Date(decision.until).toISOString()}`);
      case 'read-again':
        return unsaid(run, task, decision.what);
      case 'observe':
      case 'act':
        break;
    }
    if (!record.found || !rule) throw new TypeError('A record that is gone, or without a rule, is not acted on');
    const missing = missingFor(rule, record);
    if (missing !== undefined) return unsaid(run, task, missing);
    return going.push({ task, rule, record, observe: decision.do === 'observe' ? decision.reason : undefined });
  });
  return { going, waiting, again: await endAll(run, endings) };
}

/** What may have been deleted is looked for first. Gives when to come again, if that could not be read. */
async function endAll(run: Run, endings: readonly Ending[]): Promise<number | undefined> {
  const unsure = endings.filter(({ task }) => unansweredOf(task).length > 0);
  const sure = endings.filter((ending) => !unsure.includes(ending));
  await each(sure, ({ task, end }) => end(task));
  const tasks = unsure.map(({ task }) => task);
  if (tasks.length === 0) return undefined;
  let answered: readonly Answered[];
  try {
    answered = await withAnswers(run, tasks);
  } catch (error) {
    return afterFailure(run, tasks, error);
  }
  await each([...unsure.entries()], ([index, { task, end }]) => {
    const found = answered[index];
    if (found && 'task' in found) return end(found.task);
    const row = found?.unreadable.row;
    const description = row?.meaning ?? 'What has become of its deletions could not be read';
    return afterTrouble(run, task, { code: 'TARGET_UNREADABLE', description, row, shared: tasks.length > 1 });
  });
  return undefined;
}

/** The portal has left out something of the record that the rule depends on. */
function unsaid(run: Run, task: Task, what: string): Promise<void> {
  return afterTrouble(run, task, { code: 'RECORD_INCOMPLETE', description: `The portal does not say ${what}` });
}

/** Whether nothing was left to do but to delete the lost record itself. */
function isOver({ record, deletions = [] }: Task): boolean {
  const open = deletions.filter(({ outcome }) => outcome === undefined);
  return open.length > 0 && open.every((deletion) => isTheRecord(deletion, record));
}

function isTheRecord({ method, entityTypeId, id }: Deletion, record: RecordKey): boolean {
  return method === 'crm.item.delete' && entityTypeId === record.entityTypeId && id === record.id;
}

/** The deletion that was sent before, and whose answer never came, or somebody else has deleted it. */
function goneItself(task: Task, at: number): Task {
  const outcome = { result: 'already-gone' as const, at, proof: 'read' as const };
  const deletions = task.deletions?.map((deletion) =>
    isTheRecord(deletion, task.record) ? { ...deletion, outcome } : deletion,
  );
  return { ...task, deletions };
}
