import { minute } from '../bitrix24/reactions.ts';
import { PortalSession } from '../portals/session.ts';
import { nothingProtected } from '../rules/protect.ts';
import type { StoredRule, StoredRules } from '../rules/version.ts';
import { carryOut } from './carry-out.ts';
import { announce, isToAnnounce, type Waiting } from './comments/announce.ts';
import { isOwed } from './comments/comment-state.ts';
import { reportEnds } from './comments/report.ts';
import { decide } from './decide.ts';
import { missingFor } from './deletion.ts';
import { each } from './each.ts';
import { guardRequests } from './guards/aims.ts';
import { fittingLook, type Judged, limitAmong, type Look, lookCommands, readLook } from './look.ts';
import { type DeletionMessage, tasksPerMessage } from './messages.ts';
import { prepare } from './prepare.ts';
import { recordKey } from './read-records.ts';
import { afterFailure, afterTrouble, earliest, type Run, type WorkOptions } from './run.ts';
import { Settlement } from './settle.ts';
import type { Deletion, RecordKey, Task } from './task.ts';
import type { Going } from './turning.ts';
import { type Answered, unansweredOf, withAnswers } from './unanswered.ts';
import { workUndo } from './undo/work-undo.ts';

/** A round looks and then deletes; one more look is needed for what does not come with the record. */
const requestsPerRound = 2;
/** Comments are looked for, where one may be there already, and written. */
const requestsToComment = 2;
/** A message is worked at in so many rounds by one invocation, as long as there is time for one more, in ms. */
const mostRounds = 50;
const roundNeedsMs = 150_000;
/** An undo looks for each record by itself: who began anew at each full bucket might never end. */
const turnPatienceMs = 20_000;
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
  const ids = [...new Set(taskIds)];
  const present = async (): Promise<Task[]> =>
    (await stillToDo(options, ids)).filter((task) => task.memberId === memberId);
  let again: number | undefined;
  for (let round = 1; round <= mostRounds; round += 1) {
    const tasks = await present();
    if (tasks.length === 0) return undefined;
    again = await workRound(options, memberId, tasks, deadline);
    const now = options.clock();
    if (again === undefined) return undefined;
    if (again > now || deadline - now < roundNeedsMs) break;
  }
  if (again === undefined || receives < maxReceives) return again;
  const until = again;
  const settle = new Settlement(options);
  await each(await present(), (task) => settle.putOff(task, until, 'The portal asks to wait'));
  return undefined;
}

/** One round with what the tables say now. Gives when there is more to do, in ms since the epoch. */
async function workRound(
  options: WorkOptions,
  memberId: string,
  present: readonly Task[],
  deadline: number,
): Promise<number | undefined> {
  const settle = new Settlement(options);
  const stop = await options.killSwitch.stopped();
  if (stop) {
    const why = `tidy24 is stopped since ${new Date(stop.stoppedAt).toISOString()} by ${stop.by}: ${stop.reason}`;
    await each(present, (task) => settle.park(task, why));
    return undefined;
  }
  const portal = await options.portals.get(memberId);
  if (!portal || portal.state === 'disconnected') {
    const text = 'The portal is not connected any more';
    await each(present, (task) => settle.end(task, 'cancelled', 'portal-disconnected', { text }));
    await each(present, (task) => options.tasks.comments.note(task, 'report', { state: 'given-up', tries: 0 }));
    return undefined;
  }
  if (portal.pause || portal.state === 'pending') {
    const why = portal.pause ? `The portal is paused: ${portal.pause.reason}` : 'The portal is not proved yet';
    await each(present, (task) => settle.park(task, why));
    return undefined;
  }
  // What a person asked to have back comes first, in any mode and whatever the rules say.
  const undo = present.find((task) => isOpen(task) && task.undo !== undefined);
  const session = new PortalSession({ ...options, ...(undo && { turnPatienceMs }) }, portal, deadline);
  const run = { options, portal, settle, session, protect: nothingProtected };
  try {
    const [open, ended] = [present.filter(isOpen), present.filter((task) => !isOpen(task))];
    // What is to be deleted goes before what is told of it.
    if (open.length === 0) {
      await reportEnds(run, ended);
      return undefined;
    }
    if (undo?.undo) return (await workUndo(run, undo, undo.undo)) ?? (present.length > 1 ? options.clock() : undefined);
    const rules =
      portal.rulesVersion === undefined ? undefined : await options.portals.rules(memberId, portal.rulesVersion);
    const again = await attempt({ ...run, protect: rules?.protect ?? nothingProtected }, open, rules);
    return again ?? (ended.length > 0 || settle.owesReports ? options.clock() : undefined);
  } finally {
    await session.release();
  }
}

