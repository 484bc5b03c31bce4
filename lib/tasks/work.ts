import type { StoredRules } from '../rules/version.ts';
import type { JudgedAnswer, SessionOptions } from '../portals/session.ts';
import { PortalSession } from '../portals/session.ts';
import type { Portal } from '../portals/portal.ts';
import { PortalBusy, PortalStopped } from '../portals/waiting.ts';
import { Bitrix24Error, OutcomeUnknown, PortalError } from '../bitrix24/failures.ts';
import { TooLateToStart } from '../bitrix24/rest-client.ts';
import { minute, second } from '../bitrix24/reactions.ts';
import { decide } from './decide.ts';
import { linkCommands, type Links, type Look, lookCommands, readLinks, readLook } from './look.ts';
import type { DeletionMessage } from './messages.ts';
import { type SettleOptions, Settlement, type Trouble } from './settle.ts';
import type { SnapshotStore } from './snapshots.ts';
import type { Deletion, Task } from './task.ts';

export interface WorkOptions extends SessionOptions, SettleOptions {
  readonly snapshots: SnapshotStore;
}

/** Nothing is deleted for a record that was read longer ago than this when the request is sent (promise P4). */
const freshMs = 60 * second;
/** A message received so often is not pushed on once more: its tasks wait in the table instead. */
const maxReceives = 40;

const method = 'crm.deal.contact.items.delete';

/** A task that is to be carried out now, and what it will remove. */
interface Ready {
  task: Task;
  deletion: Deletion;
}

/** What all steps for one message need. */
interface Run {
  readonly options: WorkOptions;
  readonly portal: Portal;
  readonly session: PortalSession;
  readonly settle: Settlement;
}

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
      await retryOrStop(run, task, unread(links));
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
    if (links.kind === 'unknown') return retryOrStop(run, task, unread(links));
    const contactIds = links.links.map(({ CONTACT_ID }) => CONTACT_ID);
    const deletion: Deletion = { method, id: task.record.id, contactIds };
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
      `Still lost. To do: ${method} for ${deletion.id}, ${links.length} contacts; snapshot stored`,
    ),
  ]);
}

/** Deletes what fits into one batch. Returns when to come again for the rest. */
async function carryOut(run: Run, ready: readonly Ready[], readAt: number): Promise<number | undefined> {
  if (ready.length === 0) return undefined;
  const { options, session } = run;
  const room = await session.room(method, ready.length);
  const batch = ready.slice(0, room.calls);
  const rest = batch.length < ready.length ? (room.waitUntil ?? options.clock()) : undefined;
  if (batch.length === 0) return rest;
  if (options.clock() - readAt > freshMs) return options.clock();

  const commands = new Map(
    batch.map(({ deletion }) => [`d${deletion.id}`, { method, params: { id: deletion.id } }] as const),
  );
  let answers: ReadonlyMap<string, JudgedAnswer>;
  try {
    answers = await session.batch(commands, { write: true });
  } catch (error) {
    if (error instanceof Bitrix24Error && error.row.verifyBeforeRepeat === true) {
      await verify(
        run,
        batch.map((one) => ({ ...one, trouble: troubleOf(error) })),
      );
      return rest;
    }
    return earliest(
      rest,
      await afterFailure(
        run,
        batch.map(({ task }) => task),
        error,
      ),
    );
  }
  return earliest(rest, await settleAnswers(run, batch, answers));
}

