import { type Command, maxBatchCommands } from '../bitrix24/batch.ts';
import { minute } from '../bitrix24/reactions.ts';
import type { JudgedAnswer } from '../portals/judge.ts';
import type { StoredRule } from '../rules/version.ts';
import type { ObserveReason, PresentRecord } from './decide.ts';
import { deletionKey, deletionsOf, isAskedFor, isStillLinked } from './deletion.ts';
import { each } from './each.ts';
import { itemDeletions, itemsCommand, itemsKey, type ItemsPage, readItems } from './linked-items.ts';
import { limitAmong, type Look } from './look.ts';
import { noteWave } from './note-wave.ts';
import { type Turn, turnOf } from './progress.ts';
import { afterFailure, afterTrouble, earliest, type Ready, type Run } from './run.ts';
import type { Trouble } from './settle.ts';
import { readTargets, targetCommands, type Targets } from './targets.ts';
import type { Deletion, Task } from './task.ts';

/** A task that is due, of a record that was just read as lost. */
export interface Going {
  readonly task: Task;
  readonly rule: StoredRule;
  readonly record: Extract<PresentRecord, { found: true }>;
  /** Why it is only to be said what would be done. */
  readonly observe?: ObserveReason | undefined;
}

/** A task with what it is to remove, as far as that is known, and whose turn it is. */
interface Turning extends Going {
  readonly deletions: readonly Deletion[];
  readonly turn: Turn | undefined;
}

/**
 * Reads what is to be removed, stores the snapshot of it and notes it in the task: all of that is in the tables before
 * anything is deleted.
 *
 * @returns what can be deleted now, and when to come again for what could not be prepared in this round
 */
export async function prepare(
  run: Run,
  going: readonly Going[],
  look: Look,
): Promise<{ ready: Ready[]; again: number | undefined }> {
  const turning = going.map((one) => atTurn(one, look, run.options.clock()));
  const fitting = fittingDetails(turning, look);
  const later = fitting.length < turning.length ? run.options.clock() : undefined;

  let answers: ReadonlyMap<string, JudgedAnswer> = new Map();
  const commands = detailCommands(fitting, look);
  if (commands.size > 0) {
    try {
      answers = await run.session.batch(commands, { write: false });
    } catch (error) {
      const tasks = fitting.map(({ task }) => task);
      return { ready: [], again: earliest(later, await afterFailure(run, tasks, error)) };
    }
    const limit = limitAmong(answers.values());
    if (limit) return { ready: [], again: run.options.clock() + (limit.waitMs ?? minute) };
  }

  const ready: Ready[] = [];
  let again = later;
  await each(fitting, async (one) => {
    const targets = new Map([...readTargets(openOf(one), answers), ...look.links]);
    const prepared = await prepareTask(run, one, targets, answers);
    if (prepared === 'go-on') again = run.options.clock();
    else if (prepared) ready.push(prepared);
  });
  return { ready, again };
}

/** What was noted in an earlier round counts, but for what the rule or the record no longer says. */
function atTurn(going: Going, look: Look, now: number): Turning {
  const { task, rule, record } = going;
  const isNew = task.deletions === undefined;
  const noted = task.deletions ?? deletionsOf(rule, task.record, record);
  const deletions = noted
    .filter((deletion) => !(isNew && hasNoLinks(deletion, look.links)))
    .map((deletion) => {
      const counts = isAskedFor(deletion, rule.delete) && isStillLinked(deletion, record, noted);
      if (deletion.outcome !== undefined || counts) return deletion;
      return { ...deletion, outcome: { result: 'spared' as const, at: now, proof: 'read' as const } };
    });
  const turn = turnOf(rule.delete, deletions, task.items);
  return { ...going, deletions, turn: going.observe === undefined ? turn : allAtOnce(going, deletions, look) };
}

/** What is only observed is told in one go, with as little reading as that takes. */
function allAtOnce({ rule, task }: Going, deletions: readonly Deletion[], look: Look): Turn {
  const items = rule.delete.flatMap((entry) => (entry.what === 'items' ? [entry.type] : []));
  const toList = items.filter((type) => task.items?.[type]?.complete !== true);
  return { phase: 0, open: deletions.filter((deletion) => look.links.has(deletionKey(deletion))), toList };
}

function hasNoLinks(deletion: Deletion, targets: Targets): boolean {
  const target = targets.get(deletionKey(deletion));
  return target?.kind === 'links' && target.links.length === 0;
}