/** What was put off comes back by the clock; its message may come again sooner, for the sake of other tasks. */
async function stillToDo({ tasks, clock }: WorkOptions, taskIds: readonly string[]): Promise<Task[]> {
  const present = await tasks.getMany(taskIds);
  return present.filter((task) => (isOpen(task) || isOwed(task.report)) && (task.notBefore ?? 0) <= clock());
}

function isOpen({ status }: Task): boolean {
  return status === 'open';
}

/** One round: look, decide, note, delete, settle. */
async function attempt(run: Run, open: readonly Task[], rules: StoredRules | undefined): Promise<number | undefined> {
  const all = open.map((task): Judged => ({ task, rule: rules?.rules.find(({ id }) => id === task.rule.id) }));
  const judged = fittingTogether(onePerRecord(all));
  const first = fittingLook(judged);
  const others = open.length > first.length ? run.options.clock() : undefined;

  const look = await lookAt(run, first);
  if (typeof look !== 'object') return look ?? others;
  const decided = await decideAll(run, first, look);
  const { ready, again } = await prepare(run, decided.going, look);
  // A limit holds for the whole portal, so its end counts and not that there is more to do.
  const next = (await carryOut(run, ready, look.at)) ?? earliest(again, decided.again) ?? others;
  await announce(run, decided.waiting);
  return next;
}

/**
 * Two rules may name the same record. The second looks again when the first has acted, and what deletes the record
 * itself comes last: nothing could be read of it afterwards.
 */
function onePerRecord(all: readonly Judged[]): Judged[] {
  const deletesItself = ({ task, rule }: Judged): number =>
    rule?.delete.some(({ what }) => what === 'deal' || what === 'lead' || what === 'item') === true &&
    task.deletions?.some(({ snapshotAt }) => snapshotAt !== undefined) !== true
      ? 1
      : 0;
  const ordered = all.toSorted((a, b) => deletesItself(a) - deletesItself(b) || a.task.createdAt - b.task.createdAt);
  return [...new Map(ordered.toReversed().map((one) => [recordKey(one.task.record), one])).values()].toReversed();
}

/**
 * The tasks of one round: those that were tried least, and the fewer together the more often they failed. A record
 * that brings every request down with it, or a portal too slow for a full batch, is so found out by halves.
 */
function fittingTogether(judged: readonly Judged[]): Judged[] {
  const least = Math.min(...judged.map(({ task }) => task.attempts));
  const size = Math.max(1, Math.floor(tasksPerMessage / 2 ** least));
  return judged.filter(({ task }) => task.attempts === least).slice(0, size);
}

/** Reads everything again. A number or undefined: what `workMessage` is to return, because nothing could be read. */
async function lookAt(run: Run, judged: readonly Judged[]): Promise<Look | number | undefined> {
  const { options, portal, session, settle } = run;
  const tasks = judged.map(({ task }) => task);
  const at = options.clock();
  let look: Look;
  try {
    const rules = judged.flatMap(({ rule }) => rule ?? []);
    const comments = judged.some(({ task }) => isOwed(task.announcement)) ? requestsToComment : 0;
    const requests = Math.max(...judged.map(({ rule }) => requestsFor(rule))) + comments;
    await session.reserve(requests + guardRequests(rules, run.protect));
    const answers = await session.batch(lookCommands(judged), { write: false });
    const limit = limitAmong(answers.values());
    if (limit) return options.clock() + (limit.waitMs ?? minute);
    look = readLook(judged, answers, at);
  } catch (error) {
    return afterFailure(run, tasks, error);
  }
  // Who only observes needs no rights, but for saying what has become of deletions that were begun before.
  const needsRights = portal.mode === 'enforce' || tasks.some((task) => unansweredOf(task).length > 0);
  if (needsRights && look.profile?.ADMIN === false) {
    const stopped = await session.stopForWantOfRights();
    await each(tasks, (task) => settle.park(task, stopped.message));
    return undefined;
  }
  if (needsRights) session.needRights();
  return look;
}

/** What does not come with the record is read by one more, what belongs to it by one, and to records that are deleted by two. */
function requestsFor(rule: StoredRule | undefined): number {
  const deleted = rule?.delete.map(({ what }) => what) ?? [];
  if (deleted.every((what) => what === 'deal-contacts')) return requestsPerRound;
  const onlyLinks = deleted.every((what) => what === 'deal-contacts' || what === 'company-contacts');
  return requestsPerRound + (onlyLinks ? 2 : 3);
}

