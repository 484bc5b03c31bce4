import type { Sent } from './carry-out.ts';
import { deletionKey } from './deletion.ts';
import { each } from './each.ts';
import { compact, turnOf } from './progress.ts';
import { refusalAmong, troubleOfRefusal } from './refusal.ts';
import { afterTrouble, type Ready, type Run } from './run.ts';
import type { Trouble } from './settle.ts';
import type { Deletion, Task } from './task.ts';

/** Writes down what became of a batch, task by task. Returns when to come again for those that have more to do. */
export async function finishWave(run: Run, batch: readonly Sent[]): Promise<number | undefined> {
  let again: number | undefined;
  await each([...Map.groupBy(batch, ({ ready }) => ready)], async ([ready, sent]) => {
    if (await finishTask(run, ready, sent)) again = run.options.clock();
  });
  return again;
}

/** Whether the task goes on at once. */
async function finishTask(run: Run, { task, rule }: Ready, sent: readonly Sent[]): Promise<boolean> {
  const { settle, options } = run;
  const after: Task = { ...task, deletions: withOutcomes(task.deletions ?? [], sent, options.clock()) };
  const undecided = sent.filter((one) => one.outcome === undefined && !isRefused(one));
  const troubles = undecided.flatMap(({ trouble }) => trouble ?? []);

  // What may go well with another try gets it first: a task that has failed is not looked at any more.
  const failure = undecided.length > 0 ? undefined : failureOf(sent, after);
  if (failure) {
    await settle.fail(after, failure);
    return false;
  }
  if (undecided.length === 0 && turnOf(rule.delete, after.deletions ?? [], task.items) === undefined) {
    await settle.done(after);
    return false;
  }
  const moved = sent.filter(({ outcome }) => outcome !== undefined).length;
  if (moved > 0 || sent.some(isRefused)) {
    const { deletions, items } = compact(after);
    const text = `Step done: ${sent.length - undecided.length} of ${sent.length} calls ended`;
    const noted = await options.tasks.note(task.taskId, {
      deletions,
      items,
      before: task.snapshots,
      // What goes forward is not given up.
      ...(moved > 0 && { attempts: 0 }),
      history: settle.roomIn(task) ? [settle.entry('answered', text)] : [],
    });
    if (!noted) return false;
  }
  const [trouble] = troubles;
  // What met a limit comes again when that is over.
  if (!trouble) return moved === sent.length;
  await afterTrouble(run, moved > 0 ? { ...after, attempts: 0 } : after, trouble);
  return false;
}

/** What the portal has refused, just now or in an earlier try. */
function failureOf(sent: readonly Sent[], { deletions = [] }: Task): Trouble | undefined {
  const trouble = sent.find(isRefused)?.trouble;
  const earlier = refusalAmong(deletions);
  return trouble ?? (earlier && troubleOfRefusal(earlier));
}

/** Whether no other try changes it. */
function isRefused({ refused, trouble }: Sent): boolean {
  return refused === true || isFatal(trouble);
}

function isFatal(trouble: Trouble | undefined): boolean {
  const { reaction, stopsPortal = false } = trouble?.row ?? {};
  return reaction === 'permanent' || reaction === 'bug' || (reaction === 'operator' && !stopsPortal);
}

function withOutcomes(deletions: readonly Deletion[], sent: readonly Sent[], at: number): Deletion[] {
  const ended = new Map(sent.map((one) => [deletionKey(one.deletion), one]));
  return deletions.map((deletion) => {
    const one = deletion.outcome === undefined ? ended.get(deletionKey(deletion)) : undefined;
    if (one?.outcome) return { ...deletion, outcome: { ...one.outcome, at } };
    if (one?.refused !== true && !isFatal(one?.trouble)) return deletion;
    const verdict = one?.trouble?.row?.name;
    const outcome = { result: 'refused' as const, at, proof: one?.refused ? ('read' as const) : ('answer' as const) };
    return { ...deletion, outcome: { ...outcome, ...(verdict !== undefined && { verdict }) } };
  });
}
