import { minute } from '../bitrix24/reactions.ts';
import { PortalSession } from '../portals/session.ts';
import type { StoredRules } from '../rules/version.ts';
import { carryOut } from './carry-out.ts';
import { decide } from './decide.ts';
import { each } from './each.ts';
import { limitAmong, type Links, type Look, lookCommands, readLook } from './look.ts';
import { type DeletionMessage, tasksPerMessage } from './messages.ts';
import { afterFailure, type Ready, afterTrouble, type Run, type WorkOptions } from './run.ts';
import { Settlement, type Trouble } from './settle.ts';
import { mostSnapshots } from './snapshots.ts';
import type { Deletion, Task } from './task.ts';

/** A snapshot older than this, in ms, is taken anew before it is relied on. */
const renewSnapshotMs = 24 * 3600 * 1000;
/** A round looks and then deletes. */
const requestsPerRound = 2;
/** A message received so often is not pushed on once more: its tasks wait in the table instead. */
const maxReceives = 40;

/**
 * Works off one message of `deletions.fifo`. Every task of it has ended afterwards, has a later moment in the table,
 * or is left for the message to come again.
 *
 * @param deadline ms since the epoch: when this invocation is cut off
 * @returns when the message is to be received again (ms since the epoch), or undefined when it is finished
 * @throws when the table or the dead-letter queue does not answer: the message comes again by itself
 */
export async function workMessage(
  options: WorkOptions,
  { memberId, taskIds }: DeletionMessage,
  { deadline, receives }: { deadline: number; receives: number },
): Promise<number | undefined> {
  const settle = new Settlement(options);
  const all = await options.tasks.getMany([...new Set(taskIds)]);
  const now = options.clock();
  // What was put off comes back by the clock; its message may come again sooner, for the sake of other tasks.
  const open = all.filter(
    (task) => task.status === 'open' && task.memberId === memberId && (task.notBefore ?? 0) <= now,
  );
  if (open.length === 0) return undefined;

  const portal = await options.portals.get(memberId);
  if (!portal || portal.state === 'disconnected') {
    const text = 'The portal is not connected any more';
    await each(open, (task) => settle.end(task, 'cancelled', 'portal-disconnected', { text }));
    return undefined;
  }
  if (portal.pause || portal.state === 'pending') {
    const why = portal.pause ? `The portal is paused: ${portal.pause.reason}` : 'The portal is not proved yet';
    await each(open, (task) => settle.park(task, why));
    return undefined;
  }
  const rules =
    portal.rulesVersion === undefined ? undefined : await options.portals.rules(memberId, portal.rulesVersion);

  const run = { options, portal, settle, session: new PortalSession(options, portal, deadline) };
  const again = await attempt(run, open, rules);
  if (again === undefined || receives < maxReceives) return again;
  await each(await stillOpen(options, open), (task) => settle.putOff(task, again, 'The portal asks to wait'));
  return undefined;
}

async function stillOpen({ tasks, clock }: WorkOptions, some: readonly Task[]): Promise<Task[]> {
  const present = await tasks.getMany(some.map(({ taskId }) => taskId));
  // What this round has put off keeps its own moment.
  return present.filter(({ status, notBefore = 0 }) => status === 'open' && notBefore <= clock());
}

/** One round: look, decide, note, delete, settle. */
async function attempt(run: Run, open: readonly Task[], rules: StoredRules | undefined): Promise<number | undefined> {
  // Two rules may name the same deal. The second looks again when the first has acted.
  const different = [...new Map(open.toReversed().map((task) => [task.record.id, task])).values()];
  const first = fittingTogether(different);
  const others = open.length > first.length ? run.options.clock() : undefined;

  const look = await lookAt(run, first);
  if (typeof look !== 'object') return look ?? others;
  const ready = await decideAll(run, first, rules, look);
  // A limit holds for the whole portal, so its end counts and not that there is more to do.
  return (await carryOut(run, ready, look.at)) ?? others;
}

/**
 * The tasks of one round: those that were tried least, and the fewer together the more often they failed. A record
 * that brings every request down with it, or a portal too slow for a full batch, is so found out by halves.
 */
function fittingTogether(tasks: readonly Task[]): Task[] {
  const least = Math.min(...tasks.map(({ attempts }) => attempts));
  const size = Math.max(1, Math.floor(tasksPerMessage / 2 ** least));
  return tasks.filter(({ attempts }) => attempts === least).slice(0, size);
}

/** Reads everything again. A number or undefined: what `workMessage` is to return, because nothing could be read. */
async function lookAt(run: Run, tasks: readonly Task[]): Promise<Look | number | undefined> {
  const { options, portal, session, settle } = run;
  const at = options.clock();
  const ids = tasks.map(({ record }) => record.id);
  let look: Look;
  try {
    await session.reserve(requestsPerRound);
    const answers = await session.batch(lookCommands(ids), { write: false });
    const limit = limitAmong(answers.values());
    if (limit) return options.clock() + (limit.waitMs ?? minute);
    look = readLook(ids, answers, at);
  } catch (error) {
    return afterFailure(run, tasks, error);
  }
  if (portal.mode === 'enforce' && look.profile?.ADMIN === false) {
    const stopped = await session.stopForWantOfRights();
    await each(tasks, (task) => settle.park(task, stopped.message));
    return undefined;
  }
  return look;
}

