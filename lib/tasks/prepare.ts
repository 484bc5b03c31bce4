import { minute } from '../bitrix24/reactions.ts';
import type { JudgedAnswer } from '../portals/judge.ts';
import { deletionKey } from './deletion.ts';
import { each } from './each.ts';
import { aimOf, asksPortal } from './guards/aims.ts';
import { readSparing, type Sparing } from './guards/sparing.ts';
import { isChildOf, itemDeletions, itemsKey, readItems } from './linked-items.ts';
import { limitAmong, type Look } from './look.ts';
import { noteWaves, type Wave } from './note-wave.ts';
import { turnOf } from './progress.ts';
import { refusalAmong, troubleOfRefusal } from './refusal.ts';
import { afterFailure, afterTrouble, earliest, type Ready, type Run } from './run.ts';
import { readTargets, type Target, type Targets } from './targets.ts';
import type { Deletion, Task } from './task.ts';
import {
  atTurn,
  detailCommands,
  fittingDetails,
  type Going,
  hasNoLinks,
  openOf,
  pagesOf,
  spared,
  type Turning,
  unread,
} from './turning.ts';

/** A row of the table must hold them all, and what becomes of each. */
const mostContacts = 2_000;

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

  const details = await readDetails(run, fitting, look);
  const shared = details.read.length > 1;
  const waves: Wave[] = [];
  const targets = targetsIn(details.read, details.answers, look);
  const spares = await readSpares(run, details, targets);
  await each(spares.read, async ([one, sparing]) => {
    const wave = await prepareTask(run, one, targets, { answers: details.answers, shared, sparing });
    if (wave) waves.push(wave);
  });
  const noted = await noteWaves(run, waves);
  const again = earliest(details.again, spares.again);
  return { ready: noted.ready, again: earliest(earliest(later, again), noted.again) };
}

interface Details {
  readonly read: readonly Turning[];
  readonly answers: ReadonlyMap<string, JudgedAnswer>;
  readonly again: number | undefined;
}

/** Where something cannot be read, those tasks that need nothing of it go on all the same. */
async function readDetails(run: Run, fitting: readonly Turning[], look: Look): Promise<Details> {
  const commands = detailCommands(fitting, look);
  if (commands.size === 0) return { read: fitting, answers: new Map(), again: undefined };
  const others = fitting.filter((one) => detailCommands([one], look).size === 0);
  try {
    const answers = await run.session.batch(commands, { write: false });
    const limit = limitAmong(answers.values());
    if (!limit) return { read: fitting, answers, again: undefined };
    return { read: others, answers: new Map(), again: run.options.clock() + (limit.waitMs ?? minute) };
  } catch (error) {
    const tasks = fitting.filter((one) => !others.includes(one)).map(({ task }) => task);
    return { read: others, answers: new Map(), again: await afterFailure(run, tasks, error) };
  }
}

/** What the deletions of all these tasks are about: as they were asked for, together. */
function targetsIn(turning: readonly Turning[], answers: Details['answers'], look: Look): Targets {
  const open = unread(turning, look);
  // Guards look at the company itself, which was read together with its links.
  const companies = open
    .filter(({ what }) => what === 'company-contacts')
    .map((deletion) => ({ ...deletion, method: 'crm.item.delete' as const }));
  return new Map([...readTargets([...open, ...companies], answers), ...look.links]);
}

/** What guards and holds say. Where they cannot be read, those tasks that need nothing of it go on all the same. */
async function readSpares(
  run: Run,
  { read, answers }: Details,
  targets: Targets,
): Promise<{ read: (readonly [Turning, Sparing | undefined])[]; again: number | undefined }> {
  const aims = new Map(read.map((one) => [one, aimOf(one, targets, answers)]));
  const asking = [...aims].filter(([, aim]) => asksPortal(aim, run.protect));
  const others = [...aims].filter(([, aim]) => !asksPortal(aim, run.protect));
  const sparingOf = async (some: typeof others) => {
    const sparing = await readSparing(
      run,
      some.map(([, aim]) => aim),
    );
    return some.map(([one]) => [one, sparing.get(one.task.taskId)] as const);
  };
  const free = await sparingOf(others);
  if (asking.length === 0) return { read: free, again: undefined };
  try {
    return { read: [...free, ...(await sparingOf(asking))], again: undefined };
  } catch (error) {
    const tasks = asking.map(([{ task }]) => task);
    return { read: free, again: await afterFailure(run, tasks, error) };
  }
}