/** A batch deletes no more than this at once, so no more of one task is read. */
function openOf({ turn }: Turning): readonly Deletion[] {
  return turn?.open.slice(0, maxBatchCommands) ?? [];
}

function pagesOf({ task, turn }: Turning): ItemsPage[] {
  return (turn?.toList ?? []).map((type) => ({ parent: task.record, type, after: task.items?.[type]?.after ?? 0 }));
}

function detailCommands(turning: readonly Turning[], look: Look): Map<string, Command> {
  const open = turning.flatMap(openOf).filter((deletion) => !look.links.has(deletionKey(deletion)));
  const pages = turning.flatMap(pagesOf);
  return new Map([
    ...targetCommands(open, 'whole'),
    ...pages.map((page) => [itemsKey(page), itemsCommand(page)] as const),
  ]);
}

function fittingDetails(turning: readonly Turning[], look: Look): readonly Turning[] {
  let size = turning.length;
  while (size > 1 && detailCommands(turning.slice(0, size), look).size > maxBatchCommands) size -= 1;
  return turning.slice(0, size);
}

/** `go-on`: nothing to delete in this round, but in the next one. */
async function prepareTask(
  run: Run,
  one: Turning,
  targets: Targets,
  answers: ReadonlyMap<string, JudgedAnswer>,
): Promise<Ready | 'go-on' | undefined> {
  const { task, rule } = one;
  const { settle, options } = run;
  const found = new Map(targets);
  const items = { ...task.items };
  const added: Deletion[] = [];
  for (const page of pagesOf(one)) {
    const linked = readItems(page, answers.get(itemsKey(page)));
    if (linked.kind === 'unknown') return leave(run, task, linked);
    const here = itemDeletions(page, linked);
    added.push(...here);
    here.forEach((deletion, index) => {
      found.set(deletionKey(deletion), { kind: 'record', fields: linked.items[index]?.fields ?? {} });
    });
    const after = Math.max(page.after, ...linked.items.map(({ id }) => id));
    items[page.type] = { after, complete: linked.isLast, gone: items[page.type]?.gone ?? 0 };
  }

  const turn = [...openOf(one), ...added];
  for (const deletion of turn) {
    const target = found.get(deletionKey(deletion));
    if (target === undefined || target.kind === 'unknown') return leave(run, task, target);
  }
  const isGone = new Set(turn.filter((deletion) => nothingIsLeft(deletion, found)).map(deletionKey));
  const outcome = { result: 'already-gone', at: options.clock(), proof: 'read' } as const;
  const isNew = task.deletions === undefined;
  const deletions = [...one.deletions, ...added].flatMap((deletion) => {
    if (deletion.outcome !== undefined || !isGone.has(deletionKey(deletion))) return [deletion];
    // What was never there is not worth a word.
    return isNew && hasNoLinks(deletion, found) ? [] : [{ ...deletion, outcome }];
  });
  const wave = turn.filter((deletion) => !isGone.has(deletionKey(deletion)));
  const known: Task = { ...task, deletions, items };

  const isOver = turnOf(rule.delete, deletions, items) === undefined;
  if (isOver && deletions.length === 0 && Object.values(items).every(({ gone }) => gone === 0)) {
    await settle.end(task, 'skipped', 'nothing-linked', { text: 'Skipped: nothing of what the rule names is linked' });
    return undefined;
  }
  if (one.observe !== undefined) {
    await settle.observed({ ...known, deletions: withLinks(deletions, found) }, one.observe);
    return undefined;
  }
  if (isOver) {
    await settle.done(known);
    return undefined;
  }
  const noted = await noteWave(run, { before: task, after: known }, wave, found);
  if (!noted) return undefined;
  return wave.length === 0 ? 'go-on' : { task: noted, rule, wave };
}

function withLinks(deletions: readonly Deletion[], targets: Targets): Deletion[] {
  return deletions.map((deletion) => {
    const target = targets.get(deletionKey(deletion));
    if (target?.kind !== 'links') return deletion;
    return { ...deletion, contactIds: target.links.map(({ CONTACT_ID }) => CONTACT_ID) };
  });
}

function nothingIsLeft(deletion: Deletion, targets: Targets): boolean {
  return targets.get(deletionKey(deletion))?.kind === 'gone' || hasNoLinks(deletion, targets);
}

async function leave(run: Run, task: Task, target: { row?: Trouble['row'] } | undefined): Promise<undefined> {
  const row = target?.row;
  await afterTrouble(run, task, {
    code: 'TARGET_UNREADABLE',
    description: row?.meaning ?? 'What is to be removed could not be read',
    row,
  });
  return undefined;
}