/** Ends, defers or observes what is not to be carried out; gives back what is. */
async function decideAll(
  run: Run,
  tasks: readonly Task[],
  rules: StoredRules | undefined,
  look: Look,
): Promise<Ready[]> {
  const { options, portal, settle } = run;
  const ready: Ready[] = [];
  await each(tasks, async (task) => {
    const record = look.records.get(task.record.id);
    const links = look.links.get(task.record.id) ?? { kind: 'unknown', row: undefined };
    if (record === undefined || look.profile === undefined) {
      await afterTrouble(run, task, unread(links));
      return;
    }
    const rule = rules?.rules.find(({ id }) => id === task.rule.id);
    const decision = decide(task, record, rule, portal, options.clock());
    switch (decision.do) {
      case 'skip':
        return settle.end(task, 'skipped', decision.reason, { text: `Skipped: ${decision.reason}` });
      case 'cancel':
        return settle.end(task, 'cancelled', decision.reason, { text: `Cancelled: ${decision.reason}` });
      case 'defer':
        return settle.putOff(task, decision.until, `Due at ${new Date(decision.until).toISOString()}`);
      case 'observe':
      case 'act':
        break;
    }

    if (links.kind === 'gone') return settle.end(task, 'skipped', 'record-gone', { text: 'Skipped: record-gone' });
    if (links.kind === 'unknown') return afterTrouble(run, task, unread(links));
    const contactIds = links.links.map(({ CONTACT_ID }) => CONTACT_ID);
    const deletion: Deletion = {
      what: 'deal-contacts',
      method: 'crm.deal.contact.items.delete',
      entityTypeId: task.record.entityTypeId,
      id: task.record.id,
      contactIds,
    };
    if (contactIds.length === 0 && !task.deletions) {
      return settle.end(task, 'skipped', 'nothing-linked', { text: 'Skipped: no contact is linked to the deal' });
    }
    if (contactIds.length === 0 && task.deletions) {
      return settle.done(task, task.deletions, { result: 'already-gone', proof: 'read' });
    }
    if (decision.do === 'observe') {
      const text = `Observed (${decision.reason}): would unlink ${contactIds.length} contacts from deal ${deletion.id}`;
      return settle.end(task, 'observed', decision.reason, { text, deletions: [deletion] });
    }
    const noted = await note(run, task, deletion, links);
    if (noted) ready.push({ task: noted, deletion });
  });
  return ready;
}

/**
 * Takes the snapshot and notes the deletion in the task: both are in the tables before anything is deleted. On a later
 * try there may be links that no snapshot has, because somebody added them meanwhile, or the snapshot may be old, and
 * undo must be possible from the deletion on: then one more is taken.
 *
 * @returns the task as noted; undefined when it has changed meanwhile and must not be acted on now
 */
async function note(
  { options, settle }: Run,
  task: Task,
  deletion: Deletion,
  { links }: Extract<Links, { kind: 'links' }>,
): Promise<Task | undefined> {
  const known = new Set(task.deletions?.flatMap(({ contactIds = [] }) => contactIds));
  const covered = (deletion.contactIds ?? []).every((id) => known.has(id));
  const young = options.clock() - (task.snapshotAt ?? 0) < renewSnapshotMs;
  if (task.deletions && covered && young) return task;

  const dealContacts = [{ dealId: deletion.id, links }];
  const snapshot = { v: 1 as const, takenAt: options.clock(), dealContacts };
  // A number may be taken although the task does not know it: by a try that died before it could note it.
  let number = task.snapshots ?? 0;
  while (!(await options.snapshots.put(task.taskId, number, snapshot))) {
    number += 1;
    if (number >= mostSnapshots)
      throw new Error(`Task ${task.taskId} has ${number} snapshots and no room for one more`);
  }
  const deletions = [{ ...deletion, contactIds: [...known.union(new Set(deletion.contactIds ?? []))] }];
  const counts = { before: task.snapshots, snapshots: number + 1 };
  const noted = await options.tasks.begin(task.taskId, deletions, counts, [
    settle.entry(
      'decided',
      `Still lost. To do: ${deletion.method} for ${deletion.id}, ${links.length} contacts; snapshot stored`,
    ),
  ]);
  return noted ? { ...task, deletions, snapshots: number + 1 } : undefined;
}

function unread(links: Links): Trouble {
  const row = links.kind === 'unknown' ? links.row : undefined;
  return { code: 'RECORD_UNREADABLE', description: row?.meaning ?? 'The record could not be read', row };
}
