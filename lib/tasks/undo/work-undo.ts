import { OutOfDate } from '../../portals/waiting.ts';
import { recordKey } from '../read-records.ts';
import { afterFailure, afterTrouble, isPortalTrouble, type Run } from '../run.ts';
import type { Trouble } from '../settle.ts';
import { type Task, taskIdOf } from '../task.ts';
import { completeRecords } from './complete.ts';
import { findKnown } from './find-known.ts';
import { findRestored } from './find-restored.ts';
import { presentAmong } from './present.ts';
import { putLinks } from './put-links.ts';
import { putNames } from './put-names.ts';
import { recreate } from './recreate.ts';
import type { Undo } from './undo-state.ts';
import { undoPlan } from './undo-plan.ts';
import { UndoEnded, UndoRun, UndoTrouble } from './undo-run.ts';

/** Requests that one try needs to come to its first change: otherwise it would begin anew for ever at a full bucket. */
const requestsPerTry = 10;
/** So many undos of one task are looked at for what they have brought back. */
export const mostRuns = 20;

/** What has come back of so many records fits into the row of the undo. */
const mostRecords = 20_000;

/**
 * Takes a task back, as far as that can be done now: everything that is there already is passed over, so that it can be
 * begun anew at any point. Whatever goes wrong is a trouble of this task alone: it comes first in its message, and the
 * others would wait with it.
 *
 * @returns when to come again, in ms since the epoch; undefined when the task has ended or waits in the table
 * @throws when the table or the dead-letter queue does not take how it ended
 */
export async function workUndo(run: Run, task: Task, state: Undo): Promise<number | undefined> {
  let undo: UndoRun | undefined;
  try {
    undo = await beginRun(run, task, state);
    if (undo) await takeBack(undo);
    return undefined;
  } catch (error) {
    if (error instanceof UndoEnded) return undefined;
    const tried = undo?.hasProgressed === true ? { ...task, attempts: 0 } : task;
    if (isPortalTrouble(error) || error instanceof OutOfDate) return afterFailure(run, [tried], error);
    await afterTrouble(run, tried, error instanceof UndoTrouble ? error.trouble : unexpected(run, task, error));
    return undefined;
  }
}

/** Undefined when there is nothing to begin with: then the task has ended. */
async function beginRun(run: Run, task: Task, state: Undo): Promise<UndoRun | undefined> {
  const { options, settle } = run;
  const [[original], snapshots] = await Promise.all([
    options.tasks.getMany([state.of]),
    options.snapshots.get(state.of),
  ]);
  if (!original || snapshots.length === 0) {
    const text = 'Nothing was put back: the snapshots are no longer kept';
    await settle.end(task, 'skipped', 'snapshot-expired', { text });
    return undefined;
  }
  const plan = undoPlan(original, snapshots);
  if (plan.records.length > mostRecords) {
    const description = `${plan.records.length} records are more than one task can note (${mostRecords})`;
    await settle.fail(task, { code: 'UNDO_TOO_LARGE', description });
    return undefined;
  }
  return new UndoRun(run, task, state, plan, await earlierRuns(run, task, state));
}

async function takeBack(undo: UndoRun): Promise<void> {
  await undo.run.session.reserve(requestsPerTry);
  await dropVanished(undo);
  await findKnown(undo);
  await findRestored(undo);
  if (undo.recreates) await recreate(undo);
  await completeRecords(undo);
  await putLinks(undo);
  await putNames(undo);
  await holdLost(undo);
  if (undo.refusal) throw undo.refusal;
  await end(undo);
}

/** A damaged row, one that the table does not take, or a mistake of ours. Its words may name a person. */
function unexpected({ options }: Run, { taskId, memberId }: Task, error: unknown): Trouble {
  const name = error instanceof Error ? error.name : typeof error;
  options.log.error('undo failed', { taskId, memberId, reason: name });
  const description = `What is kept could not be read, or what has come back could not be noted (${name})`;
  return { code: 'UNDO_BROKEN', description };
}

