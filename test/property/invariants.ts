import { expect } from '@jest/globals';
import type { Snapshot } from '../../lib/tasks/snapshots.ts';
import type { Task } from '../../lib/tasks/task.ts';
import type { PortalSnapshot } from '../../simulator/portal-snapshot.ts';
import type { Entry } from './log.ts';
import type { Play } from './play.ts';
import type { Scenario } from './scenario.ts';
import type { World } from './world.ts';

/** What holds at the end of every run, whatever was drawn. */
export async function keepInvariants(world: World, play: Play, scenario: Scenario): Promise<void> {
  const tasks = await world.tasks();
  const portal = await world.stores.portals.get(world.memberId);
  expect(world.crashes).toEqual([]);
  expect(portal?.pause).toBeUndefined();
  expect(tasks.filter(({ status }) => status === 'open')).toEqual([]);
  expect(world.deletions.wrong).toEqual([]);

  for (const task of tasks) expect(lossOf(task, play.log)).toEqual(task.transition);

  const names = tasks.map(({ record, rule, transition }) => JSON.stringify([record, rule.id, transition]));
  expect(new Set(names).size).toBe(names.length);

  const { events, deletions, reconcile, letters } = world.queues;
  expect([events.messages, deletions.messages, reconcile.messages]).toEqual([[], [], []]);
  // Nothing fails but by a refusal, and each failure is in the dead-letter queue.
  const failed = tasks.filter(({ status }) => status === 'failed');
  const mayFail = scenario.phases.some((phase) => phase.deeds.some((deed) => deed.do === 'veto'));
  if (!mayFail) expect(failed).toEqual([]);
  for (const { deletions: some = [] } of failed) {
    expect(some.map(({ outcome }) => outcome?.result)).toContain('refused');
  }
  expect(new Set(letters.messages.map(({ body }) => body.taskId))).toEqual(new Set(failed.map(({ taskId }) => taskId)));

  const kept = new Set(keptIn(play.stored));
  const gone = play.before.flatMap((before, index) => goneBetween(before, play.after[index] ?? before));
  expect(gone.filter((one) => !kept.has(one))).toEqual([]);
}

/** The last move of a task's record before something was deleted for it; its own transition when nothing was. */
function lossOf({ record, deletions = [], transition }: Task, log: readonly Entry[]): Task['transition'] {
  const deletedAt = deletions.find(({ outcome }) => outcome?.result === 'deleted')?.outcome?.at;
  if (deletedAt === undefined) return transition;
  let last = { stageId: '', movedTime: 0 };
  for (const entry of log) {
    if (entry.at > deletedAt || (entry.what !== 'added' && entry.what !== 'changed')) continue;
    if (entry.type !== record.entityTypeId || entry.id !== record.id) continue;
    const { stage = last.stageId } = entry.set;
    if (stage !== last.stageId) last = { stageId: stage, movedTime: entry.at };
  }
  return last;
}

/** Records that were deleted, `3:50`, and links that were removed between records that stayed, `4:7 3:50`. */
function goneBetween(before: PortalSnapshot, after: PortalSnapshot): string[] {
  const records = Object.keys(before.records).filter((key) => !(key in after.records));
  const links = Object.entries(before.links).flatMap(([owner, some]) => {
    const now = new Set((after.links[owner] ?? []).map(({ contactId }) => contactId));
    return some
      .filter(({ contactId }) => !now.has(contactId) && owner in after.records && `3:${contactId}` in after.records)
      .map(({ contactId }) => `${owner} 3:${contactId}`);
  });
  return [...records, ...links];
}

function keptIn(snapshots: readonly Snapshot[]): string[] {
  return snapshots.flatMap(({ records, dealContacts, companyContacts }) => [
    ...records.map(({ entityTypeId, id }) => `${entityTypeId}:${id}`),
    ...dealContacts.flatMap(({ dealId, links }) => links.map(({ CONTACT_ID }) => `2:${dealId} 3:${CONTACT_ID}`)),
    ...companyContacts.flatMap(({ companyId, links }) =>
      links.map(({ CONTACT_ID }) => `4:${companyId} 3:${CONTACT_ID}`),
    ),
  ]);
}
