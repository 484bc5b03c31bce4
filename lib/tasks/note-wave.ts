import { createHash } from 'node:crypto';
import type { ContactLink } from '../bitrix24/answers.ts';
import type { Verdict } from '../bitrix24/reactions.ts';
import type { StoredRule } from '../rules/version.ts';
import { deletionKey, describeDeletions } from './deletion.ts';
import { each } from './each.ts';
import { compact } from './progress.ts';
import { recordKey } from './read-records.ts';
import { afterFailure, afterTrouble, earliest, type Ready, type Run } from './run.ts';
import type { Targets } from './targets.ts';
import type { Deletion, Task } from './task.ts';
import { mostDoomed, readBelongings } from './undo/belongings.ts';
import type { Belongings, Doomed } from './undo/collect.ts';
import { snapshotOf, storeSnapshot } from './undo/take-snapshot.ts';

/**
 * A snapshot older than this, in ms, is taken anew before it is relied on: people change a record while its task waits
 * for another try, and undo has to bring back what was deleted. What was added to links is seen at once.
 */
const renewSnapshotMs = { record: 60_000, links: 24 * 3600 * 1000 } as const;
/** A row of the table holds 400 KB; this leaves room for its history and its end. In characters. */
const largestNote = 250_000;
/** Of more contacts a task keeps only a digest. */
const mostContactIds = 2_000;

/** Those deletions of a task that are to be carried out now. */
export interface Wave {
  /** As it was read. */
  readonly before: Task;
  /** As it is to be noted. */
  readonly after: Task;
  readonly rule: StoredRule;
  readonly wave: readonly Deletion[];
  /** What is deleted, as it is now. */
  readonly targets: Targets;
}

/** A wave, and those of its deletions of which there is no snapshot yet, or an old one. */
interface Uncovered extends Wave {
  readonly uncovered: readonly Deletion[];
  readonly doomed: readonly Doomed[];
  /** Contacts that lose their primary company. */
  readonly partners: readonly number[];
}

/**
 * Takes the snapshots of what is about to be deleted and notes them in the tasks. What belongs to records is read for all
 * tasks together. A task of which that cannot be read waits or fails: nothing is deleted without its snapshot.
 *
 * @returns what can be deleted now, and when to come again for the rest
 */
export async function noteWaves(
  run: Run,
  waves: readonly Wave[],
): Promise<{ ready: Ready[]; again: number | undefined }> {
  const { options } = run;
  const all = waves.map((wave) => withDoomed(wave, options.clock()));
  const fitting = all.slice(0, fittingCount(all));
  let again = fitting.length < all.length ? options.clock() : undefined;

  const withRecords = fitting.filter((one) => one.doomed.length > 0 || one.partners.length > 0);
  let notable: readonly Uncovered[] = fitting;
  let belongings: Belongings | undefined;
  if (withRecords.length > 0) {
    const doomed = withRecords.flatMap((one) => one.doomed);
    try {
      const partners = withRecords.flatMap((one) => one.partners);
      belongings = await readBelongings(run.session, doomed, options.clock, partners);
    } catch (error) {
      // Those that need nothing of it go on all the same.
      notable = fitting.filter((one) => !withRecords.includes(one));
      const tasks = withRecords.map(({ before }) => before);
      again = earliest(again, await afterFailure(run, tasks, error));
    }
  }

  const ready: Ready[] = [];
  await each(notable, async (one) => {
    const unread = one.doomed.map(recordKey).find((key) => belongings?.unreadable.has(key));
    if (unread !== undefined) {
      const row = belongings?.unreadable.get(unread);
      return leave(run, one.before, row, { shared: withRecords.length > 1 });
    }
    const task = await noteWave(run, one, belongings);
    if (task && one.wave.length > 0) ready.push({ task, rule: one.rule, wave: one.wave });
    else if (task) again = options.clock();
  });
  return { ready, again };
}

function withDoomed(wave: Wave, now: number): Uncovered {
  const { targets, rule } = wave;
  const uncovered = wave.wave.filter((deletion) => !isCovered(deletion, targets, now));
  const doomed = uncovered.flatMap((deletion): Doomed[] => {
    const target = targets.get(deletionKey(deletion));
    const { entityTypeId, id } = deletion;
    return target?.kind === 'record' ? [{ entityTypeId, id, fields: target.fields, depth: rule.snapshot }] : [];
  });
  const partners = uncovered.flatMap((deletion) => {
    const target = targets.get(deletionKey(deletion));
    if (target?.kind !== 'links' || deletion.what !== 'company-contacts') return [];
    return target.links.filter(({ IS_PRIMARY }) => IS_PRIMARY === 'Y').map(({ CONTACT_ID }) => CONTACT_ID);
  });
  return { ...wave, uncovered, doomed, partners };
}

/** As many waves, from the first on, as one round can read about. */
function fittingCount(waves: readonly Uncovered[]): number {
  let size = 0;
  let count = 0;
  for (const { doomed } of waves) {
    size += doomed.length;
    if (size > mostDoomed && count > 0) break;
    count += 1;
  }
  return count;
}

async function leave(run: Run, task: Task, row: Verdict | undefined, how: { shared: boolean }): Promise<void> {
  await afterTrouble(run, task, {
    code: 'SNAPSHOT_UNREADABLE',
    description: row?.meaning ?? 'What belongs to the records that are to be deleted could not be read',
    row,
    ...how,
  });
}

/**
 * Stores the snapshot and notes it in the task. On a later try there may be links that no snapshot has, because somebody
 * added them meanwhile, or the snapshot may be old, and undo must be possible from the deletion on: then one more is
 * taken.
 *
 * @returns the task as noted; undefined when it has changed meanwhile and must not be acted on now
 */
async function noteWave(
  { options, settle }: Run,
  { before, after: task, rule, wave, targets, uncovered }: Uncovered,
  belongings: Belongings | undefined,
): Promise<Task | undefined> {
  const now = options.clock();
  const snapshots =
    uncovered.length === 0
      ? undefined
      : await storeSnapshot(
          options.snapshots,
          task,
          snapshotOf(uncovered, targets, belongings, { takenAt: now, depth: rule.snapshot }),
        );

  const renewed = new Map(uncovered.map((deletion) => [deletionKey(deletion), covered(deletion, targets, now)]));
  const noted = compact({
    items: task.items,
    deletions: task.deletions?.map((deletion) =>
      deletion.outcome === undefined ? (renewed.get(deletionKey(deletion)) ?? deletion) : deletion,
    ),
  });
  if (JSON.stringify(noted) === JSON.stringify({ deletions: before.deletions, items: before.items ?? {} })) return task;

  const isFull = uncovered.length > 0 && snapshots === undefined;
  if (isFull || JSON.stringify(noted).length > largestNote) {
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
  if (isNoted) return { ...task, ...noted, ...(snapshots !== undefined && { snapshots }) };
  // Somebody has ended the task, and may have had erased what it kept, before this was stored.
  if (snapshots !== undefined) await options.snapshots.eraseOne(task.taskId, snapshots - 1);
  return undefined;
}

function isCovered({ snapshotAt = 0, contactIds = [], ...deletion }: Deletion, targets: Targets, now: number): boolean {
  const target = targets.get(deletionKey(deletion));
  if (target?.kind !== 'links') return now - snapshotAt < renewSnapshotMs.record;
  if (now - snapshotAt >= renewSnapshotMs.links) return false;
  if (deletion.linksDigest === digestOf(target.links)) return true;
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
