import { minute } from '../bitrix24/reactions.ts';
import { PortalSession, smallRoundsShare } from '../portals/session.ts';
import { longestBatchSeconds } from '../portals/operating.ts';
import { nothingProtected } from '../rules/protect.ts';
import type { StoredRules } from '../rules/version.ts';
import { type CarriedOut, carryOut } from './carry-out.ts';
import { isOwed } from './comments/comment-state.ts';
import { announce, type Waiting } from './comments/announce.ts';
import { reportEnds } from './comments/report.ts';
import { decideAll } from './decide-all.ts';
import { each } from './each.ts';
import { firstCommand } from './line.ts';
import { fittingLook, type Judged } from './look.ts';
import { lookAt } from './look-at.ts';
import { tasksPerMessage } from './messages.ts';
import { prepare } from './prepare.ts';
import { turnOf } from './progress.ts';
import { recordKey } from './read-records.ts';
import { earliest, type Ready, type Run, type WorkOptions } from './run.ts';
import { Settlement } from './settle.ts';
import type { Deletion, Task } from './task.ts';
import { workUndo } from './undo/work-undo.ts';

/** Whoever is later than this for the next try, in ms, waits for no larger rounds. */
const latePatienceMs = 2 * minute;

/** An undo looks for each record by itself: who began anew at each full bucket might never end. */
const turnPatienceMs = 20_000;

/**
 * A round that has looked and noted, and has yet to delete. It is begun while the one before deletes, and must be ended
 * or dropped.
 */
export interface Round {
  /** What it was given to do. */
  readonly given: readonly Task[];
  /** Those of which something is about to be deleted. */
  readonly deleting: readonly Ready[];
  /** Those that are worked at while it ends. */
  readonly busy: readonly Task[];
  /** When their records were read, in ms since the epoch. */
  readonly readAt: number;
  /** The portal is worked at by nobody now. */
  readonly isClosed: boolean;
  /** Deletes. What became of it has to be settled, whatever follows. `onSent` is told when the request goes out. */
  send(onSent: () => void): Promise<CarriedOut>;
  /** Nothing is deleted. */
  drop(): Promise<void>;
}

export interface RoundAt {
  readonly memberId: string;
  /** ms since the epoch: when the invocation is cut off. */
  readonly deadline: number;
  /** What another round is just deleting: nothing of it is touched by this one. */
  readonly busy: readonly Ready[];
  /** With little to do it gives way to others at a portal whose requests are scarce. */
  readonly givesWay: boolean;
}

/**
 * Looks at these tasks with what the tables say now, and prepares what is to be deleted.
 *
 * @throws when a table or the dead-letter queue does not answer
 */
export async function beginRound(options: WorkOptions, given: readonly Task[], at: RoundAt): Promise<Round> {
  const { memberId, deadline } = at;
  const settle = new Settlement(options);
  const stop = await options.killSwitch.stopped();
  if (stop) {
    const why = `tidy24 is stopped since ${new Date(stop.stoppedAt).toISOString()} by ${stop.by}: ${stop.reason}`;
    await each(given, (task) => settle.park(task, why));
    return over(given, undefined, { isClosed: true });
  }
  const portal = await options.portals.get(memberId);
  if (!portal || portal.state === 'disconnected') {
    const text = 'The portal is not connected any more';
    await each(given, (task) => settle.end(task, 'cancelled', 'portal-disconnected', { text }));
    await each(given, (task) => options.tasks.comments.note(task, 'report', { state: 'given-up', tries: 0 }));
    return over(given, undefined, { isClosed: true });
  }
  if (portal.pause || portal.state === 'pending') {
    const why = portal.pause ? `The portal is paused: ${portal.pause.reason}` : 'The portal is not proved yet';
    await each(given, (task) => settle.park(task, why));
    return over(given, undefined, { isClosed: true });
  }
  // What a person asked to have back comes first, in any mode and whatever the rules say.
  const undo = given.find((task) => isOpen(task) && task.undo !== undefined);
  const session = new PortalSession({ ...options, ...(undo && { turnPatienceMs }) }, portal, deadline);
  const run = { options, portal, settle, session, protect: nothingProtected };
  try {
    const [open, ended] = [given.filter(isOpen), given.filter((task) => !isOpen(task))];
    // What is to be deleted goes before what is told of it.
    if (open.length === 0) {
      await reportEnds(run, ended);
      return await released(session, over(given, undefined));
    }
    if (undo?.undo) {
      const again = await workUndo(run, undo, undo.undo);
      return await released(session, over(given, again ?? (given.length > 1 ? options.clock() : undefined)));
    }
    const rules =
      portal.rulesVersion === undefined ? undefined : await options.portals.rules(memberId, portal.rulesVersion);
    const known = { ...run, protect: rules?.protect ?? nothingProtected };
    const prepared = await prepareRound(known, open, rules, at);
    if (prepared.ready.length === 0 && prepared.waiting.length === 0) {
      const again = prepared.again ?? (owesReports(settle, ended) ? options.clock() : undefined);
      return await released(session, over(given, again));
    }
    return {
      given,
      deleting: prepared.ready,
      busy: [...prepared.ready, ...prepared.waiting].map(({ task }) => task),
      readAt: prepared.readAt,
      isClosed: false,
      send: (onSent) => sendRound(known, prepared, onSent, () => owesReports(settle, ended)),
      drop: () => session.release(),
    };
  } catch (error) {
    await session.release();
    throw error;
  }
}