/** Earlier undos of the same task. */
async function earlierRuns({ options }: Run, task: Task, { of }: Undo): Promise<Undo[]> {
  const ids = Array.from({ length: mostRuns }, (_, index) => taskIdOf({ ...task, run: index + 1 }));
  const runs = await options.tasks.getMany(ids.filter((id) => id !== task.taskId));
  return runs.toSorted((a, b) => a.run - b.run).flatMap(({ undo }) => (undo?.of === of ? [undo] : []));
}

/** A record that came back may have been deleted again; one that is there under its old id was never gone. */
async function dropVanished(undo: UndoRun): Promise<void> {
  const old = undo.plan.records.map(({ entityTypeId, id }) => ({ entityTypeId, id }));
  const now = [...undo.restored.values()].map(({ entityTypeId, newId }) => ({ entityTypeId, id: newId }));
  const there = await presentAmong(undo, [...old, ...now]);
  for (const [key, { entityTypeId, newId }] of undo.restored) {
    if (!there.has(recordKey({ entityTypeId, id: newId }))) undo.restored.delete(key);
  }
  for (const { entityTypeId, id } of old.filter((record) => there.has(recordKey(record)))) {
    undo.restored.set(recordKey({ entityTypeId, id }), { entityTypeId, id, newId: id, how: 'found', complete: true });
  }
}

/** The lost record itself: otherwise its rule would begin anew with the next loss. */
async function holdLost(undo: UndoRun): Promise<void> {
  const { entityTypeId } = undo.task.record;
  const id = undo.idNow(undo.task.record);
  const isAnythingBack = undo.linked > 0 || undo.plan.records.some((record) => undo.wasAway(record));
  if (id !== undefined && isAnythingBack) await undo.hold([{ entityTypeId, id }]);
}

/** Named in a sentence before the rest is only counted. */
const mostNamed = 8;

async function end(undo: UndoRun): Promise<void> {
  const { settle } = undo.run;
  const { records, depth, unkept } = undo.plan;
  const missing = undo.missing();
  const back = records.filter((record) => undo.wasAway(record)).length;
  const stayed = records.length - missing.length - back;
  const said = [
    `Put back: ${back} of ${records.length - stayed} records, the links of ${undo.linked} records`,
    ...(stayed > 0 ? [`${stayed} were there all the time`] : []),
    ...(unkept > 0 ? [`Of ${unkept} deletions of the task nothing is kept any more: they cannot be taken back`] : []),
  ];
  if (missing.length === 0) {
    const text = said.join('. ');
    if (unkept > 0) return settle.end(undo.task, 'skipped', 'snapshots-expired', { text });
    return settle.end(undo.task, 'done', undefined, { text });
  }
  const named = missing.slice(0, mostNamed).map(({ entityTypeId, id }) => `${entityTypeId}/${id}`);
  const list = `${named.join(', ')}${missing.length > mostNamed ? ` and ${missing.length - mostNamed} more` : ''}`;
  if (depth === 'ids') {
    const text = [...said, `Nothing is kept of ${list} but that they were there (snapshot: ids).`].join('. ');
    return settle.end(undo.task, 'skipped', 'records-not-kept', { text });
  }
  const { record } = undo.task;
  const isLostOneMissing = missing.some(
    ({ entityTypeId, id }) => entityTypeId === record.entityTypeId && id === record.id,
  );
  const text = [
    ...said,
    `Not there: ${list}`,
    'If the recycle bin was on for them they may be in it for 30 days after the deletion: in the portal, CRM, the gear, ' +
      'Recycle Bin; restore them there and undo once more. Or undo with --recreate',
    // Back in its lost stage, it is to be deleted like any other one.
    ...(isLostOneMissing ? [keepTheLostOne] : []),
  ].join('. ');
  return settle.end(undo.task, 'skipped', 'records-missing', { text });
}

const keepTheLostOne =
  'Restored, the lost one is deleted again by its rule: set the portal to observe first, and back when the undo holds it.';
