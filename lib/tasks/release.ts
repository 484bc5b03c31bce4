import type { OutgoingMessage, Queue } from '../aws/queue.ts';
import type { Count, Log } from '../aws/telemetry.ts';
import type { Item } from '../aws/table.ts';
import type { Clock } from '../bitrix24/clock.ts';
import { minute } from '../bitrix24/reactions.ts';
import type { PortalStore } from '../portals/store.ts';
import type { DueItem } from './due-item.ts';
import type { EventMessage, PortalMessage } from './messages.ts';
import { claimMs } from './schedule.ts';
import { sendTasks, type Sendable } from './send-due.ts';
import type { TaskStore } from './store.ts';
import { allShards } from './task.ts';

export interface ReleaseOptions {
  readonly tasks: TaskStore;
  readonly portals: PortalStore;
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
  let released = 0;
  for (const shard of allShards) released += await releaseShard(options, shard, deadline);
  await measure(options);
  return released;
}

async function releaseShard(options: ReleaseOptions, shard: number, deadline: number): Promise<number> {
  const { tasks, clock } = options;
  let released = 0;
  let last: Item | undefined;
  do {
    if (clock() > deadline - marginMs) break;
    const page = await tasks.due(shard, clock(), pageSize, last);
    const claimed = await Promise.all(page.items.map((row) => claim(options, row)));
    const items = claimed.filter((item) => item !== undefined);
    await send(options, items);
    released += items.length;
    last = page.last;
  } while (last);
  return released;
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

async function send(
  { tasks, events, deletions, reconcile, clock, log }: ReleaseOptions,
  items: readonly DueItem[],
): Promise<void> {
  const due: Sendable[] = [];
  const reads: OutgoingMessage[] = [];
  const chores: OutgoingMessage[] = [];
  for (const item of items) {
    const { memberId } = item;
    if (item.sk === 'task') due.push({ memberId, taskId: item.taskId });
    else if (item.sk === 'unread') {
      const { record, source, receivedAt, stamp, attempts } = item;
      const body: EventMessage = { v: 1, memberId, ...record, source, receivedAt, stamp, attempts };
      reads.push({ body, group: memberId });
    } else {
      const body: PortalMessage = { v: 1, memberId, chore: item.chore };
      chores.push({ body, group: memberId });
    }
  }

  const unsent = await sendTasks(deletions, due);
  // Brought forward again, so that the next minute tries once more instead of waiting for the claim to run out.
  await Promise.all(unsent.map(({ taskId }) => tasks.hasten({ taskId, sk: 'task' }, clock())));
  const lost = unsent.length + (await events.sendAll(reads)).length + (await reconcile.sendAll(chores)).length;
  if (lost > 0) log.warn('not sent, will be due again', { rows: lost });
}

/** What the alarms watch. */
async function measure({ tasks, portals, clock, count }: ReleaseOptions): Promise<void> {
  const since = clock() - overdueMs;
  const overdue = await Promise.all(allShards.map((shard) => tasks.overdue(shard, since)));
  count(
    'OverdueTasks',
    overdue.reduce((sum, some) => sum + some, 0),
  );
  count('PausedPortals', await portals.countPaused());
}