/** Classifies each command's answer by itself. Returns when to come again for those that met a limit. */
async function settleAnswers(
  run: Run,
  batch: readonly Ready[],
  answers: ReadonlyMap<string, JudgedAnswer>,
): Promise<number | undefined> {
  const { options, settle } = run;
  const unclear: Unclear[] = [];
  let again: number | undefined;
  await each(batch, async (one) => {
    const { task, deletion } = one;
    const answer = answers.get(`d${deletion.id}`) ?? { kind: 'missing' };
    if (answer.kind === 'result' && answer.result === true) {
      return settle.done(task, task.deletions ?? [deletion], { result: 'deleted', proof: 'answer' });
    }
    if (answer.kind !== 'error') {
      const description = 'The answer to the batch does not say what became of this command.';
      unclear.push({ ...one, trouble: { code: 'NO_OUTCOME', description } });
      return undefined;
    }
    const { row } = answer;
    const trouble: Trouble = {
      code: answer.error === '' ? row.name : answer.error,
      description: answer.description,
      row,
    };
    switch (row.reaction) {
      case 'already-gone': {
        const outcome = { result: 'already-gone', proof: 'answer', verdict: row.name } as const;
        return settle.done(task, task.deletions ?? [deletion], outcome);
      }
      case 'verify':
        unclear.push({ ...one, trouble });
        return undefined;
      case 'wait-for-limit':
        again = earliest(again, options.clock() + (row.waitMs ?? minute));
        return undefined;
      case 'retry-later':
      case 'refresh':
      case 'reread':
      case 'moved':
        if (row.verifyBeforeRepeat !== true) return retryOrStop(run, task, trouble);
        unclear.push({ ...one, trouble });
        return undefined;
      case 'operator':
        return row.stopsPortal === true ? settle.park(task, row.meaning) : settle.fail(task, trouble);
      case 'permanent':
      case 'bug':
        return settle.fail(task, trouble);
    }
  });
  if (unclear.length > 0) await verify(run, unclear);
  return again;
}

interface Unclear extends Ready {
  trouble: Trouble;
}

/** Nobody knows whether these were carried out: what is gone is done, what is still there is tried again or refused. */
async function verify(run: Run, unclear: readonly Unclear[]): Promise<void> {
  const { session, settle } = run;
  const ids = unclear.map(({ deletion }) => deletion.id);
  let found: ReadonlyMap<number, Links> = new Map();
  try {
    found = readLinks(ids, await session.batch(linkCommands(ids), { write: false }));
  } catch (error) {
    // The next attempt reads before it deletes, so it finds out; only what is no trouble of the portal is passed on.
    if (!isPortalTrouble(error)) throw error;
  }
  await each(unclear, async ({ task, deletion, trouble }) => {
    const links = found.get(deletion.id);
    const gone = links?.kind === 'gone' || (links?.kind === 'links' && links.links.length === 0);
    if (gone) return settle.done(task, task.deletions ?? [deletion], { result: 'deleted', proof: 'read' });
    const refused = links?.kind === 'links' && trouble.row?.reaction === 'verify';
    if (refused) return settle.fail(task, trouble);
    return retryOrStop(run, { ...task, deletions: task.deletions ?? [deletion] }, trouble);
  });
}

/** After a call that failed as a whole and surely changed nothing. */
async function afterFailure(run: Run, tasks: readonly Task[], error: unknown): Promise<number | undefined> {
  const { options, settle } = run;
  if (error instanceof PortalBusy) return Math.max(error.until, options.clock() + second);
  if (error instanceof TooLateToStart) return options.clock();
  if (error instanceof PortalStopped) {
    await each(tasks, (task) => settle.park(task, error.message));
    return undefined;
  }
  if (!(error instanceof Bitrix24Error)) throw error;
  const trouble = troubleOf(error);
  const givesUp = ['permanent', 'bug', 'operator'].includes(error.row.reaction);
  await each(tasks, (task) => (givesUp ? settle.fail(task, trouble) : retryOrStop(run, task, trouble)));
  return undefined;
}

async function retryOrStop({ session, settle }: Run, task: Task, trouble: Trouble): Promise<void> {
  if ((await settle.retry(task, trouble)) === 'settled') return;
  const { meaning, mend, name } = trouble.row ?? { meaning: trouble.description, mend: undefined, name: trouble.code };
  const stopped = await session.stop(name, `${meaning} ${mend ?? ''}`.trim());
  await settle.park(task, stopped.message);
}

function troubleOf(error: Bitrix24Error): Trouble {
  const code = error instanceof PortalError && error.error !== '' ? error.error : error.code;
  const description = error instanceof PortalError ? error.description : error.message;
  return { code, description, status: error.status, row: error.row };
}

function unread(links: Links): Trouble {
  const row = links.kind === 'unknown' ? links.row : undefined;
  return { code: 'RECORD_UNREADABLE', description: row?.meaning ?? 'The record could not be read', row };
}

function isPortalTrouble(error: unknown): boolean {
  return (
    error instanceof Bitrix24Error ||
    error instanceof OutcomeUnknown ||
    error instanceof PortalBusy ||
    error instanceof PortalStopped ||
    error instanceof TooLateToStart
  );
}

function earliest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}

/** Does the work for each, all of it even when some fail: what the portal has done must be written down. */
async function each<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const results = await Promise.allSettled(items.map(work));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
