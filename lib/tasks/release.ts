import type { OutgoingMessage, Queue } from '../aws/queue.ts';
import type { Count, Log } from '../aws/telemetry.ts';
import type { Item } from '../aws/table.ts';
import type { Clock } from '../bitrix24/clock.ts';
import { minute } from '../bitrix24/reactions.ts';
import type { BudgetStore } from '../portals/budgets.ts';
import type { PortalStore } from '../portals/store.ts';
import type { Chore, DueItem, Unread } from './due-item.ts';
import { each } from './each.ts';
import type { EventMessage, PortalMessage } from './messages.ts';
import { PacedSends } from './paced-sends.ts';
import { claimMs, overdueClaims } from './schedule.ts';
import { type Sendable, sendTasks } from './send-due.ts';
import type { TaskStore } from './store.ts';
import { allShards } from './due-ids.ts';

export interface ReleaseOptions {
  readonly tasks: TaskStore;
  readonly portals: PortalStore;
  readonly budgets: BudgetStore;
  readonly events: Queue;
  readonly deletions: Queue;
  readonly reconcile: Queue;
  readonly clock: Clock;
  readonly log: Log;
  readonly count: Count;
}

/** Rows taken from one shard at a time. */
const pageSize = 100;
/** Time kept for the sending of what has been claimed. */
const marginMs = 10_000;
/** What is due for so long although the clock runs says that something is wrong. */
const overdueMs = 60 * minute;

/**
 * The one clock: sends again whatever has come due. Because a row that has not ended is always in the index `due`,
 * a message that was lost anywhere costs minutes and never a task.
 *
 * @param deadline ms since the epoch; what is still due then waits for the next minute
 * @returns how many rows were sent
 */
export async function releaseDue(options: ReleaseOptions, deadline: number): Promise<number> {
  const seen: Released = { sent: 0, overdue: 0, refused: false };
  const paced = new PacedSends(options);
  for (const shard of allShards) await releaseShard(options, paced, { shard, deadline }, seen);
  await measure(options, seen.overdue);
  return seen.sent;
}

interface Released {
  sent: number;
  /** Sent so often without a word of the worker that something must be wrong. */
  overdue: number;
  /** A queue did not take something: the rest waits for the next minute. */
  refused: boolean;
}

async function releaseShard(
  options: ReleaseOptions,
  paced: PacedSends,
  { shard, deadline }: { shard: number; deadline: number },
  seen: Released,
): Promise<void> {
  const { tasks, clock } = options;
  let last: Item | undefined;
  do {
    if (seen.refused || clock() > deadline - marginMs) return;
    const page = await tasks.due(shard, clock(), pageSize, last);
    const claimed = await Promise.all(page.items.map((row) => claim(options, row)));
    const present = claimed.filter((item) => item !== undefined);
    const going = await paced.goingNow(present.filter((item) => item.sk === 'task'));
    const items = [...present.filter((item) => item.sk !== 'task'), ...going];
    const unsent = await send(options, items, await paced.sendable(going));
    seen.sent += items.length - unsent;
    seen.overdue += items.filter((item) => item.sk === 'task' && (item.claims ?? 0) >= overdueClaims).length;
    seen.refused = unsent > 0;
    last = page.last;
  } while (last);
}

async function claim({ tasks, clock, log }: ReleaseOptions, row: Item): Promise<DueItem | undefined> {
  const key = { taskId: String(row['taskId']), sk: String(row['sk']) };
  try {
    return await tasks.claim(key, Number(row['nextAt']), clock() + claimMs);
  } catch (error) {
    // One row that cannot be claimed or read must not hold up the others; it stays due.
    log.error('row not released', { ...key, reason: error instanceof Error ? error.name : 'unknown' });
    return undefined;
  }
}

/** Sends these rows, the tasks among them as `due`. Returns how many of them a queue did not take. */
async function send(options: ReleaseOptions, items: readonly DueItem[], due: readonly Sendable[]): Promise<number> {
  const { tasks, events, reconcile, clock, log } = options;
  const reads = items.filter((item) => item.sk === 'unread').map((item) => ({ item, message: readMessage(item) }));
  const chores = items.filter((item) => item.sk === 'chore').map((item) => ({ item, message: choreMessage(item) }));

  const unsentTasks = await sendTasks(options, due);
  const unsentMessages = new Set([
    ...(await events.sendAll(reads.map(({ message }) => message))),
    ...(await reconcile.sendAll(chores.map(({ message }) => message))),
  ]);
  const unsent = [
    ...unsentTasks.map(({ taskId }) => ({ taskId, sk: 'task' })),
    ...[...reads, ...chores].filter(({ message }) => unsentMessages.has(message)).map(({ item }) => item),
  ];
  if (unsent.length > 0) log.warn('not sent, due again in a minute', { rows: unsent.length });
  // Brought forward again, so that the next minute tries once more instead of waiting for the claim to run out.
  await each(unsent, ({ taskId, sk }) => tasks.hasten({ taskId, sk }, clock()));
  return unsent.length;
}

function readMessage({
  memberId,
  record,
  source,
  receivedAt,
  stamp,
  attempts,
  rules,
  askedAt,
}: Unread): OutgoingMessage {
  const body: EventMessage = {
    v: 1,
    memberId,
    ...record,
    source,
    receivedAt,
    stamp,
    attempts,
    ...(rules && { rules }),
    ...(askedAt !== undefined && { askedAt }),
  };
  return { body, group: memberId };
}

function choreMessage({ memberId, chore }: Chore): OutgoingMessage {
  const body: PortalMessage = { v: 1, memberId, chore };
  return { body, group: memberId };
}

/** What the alarms watch. */
async function measure({ tasks, portals, clock, count }: ReleaseOptions, sentInVain: number): Promise<void> {
  const since = clock() - overdueMs;
  const overdue = await Promise.all(allShards.map((shard) => tasks.overdue(shard, since)));
  count(
    'OverdueTasks',
    overdue.reduce((sum, some) => sum + some, sentInVain),
  );
  count('PausedPortals', await portals.countPaused());
}