/** What is to be deleted in this round: nothing, when there is more to look for first. Undefined when the task ends or waits. */
async function prepareTask(
  run: Run,
  one: Turning,
  targets: Targets,
  { answers, shared, sparing }: { answers: Details['answers']; shared: boolean; sparing: Sparing | undefined },
): Promise<Wave | undefined> {
  const { task, rule } = one;
  const { settle, options } = run;
  const now = options.clock();
  const found = new Map(targets);
  const items = { ...task.items };
  const added: Deletion[] = [];
  for (const page of pagesOf(one)) {
    const linked = readItems(page, answers.get(itemsKey(page)));
    if (linked.kind === 'unknown') return leave(run, task, linked, shared);
    const here = itemDeletions(page, linked);
    added.push(...here);
    here.forEach((deletion, index) => {
      found.set(deletionKey(deletion), { kind: 'record', fields: linked.items[index]?.fields ?? {} });
    });
    const after = Math.max(page.after, ...linked.items.map(({ id }) => id));
    items[page.type] = { gone: 0, ...items[page.type], after, complete: linked.isLast };
  }

  const turn = [...openOf(one), ...added];
  const ended = new Map<string, Deletion>();
  for (const deletion of turn) {
    const seen = endedByReading(one, deletion, found, now);
    if (seen === 'unknown') return leave(run, task, found.get(deletionKey(deletion)) ?? { kind: 'gone' }, shared);
    if (seen) ended.set(deletionKey(deletion), seen);
  }
  if (hasMoved(task, found, sparing)) {
    await settle.putOff(task, now, 'Moved to another stage while it was looked at');
    return undefined;
  }
  if (sparing === undefined || sparing.unknown !== undefined) return leaveGuarded(run, task, sparing?.unknown, shared);
  if (sparing.lost !== undefined) {
    // What an earlier try has deleted, and nobody has said so, was just seen to be gone.
    const seen = task.deletions?.map((deletion) => ended.get(deletionKey(deletion)) ?? deletion);
    await settle.held(seen === undefined ? task : { ...task, deletions: seen }, sparing.lost);
    return undefined;
  }
  for (const deletion of turn) {
    const kept = sparing.kept.get(deletionKey(deletion));
    if (kept === undefined || ended.has(deletionKey(deletion))) continue;
    ended.set(deletionKey(deletion), { ...deletion, outcome: { ...kept, at: now, proof: 'read' } });
  }
  const isNew = task.deletions === undefined;
  const deletions = [...one.deletions, ...added].flatMap((deletion) => {
    if (deletion.outcome !== undefined) return [deletion];
    // What was never there is not worth a word.
    return isNew && hasNoLinks(deletion, found) ? [] : [ended.get(deletionKey(deletion)) ?? deletion];
  });
  const wave = turn.filter((deletion) => !ended.has(deletionKey(deletion)));
  const known: Task = { ...task, deletions, items };

  const isOver = turnOf(rule.delete, deletions, items) === undefined;
  if (isOver && deletions.length === 0 && Object.values(items).every(({ gone }) => gone === 0)) {
    await settle.end(task, 'skipped', 'nothing-linked', { text: 'Skipped: nothing of what the rule names is linked' });
    return undefined;
  }
  if (deletions.filter(({ what }) => what === 'contacts').length > mostContacts) {
    const description = `More than ${mostContacts} contacts are linked to the record: delete some of them by hand.`;
    await settle.fail(task, { code: 'TOO_MANY_CONTACTS', description });
    return undefined;
  }
  if (one.observe !== undefined) {
    await settle.observed({ ...known, deletions: withLinks(deletions, found) }, one.observe);
    return undefined;
  }
  const refusal = refusalAmong(deletions);
  if (refusal) {
    await settle.fail(known, troubleOfRefusal(refusal));
    return undefined;
  }
  if (isOver) {
    await settle.done(known);
    return undefined;
  }
  return { before: task, after: known, rule, wave, targets: found };
}

/** Whether the lost record was seen in another stage after the look: by guards, or because it is to be deleted itself. */
function hasMoved({ record, transition }: Task, targets: Targets, sparing: Sparing | undefined): boolean {
  const target = targets.get(deletionKey({ method: 'crm.item.delete', ...record }));
  const stages = [sparing?.lostStage, target?.kind === 'record' ? target.fields['stageId'] : undefined];
  return stages.some((stageId) => stageId !== undefined && stageId !== '' && stageId !== transition.stageId);
}

/** The deletion with its outcome, when what was just read leaves nothing to do; `unknown` when nothing could be read. */
function endedByReading(
  { task, perhapsOurs }: Turning,
  deletion: Deletion,
  targets: Targets,
  now: number,
): Deletion | 'unknown' | undefined {
  const target = targets.get(deletionKey(deletion));
  if (target === undefined || target.kind === 'unknown') return 'unknown';
  if (target.kind === 'gone' || hasNoLinks(deletion, targets)) {
    return { ...deletion, outcome: { result: 'already-gone', at: now, proof: 'read' } };
  }
  if (perhapsOurs.has(deletionKey(deletion))) return spared(deletion, now);
  if (deletion.what !== 'items' || target.kind !== 'record') return undefined;
  // A person may have given the item to another parent since it was noted.
  const isOurs = isChildOf(task.record, target.fields);
  if (isOurs === undefined) return 'unknown';
  return isOurs ? undefined : spared(deletion, now);
}

function withLinks(deletions: readonly Deletion[], targets: Targets): Deletion[] {
  return deletions.map((deletion) => {
    const target = targets.get(deletionKey(deletion));
    if (target?.kind !== 'links') return deletion;
    return { ...deletion, contactIds: target.links.map(({ CONTACT_ID }) => CONTACT_ID) };
  });
}

/** What keeps it is not known, so nothing is deleted. */
async function leaveGuarded(run: Run, task: Task, why: string | undefined, shared: boolean): Promise<undefined> {
  const description = why ?? 'What guards and holds say could not be read';
  await afterTrouble(run, task, { code: 'GUARD_UNREADABLE', description, shared });
  return undefined;
}

async function leave(run: Run, task: Task, target: Target, shared: boolean): Promise<undefined> {
  const row = target.kind === 'unknown' ? target.row : undefined;
  const description = row?.meaning ?? 'What is to be removed could not be read';
  await afterTrouble(run, task, { code: 'TARGET_UNREADABLE', description, row, shared });
  return undefined;
}
