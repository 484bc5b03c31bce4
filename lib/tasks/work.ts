import { PortalSession } from '../portals/session.ts';
import type { StoredRules } from '../rules/version.ts';
import { carryOut } from './carry-out.ts';
import { decide } from './decide.ts';
import { each } from './each.ts';
import { type Links, type Look, lookCommands, readLook } from './look.ts';
import type { DeletionMessage } from './messages.ts';
import { afterFailure, earliest, type Ready, afterTrouble, type Run, type WorkOptions } from './run.ts';
import { Settlement, type Trouble } from './settle.ts';
import type { Deletion, Task } from './task.ts';

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
  const open = all.filter((task) => task.status === 'open' && task.memberId === memberId);
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

async function stillOpen({ tasks }: WorkOptions, some: readonly Task[]): Promise<Task[]> {
  return (await tasks.getMany(some.map(({ taskId }) => taskId))).filter(({ status }) => status === 'open');
}

/** One round: look, decide, note, delete, settle. */
async function attempt(run: Run, open: readonly Task[], rules: StoredRules | undefined): Promise<number | undefined> {
  // Two rules may name the same deal. The second looks again when the first has acted.
  const first = [...new Map(open.toReversed().map((task) => [task.record.id, task])).values()];
  const others = open.length > first.length ? run.options.clock() : undefined;

  const look = await lookAt(run, first);
  if (typeof look !== 'object') return look;
  const ready = await decideAll(run, first, rules, look);
  return earliest(others, await carryOut(run, ready, look.at));
}

/** Reads everything again. A number or undefined: what `workMessage` is to return, because nothing could be read. */
async function lookAt(run: Run, tasks: readonly Task[]): Promise<Look | number | undefined> {
  const { options, portal, session, settle } = run;
  const at = options.clock();
  const ids = tasks.map(({ record }) => record.id);
  let look: Look;
  try {
    await session.reserve(requestsPerRound);
    look = readLook(ids, await session.batch(lookCommands(ids), { write: false }), at);
  } catch (error) {
    return afterFailure(run, tasks, error);
  }
  if (portal.mode === 'enforce' && look.profile?.ADMIN === false) {
    const stopped = await session.stop(
      'not-administrator',
      'The user of the credentials is no administrator, so Bitrix24 hides records from us. Connect the portal as one.',
    );
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
    const deletion: Deletion = { method: 'crm.deal.contact.items.delete', id: task.record.id, contactIds };
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
    await note(run, task, deletion, links);
    ready.push({ task, deletion: task.deletions?.[0] ?? deletion });
  });
  return ready;
}

/** Takes the snapshot and notes the deletion in the task, once: both are in the tables before anything is deleted. */
async function note(
  { options, settle }: Run,
  task: Task,
  deletion: Deletion,
  { links }: Extract<Links, { kind: 'links' }>,
): Promise<void> {
  if (task.deletions) return;
  const dealContacts = [{ dealId: deletion.id, links }];
  const parts = await options.snapshots.putFirst(task.taskId, { v: 1, takenAt: options.clock(), dealContacts });
  await options.tasks.begin(task.taskId, [deletion], parts, [
    settle.entry(
      'decided',
      `Still lost. To do: ${deletion.method} for ${deletion.id}, ${links.length} contacts; snapshot stored`,
    ),
  ]);
}

function unread(links: Links): Trouble {
  const row = links.kind === 'unknown' ? links.row : undefined;
  return { code: 'RECORD_UNREADABLE', description: row?.meaning ?? 'The record could not be read', row };
}