function over(given: readonly Task[], again: number | undefined, { isClosed = false } = {}): Round {
  const nothing = { deleting: [], busy: [], readAt: 0 };
  const send = (): Promise<CarriedOut> => Promise.resolve({ again, settle: () => Promise.resolve(undefined) });
  return { given, ...nothing, isClosed, send, drop: () => Promise.resolve() };
}

async function released(session: PortalSession, round: Round): Promise<Round> {
  await session.release();
  return round;
}

function owesReports(settle: Settlement, ended: readonly Task[]): boolean {
  return ended.length > 0 || settle.owesReports;
}

function isOpen({ status }: Task): boolean {
  return status === 'open';
}

interface Prepared {
  readonly ready: readonly Ready[];
  readonly readAt: number;
  readonly waiting: readonly Waiting[];
  /** When to come again for what could not be prepared; a limit holds for the whole portal. */
  readonly again: number | undefined;
  /** When there is more to do than fitted in. */
  readonly others: number | undefined;
}

/**
 * Seconds that a deletion is taken for as long as the first few of its kind are under way. They will have been measured
 * when this round is sent, so it may be larger than they are, but not by much: reading a whole round takes longer than
 * they do, and nothing would be deleted in the meantime.
 */
const guessBesideFirst = 2.5;

/** With fewer tasks a round costs the portal much for little. */
const fewTasks = tasksPerMessage / 3;

/** Look, decide, note. */
async function prepareRound(
  run: Run,
  open: readonly Task[],
  rules: StoredRules | undefined,
  { busy, givesWay }: Pick<RoundAt, 'busy' | 'givesWay'>,
): Promise<Prepared> {
  const { clock } = run.options;
  const all = open.map((task): Judged => ({ task, rule: rules?.rules.find(({ id }) => id === task.rule.id) }));
  const free = await notBlocked(run, all);
  if (free.length === 0) return { ready: [], readAt: 0, waiting: [], again: undefined, others: undefined };
  const guess = busy.length > 0 ? guessBesideFirst : undefined;
  const judged = await fittingTogether(run, onePerRecord(free), guess);
  const first = fittingLook(judged);
  const others = free.length > first.length ? clock() : undefined;

  const share = givesWay && free.length < fewTasks ? smallRoundsShare : undefined;
  const look = await lookAt(run, first, share);
  if (typeof look !== 'object') return { ready: [], readAt: 0, waiting: [], again: look ?? others, others };
  const decided = await decideAll(run, first, look);
  const prepared = await prepare(run, decided.going, look);
  const touched = new Set(busy.flatMap(({ wave }) => wave.map(recordKey)));
  const ready = prepared.ready.filter(({ wave }) => !wave.some((deletion) => touched.has(recordKey(deletion))));
  // What the round before deletes is looked at again when that is over.
  const crossed = ready.length < prepared.ready.length ? clock() : undefined;
  const again = earliest(earliest(prepared.again, decided.again), crossed);
  const isOver = ready.length === 0 && decided.waiting.length === 0;
  return { ready, readAt: look.at, waiting: decided.waiting, again: isOver ? (again ?? others) : again, others };
}

