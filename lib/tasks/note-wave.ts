import { createHash } from 'node:crypto';
import type { ContactLink } from '../bitrix24/answers.ts';
import { EntityType } from '../bitrix24/entity-types.ts';
import { deletionKey, describeDeletions } from './deletion.ts';
import { compact } from './progress.ts';
import type { Run } from './run.ts';
import { mostSnapshots, type Snapshot } from './snapshots.ts';
import type { Targets } from './targets.ts';
import type { Deletion, Task } from './task.ts';

/** A snapshot older than this, in ms, is taken anew before it is relied on. */
const renewSnapshotMs = 24 * 3600 * 1000;
/** A row of the table holds 400 KB; this leaves room for its history and its end. In characters. */
const largestNote = 250_000;
/** Of more contacts a task keeps only a digest. */
const mostContactIds = 2_000;

/**
 * Takes the snapshot of what is about to be deleted and notes it in the task. On a later try there may be links that no
 * snapshot has, because somebody added them meanwhile, or the snapshot may be old, and undo must be possible from the
 * deletion on: then one more is taken.
 *
 * @param task as it was read, and as it is to be noted
 * @param wave of its deletions, those that are to be carried out now
 * @returns the task as noted; undefined when it has changed meanwhile and must not be acted on now
 */
export async function noteWave(
  { options, settle }: Run,
  { before, after: task }: { before: Task; after: Task },
  wave: readonly Deletion[],
  targets: Targets,
): Promise<Task | undefined> {
  const now = options.clock();
  const uncovered = wave.filter((deletion) => !isCovered(deletion, targets, now));
  const snapshots = uncovered.length === 0 ? undefined : await takeSnapshot(options, task, uncovered, targets);

  const renewed = new Map(uncovered.map((deletion) => [deletionKey(deletion), covered(deletion, targets, now)]));
  const noted = compact({
    items: task.items,
    deletions: task.deletions?.map((deletion) =>
      deletion.outcome === undefined ? (renewed.get(deletionKey(deletion)) ?? deletion) : deletion,
    ),
  });
  if (JSON.stringify(noted) === JSON.stringify({ deletions: before.deletions, items: before.items ?? {} })) return task;

  if (JSON.stringify(noted).length > largestNote) {
    const description = 'More is to be removed than one task can hold. Delete some of it by hand.';
    await settle.fail(before, { code: 'TASK_TOO_LARGE', description });
    return undefined;
  }
  const text = `Still lost. To do: ${describeDeletions(wave)}; snapshot ${snapshots ?? ''} stored`;
  const isNoted = await options.tasks.note(task.taskId, {
    ...noted,
    before: task.snapshots,
    snapshots,
    history: snapshots === undefined || !settle.roomIn(before) ? [] : [settle.entry('decided', text)],
  });
  return isNoted ? { ...task, ...noted, ...(snapshots !== undefined && { snapshots }) } : undefined;
}

function isCovered({ snapshotAt = 0, contactIds = [], ...deletion }: Deletion, targets: Targets, now: number): boolean {
  if (now - snapshotAt >= renewSnapshotMs) return false;
  const target = targets.get(deletionKey(deletion));
  if (target?.kind !== 'links' || deletion.linksDigest === digestOf(target.links)) return true;
  const known = new Set(contactIds);
  return target.links.every(({ CONTACT_ID }) => known.has(CONTACT_ID));
}

function digestOf(links: readonly ContactLink[]): string {
  const ids = links.map(({ CONTACT_ID }) => CONTACT_ID).toSorted((a, b) => a - b);
  return createHash('sha256').update(JSON.stringify(ids)).digest('hex').slice(0, 32);
}

function covered(deletion: Deletion, targets: Targets, now: number): Deletion {
  const target = targets.get(deletionKey(deletion));
  if (target?.kind !== 'links') return { ...deletion, snapshotAt: now };
  const contactIds = new Set([...(deletion.contactIds ?? []), ...target.links.map(({ CONTACT_ID }) => CONTACT_ID)]);
  const linksDigest = contactIds.size > mostContactIds ? digestOf(target.links) : undefined;
  return {
    ...deletion,
    snapshotAt: now,
    contactIds: [...contactIds].slice(0, mostContactIds),
    ...(linksDigest !== undefined && { linksDigest }),
  };
}

/** How many snapshots the task has now. */
async function takeSnapshot(
  { snapshots, clock }: Run['options'],
  { taskId, snapshots: before = 0 }: Task,
  deletions: readonly Deletion[],
  targets: Targets,
): Promise<number> {
  const snapshot: Snapshot = { v: 1, takenAt: clock(), dealContacts: [], companyContacts: [], records: [] };
  for (const deletion of deletions) {
    const { entityTypeId, id } = deletion;
    const target = targets.get(deletionKey(deletion));
    if (target?.kind === 'record') snapshot.records.push({ entityTypeId, id, fields: { ...target.fields } });
    else if (target?.kind !== 'links')
      throw new Error(`There is nothing to take a snapshot of for ${deletionKey(deletion)}`);
    else if (entityTypeId === EntityType.company) snapshot.companyContacts.push({ companyId: id, links: target.links });
    else snapshot.dealContacts.push({ dealId: id, links: target.links });
  }
  // A number may be taken although the task does not know it: by a try that died before it could note it.
  let number = before;
  while (!(await snapshots.put(taskId, number, snapshot))) {
    number += 1;
    if (number >= mostSnapshots) throw new Error(`Task ${taskId} has ${number} snapshots and no room for one more`);
  }
  return number + 1;
}