/** A task that is not to be carried out, and how it ends. */
interface Ending {
  readonly task: Task;
  readonly end: (task: Task) => Promise<void>;
}

/** Ends or defers what is not to be carried out; gives what is, or is to be observed, and what is to be announced. */
async function decideAll(
  run: Run,
  judged: readonly Judged[],
  look: Look,
): Promise<{ going: Going[]; waiting: Waiting[]; again: number | undefined }> {
  const { options, portal, settle } = run;
  const going: Going[] = [];
  const waiting: Waiting[] = [];
  const endings: Ending[] = [];
  await each(judged, async ({ task, rule }) => {
    const record = look.records.get(recordKey(task.record));
    if (record === undefined || look.profile === undefined) {
      const row = look.profile && look.failures.get(recordKey(task.record));
      const description = row?.meaning ?? 'The record could not be read';
      // One command reads many records: which of them is at fault is not known.
      return afterTrouble(run, task, { code: 'RECORD_UNREADABLE', description, row, shared: judged.length > 1 });
    }
    const decision = decide(task, record, rule, portal, options.clock());
    switch (decision.do) {
      case 'skip':
        if (isOver(task)) return settle.done(goneItself(task, options.clock()));
        return endings.push({ task, end: (known) => settle.skipped(known, decision.reason) });
      case 'cancel':
        return endings.push({ task, end: (known) => settle.cancelled(known, decision.reason) });
      case 'defer':
        if (record.found && rule && isToAnnounce(task, rule, portal)) {
          return waiting.push({ task, rule, record, until: decision.until });
        }
        return settle.putOff(task, decision.until, `Due at ${new Date(decision.until).toISOString()}`);
      case 'read-again':
        return unsaid(run, task, decision.what);
      case 'observe':
      case 'act':
        break;
    }
    if (!record.found || !rule) throw new TypeError('A record that is gone, or without a rule, is not acted on');
    const missing = missingFor(rule, record);
    if (missing !== undefined) return unsaid(run, task, missing);
    return going.push({ task, rule, record, observe: decision.do === 'observe' ? decision.reason : undefined });
  });
  return { going, waiting, again: await endAll(run, endings) };
}

/** What may have been deleted is looked for first. Gives when to come again, if that could not be read. */
async function endAll(run: Run, endings: readonly Ending[]): Promise<number | undefined> {
  const unsure = endings.filter(({ task }) => unansweredOf(task).length > 0);
  const sure = endings.filter((ending) => !unsure.includes(ending));
  await each(sure, ({ task, end }) => end(task));
  const tasks = unsure.map(({ task }) => task);
  if (tasks.length === 0) return undefined;
  let answered: readonly Answered[];
  try {
    answered = await withAnswers(run, tasks);
  } catch (error) {
    return afterFailure(run, tasks, error);
  }
  await each([...unsure.entries()], ([index, { task, end }]) => {
    const found = answered[index];
    if (found && 'task' in found) return end(found.task);
    const row = found?.unreadable.row;
    const description = row?.meaning ?? 'What has become of its deletions could not be read';
    return afterTrouble(run, task, { code: 'TARGET_UNREADABLE', description, row, shared: tasks.length > 1 });
  });
  return undefined;
}

/** The portal has left out something of the record that the rule depends on. */
function unsaid(run: Run, task: Task, what: string): Promise<void> {
  return afterTrouble(run, task, { code: 'RECORD_INCOMPLETE', description: `The portal does not say ${what}` });
}

/** Whether nothing was left to do but to delete the lost record itself. */
function isOver({ record, deletions = [] }: Task): boolean {
  const open = deletions.filter(({ outcome }) => outcome === undefined);
  return open.length > 0 && open.every((deletion) => isTheRecord(deletion, record));
}

function isTheRecord({ method, entityTypeId, id }: Deletion, record: RecordKey): boolean {
  return method === 'crm.item.delete' && entityTypeId === record.entityTypeId && id === record.id;
}

/** The deletion that was sent before, and whose answer never came, or somebody else has deleted it. */
function goneItself(task: Task, at: number): Task {
  const outcome = { result: 'already-gone' as const, at, proof: 'read' as const };
  const deletions = task.deletions?.map((deletion) =>
    isTheRecord(deletion, task.record) ? { ...deletion, outcome } : deletion,
  );
  return { ...task, deletions };
}
