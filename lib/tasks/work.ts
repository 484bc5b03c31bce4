import type { Queue } from '../aws/queue.ts';
import { second } from '../bitrix24/reactions.ts';
import { type CarriedOut, freshMs } from './carry-out.ts';
import { each } from './each.ts';
import { handOver } from './go-on.ts';
import { untilReceivedMs } from './line.ts';
import { type DeletionMessage, tasksPerMessage } from './messages.ts';
import { beginRound, type Round, type RoundAt } from './round.ts';
import type { WorkOptions } from './run.ts';
import { Settlement } from './settle.ts';
import { Supply } from './supply.ts';
import type { Task } from './task.ts';

/** An invocation works so many rounds, as long as there is time for one more, in ms. */
const mostRounds = 50;
const roundNeedsMs = 150_000;
/** So long it takes from the portal's lines; with the rounds that are under way then, a new task waits for two minutes. */
const pullMs = 60_000;
/** What was read longer ago is read again before it is too old to act on. */
const staleMs = freshMs - 5 * second;
/** A message received so often is not pushed on once more: its tasks wait in the table instead. */
const maxReceives = 40;

/** What it takes to go on with a portal's lines. */
export interface LineOptions {
  readonly deletions: Queue;
  readonly reconcile: Queue;
  readonly newId: () => string;
}

/**
 * Works off one message of `deletions.fifo`, and then, when `line` is given, what waits for its turn at that portal:
 * every round is read and prepared while the one before deletes. Every task of the message has ended afterwards, has a
 * later moment in the table, or is left for the message to come again.
 *
 * @param deadline ms since the epoch: when this invocation is cut off
 * @returns when the message is to be received again (ms since the epoch), or undefined when it is finished
 * @throws when the table or the dead-letter queue does not answer: the message comes again by itself
 */
export async function workMessage(
  options: WorkOptions,
  message: DeletionMessage,
  { deadline, receives }: { deadline: number; receives: number },
  line?: LineOptions,
): Promise<number | undefined> {
  const { memberId } = message;
  const holder = line && (message.holder ?? line.newId());
  const until = options.clock() + pullMs;
  const supply = new Supply(options, message, holder === undefined ? undefined : { holder, until, deadline });
  // Once: with others around who never end, it would not have its turn.
  const givesWay = receives <= 1;
  const again = await workRounds(options, supply, { memberId, deadline, givesWay });
  if (again !== undefined) {
    const left = await supply.ownLeft();
    // Who goes on and has done nothing yet goes on then, even if what his message names has ended.
    if ((left.length > 0 || !supply.hasDone) && receives < maxReceives) {
      // Others would only wait behind this message. What comes meanwhile is done with it.
      const isKept = message.holder !== undefined && (await supply.keepLines(again + untilReceivedMs));
      if (!isKept) await supply.letGo();
      return again;
    }
    const settle = new Settlement(options);
    await each(left, (task) => settle.putOff(task, again, 'The portal asks to wait'));
  }
  if (line && holder !== undefined) {
    await handOver({ ...options, ...line }, memberId, supply, { holder, hops: message.hops ?? 0 });
  }
  return undefined;
}

/** Gives when to come again (ms since the epoch), if there is more to do. */
async function workRounds(
  options: WorkOptions,
  supply: Supply,
  at: Omit<RoundAt, 'busy'>,
): Promise<number | undefined> {
  const { clock } = options;
  const { deadline } = at;
  const begin = (busy: readonly Round[]): Promise<Round | undefined> => beginNext(options, supply, at, busy);
  let round = await begin([]);
  /** The one before, which is written down while this one deletes. */
  let before: { readonly round: Round; readonly settle: () => Promise<unknown> } | undefined;
  for (let nth = 1; round; nth += 1) {
    const current: Round = round;
    const hasTime = (): boolean => nth < mostRounds && deadline - clock() >= roundNeedsMs;
    const besides = current.deleting.length > 0 && hasTime();
    const busy = [current, ...(before ? [before.round] : [])];
    // What can be done meanwhile begins when the batch is on its way: the portal works then, and waits for nobody.
    const underWay = Promise.withResolvers<void>();
    const [sent, next] = await allOf(
      current.send(underWay.resolve).finally(underWay.resolve),
      underWay.promise.then(() => (besides ? begin(busy) : undefined)),
      underWay.promise.then(before?.settle),
    );
    before = undefined;
    if (current.isClosed) supply.close();
    const settle = () => settleRound(supply, current, sent, next);
    const isFresh = next !== undefined && (next.deleting.length === 0 || clock() - next.readAt <= staleMs);
    if (isFresh && hasTime() && (sent.again ?? 0) <= clock()) {
      before = { round: current, settle };
      round = next;
      continue;
    }
    // Of a next one that is not used nothing was sent.
    const [again] = await Promise.all([settle(), next?.drop()]);
    if ((again !== undefined && again > clock()) || !hasTime()) return again ?? clock();
    round = await begin([]);
  }
  return undefined;
}

/** Writes down what became of a round. Its tasks are done with, unless it says when to come again. */
async function settleRound(supply: Supply, round: Round, sent: CarriedOut, next?: Round): Promise<number | undefined> {
  const again = (await sent.settle()) ?? sent.again;
  if (again === undefined) supply.forget(round.given.filter((task) => !isAmong(task, next?.given)));
  return again;
}

/** The round after these, which are under way; undefined when there is nothing that can be done beside them. */
async function beginNext(
  options: WorkOptions,
  supply: Supply,
  at: Omit<RoundAt, 'busy'>,
  beside: readonly Round[],
): Promise<Round | undefined> {
  const given = await supply.next(beside.flatMap(({ busy }) => busy));
  const open = given.filter(({ status }) => status === 'open');
  // Undos and reports are done by themselves.
  const isAlone = open.length === 0 || open.some(({ undo }) => undo !== undefined);
  if (given.length === 0 || (beside.length > 0 && isAlone)) return undefined;
  const givesWay = at.givesWay && beside.length === 0 && !supply.hasDone;
  // A minute's work ends more tasks than can be told of by one batch.
  const some = open.length === 0 ? given.slice(0, tasksPerMessage) : given;
  return beginRound(options, some, { ...at, givesWay, busy: beside.flatMap(({ deleting }) => deleting) });
}

function isAmong({ taskId }: Task, tasks: readonly Task[] = []): boolean {
  return tasks.some((task) => task.taskId === taskId);
}

/**
 * What the portal has done is written down although something else fails, and a round that was begun is dropped.
 *
 * @throws the first failure
 */
async function allOf(
  send: Promise<CarriedOut>,
  begin: Promise<Round | undefined>,
  before: Promise<unknown>,
): Promise<readonly [CarriedOut, Round | undefined]> {
  const [sent, next, earlier] = await Promise.allSettled([send, begin, before]);
  if (sent.status === 'fulfilled' && next.status === 'fulfilled' && earlier.status === 'fulfilled') {
    return [sent.value, next.value];
  }
  if (next.status === 'fulfilled') await next.value?.drop();
  if (sent.status === 'fulfilled') await sent.value.settle();
  for (const one of [sent, next, earlier]) if (one.status === 'rejected') throw one.reason;
  throw new TypeError('Nothing has failed');
}
