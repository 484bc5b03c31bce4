import type { Snapshot } from '../../lib/tasks/snapshots.ts';
import type { Deletion, Task } from '../../lib/tasks/task.ts';
import { type Knowledge, lostStages } from './knowledge.ts';

/** What was read longer ago than this deletes nothing, in ms (promise P4). */
const freshMs = 60_000;
/** So long after a stop, in ms, no new batch is sent. */
export const stopMs = 5_000;

/** What speaks against this deletion, by what the invocation has been shown last. */
export function problemsWith(
  known: Knowledge,
  task: Task,
  deletion: Deletion,
  snapshots: readonly Snapshot[],
  sentAt: number,
): string[] {
  const problems: string[] = [];
  const need = (holds: boolean, problem: string): void => {
    if (!holds) problems.push(problem);
  };
  const isRecent = (at: number | undefined): boolean => at !== undefined && sentAt - at <= freshMs;
  /** Read since the look that the deletion rests on, and not too long ago. */
  const isCurrent = (at: number | undefined): boolean => isRecent(at) && (at ?? 0) >= (known.lookedAt.get(lost) ?? 0);
  const lost = keyOfRecord(task.record);
  const own = `${deletion.entityTypeId}:${deletion.id}`;
  const isRecord = deletion.contactIds === undefined && !deletion.method.includes('.contact.items.');

  const shown = known.deals.get(lost);
  need(isRecent(shown?.at), 'its deal was not read in the last minute');
  need(shown === undefined || lostStages.includes(shown.stageId), 'its deal was not lost at the last read');
  need(shown === undefined || shown.stageId === task.transition.stageId, 'its deal has moved');
  need(shown?.movedTime === undefined || shown.movedTime === task.transition.movedTime, 'its deal was lost again');
  need(known.profile?.admin === true && isRecent(known.profile.at), 'no administrator asks');
  need(task.endedAt === undefined || sentAt - task.endedAt <= stopMs, `its task is ${task.status}`);

  const contacts = isRecord ? [] : (known.links.get(own)?.ids ?? []).map((id) => `3:${id}`);
  for (const record of new Set([lost, ...(isRecord ? [own] : []), ...contacts])) {
    const [hold, tick] = [known.holds.get(record), known.ticks.get(record)];
    need(hold !== undefined && isCurrent(hold.at), `holds on ${record} were not looked for`);
    need(hold?.held !== true, `${record} has a hold`);
    need(tick !== undefined && isCurrent(tick.at), `the hold field of ${record} was not read`);
    need(tick?.ticked !== true, `${record} is ticked`);
  }
  if (['contacts', 'company', 'company-contacts'].includes(deletion.what)) {
    const clients = known.clients.get(own);
    need(clients !== undefined && isCurrent(clients.at), `what ${own} has was not looked for`);
    const others = (clients?.deals ?? []).filter((id) => `2:${id}` !== lost);
    need(others.length === 0, `${own} has deal ${others.join(', ')} when that was last looked for`);
  }

  need(deletion.snapshotAt !== undefined, 'the task does not say that there is a snapshot');
  const kept = new Set(snapshots.flatMap(keptIn));
  const removed = isRecord ? [own] : contacts.map((contact) => `${own} ${contact}`);
  for (const one of removed) need(kept.has(one), `no snapshot has ${one}`);
  return problems;
}

export function keyOfRecord({ entityTypeId, id }: { entityTypeId: number; id: number }): string {
  return `${entityTypeId}:${id}`;
}

export function keyOfDeletion({ method, entityTypeId, id }: Deletion): string {
  return `${method.includes('.contact.items.') ? 'links' : 'record'}:${entityTypeId}:${id}`;
}

/** Records, `3:7`, and links, `2:101 3:7`, of a snapshot. */
function keptIn({ records, dealContacts, companyContacts }: Snapshot): string[] {
  return [
    ...records.map(keyOfRecord),
    ...dealContacts.flatMap(({ dealId, links }) => links.map(({ CONTACT_ID }) => `2:${dealId} 3:${CONTACT_ID}`)),
    ...companyContacts.flatMap(({ companyId, links }) =>
      links.map(({ CONTACT_ID }) => `4:${companyId} 3:${CONTACT_ID}`),
    ),
  ];
}