/** Delete; then settle and tell. */
async function sendRound(
  run: Run,
  { ready, readAt, waiting, again, others }: Prepared,
  onSent: () => void,
  hasReports: () => boolean,
): Promise<CarriedOut> {
  let carried: CarriedOut;
  try {
    carried = await carryOut(run, ready, { readAt, onSent });
  } catch (error) {
    await run.session.release();
    throw error;
  }
  return {
    again: carried.again,
    async settle() {
      try {
        const settled = await carried.settle();
        await announce(run, waiting);
        // A limit holds for the whole portal, so its end counts and not that there is more to do.
        const next = earliest(carried.again, settled) ?? again ?? others;
        return next ?? (hasReports() ? run.options.clock() : undefined);
      } finally {
        await run.session.release();
      }
    },
  };
}

/**
 * What goes on with methods of which none has operating time left is not even looked at: it stands in the line of the
 * one that is free first.
 */
async function notBlocked({ session, settle, portal }: Run, all: readonly Judged[]): Promise<readonly Judged[]> {
  if (portal.mode === 'observe') return all;
  const closed = await session.closed([...new Set(all.flatMap(nextMethods))]);
  const waits = all.map((one) => {
    const ends = nextMethods(one).map((method) => ({ method, until: closed.get(method) ?? 0 }));
    const [first] = ends.toSorted((a, b) => a.until - b.until);
    return { one, first: first && first.until > 0 ? first : undefined };
  });
  await each(waits, async ({ one, first }) => {
    if (first) await settle.waitFor(first.method, one.task, first.until);
  });
  return waits.filter(({ first }) => first === undefined).map(({ one }) => one);
}

/** What the task's next deletions are; none where something else comes before: a comment, or reading what is linked. */
function nextMethods({ task, rule }: Judged): readonly Deletion['method'][] {
  if (!rule || isOwed(task.announcement)) return [];
  if (task.deletions === undefined) return [firstCommand(rule).method];
  return turnOf(rule.delete, task.deletions, task.items)?.open.map(({ method }) => method) ?? [];
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
 * The tasks of one round: those that were tried equally often, and the fewer together the more often they failed. A record
 * that brings every request down with it, or a portal too slow for a full batch, is so found out by halves, and drags
 * none along that has not failed with it. Of several such groups the one that makes the largest round: were it always
 * those tried least, a few new ones would make one small round after the other before forty that have failed once. But
 * with a backlog there is always a larger one, so whoever has waited long for the next try has it now. Of slow deletions
 * no more is read than one batch will hold.
 */
async function fittingTogether(
  { session, portal, options: { clock } }: Run,
  judged: readonly Judged[],
  guess: number | undefined,
): Promise<Judged[]> {
  const now = clock();
  const lateBy = ({ task: { attempts, notBefore = now } }: Judged): number => (attempts > 0 ? now - notBefore : 0);
  const groups = [...Map.groupBy(judged, ({ task }) => task.attempts)].toSorted(([a], [b]) => a - b);
  const rounds = groups.map(([attempts, group]) =>
    group.toSorted((a, b) => lateBy(b) - lateBy(a)).slice(0, Math.max(1, Math.floor(tasksPerMessage / 2 ** attempts))),
  );
  const [largest = []] = rounds.toSorted((a, b) => b.length - a.length);
  const [latest] = judged.filter((one) => lateBy(one) > latePatienceMs).toSorted((a, b) => lateBy(b) - lateBy(a));
  const some = rounds.find((round) => latest !== undefined && round.includes(latest)) ?? largest;
  if (portal.mode === 'observe') return some;
  const seconds = await session.secondsOf(
    some.map(({ rule }) => rule && firstCommand(rule)),
    guess,
  );
  let sum = 0;
  const fitting = seconds.findIndex((one) => (sum += one) > longestBatchSeconds);
  return fitting < 0 ? some : some.slice(0, Math.max(1, fitting));
}
