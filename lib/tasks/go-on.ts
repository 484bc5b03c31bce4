import type { Queue } from '../aws/queue.ts';
import type { Log } from '../aws/telemetry.ts';
import { second } from '../bitrix24/reactions.ts';
import { untilReceivedMs } from './line.ts';
import { type DeletionMessage, type PortalMessage, tasksPerMessage } from './messages.ts';
import { skewMs } from './schedule.ts';
import { sendTasks } from './send-due.ts';
import { freeAndClosed, type Supply, type SupplyOptions } from './supply.ts';

export interface GoOnOptions extends SupplyOptions {
  readonly deletions: Queue;
  readonly log: Log;
}

/** Messages that follow each other without the clock: half a day's work at the least. Then the clock begins anew. */
const mostHops = 500;
/** SQS delays no message for longer, in seconds. */
const longestDelay = 900;

/**
 * Sees to it that somebody goes on with a portal's lines: at once, or when the first of its methods has room again. Were
 * the message lost, the clock would send each task when its turn has come; so it does where nothing was done this time.
 *
 * @param hops how many messages that go on have led here
 */
export async function handOver(
  options: GoOnOptions & { readonly reconcile: Queue },
  memberId: string,
  supply: Supply,
  { holder, hops }: { holder: string; hops: number },
): Promise<void> {
  const { clock, tasks } = options;
  if (!supply.hasDone || hops >= mostHops) return supply.letGo();
  const { free, closedUntil } = await freeAndClosed(options, memberId, tasksPerMessage);
  if (free.length === 0) {
    // Who is sent to go on at a moment must not find the lines held until just after it.
    if (closedUntil !== undefined && (await tasks.line.willGoOn(memberId, closedUntil - skewMs))) {
      await sendLater(options, memberId, closedUntil);
    }
    return supply.letGo();
  }
  if (!(await supply.keepLines(clock() + untilReceivedMs))) return supply.letGo();
  if (!(await send(options, { v: 1, memberId, taskIds: idsOf(free), holder, hops: hops + 1 }))) await supply.letGo();
}

/** Sends the first tasks of a portal's lines, unless somebody is at work there. */
export async function goOn(options: GoOnOptions, memberId: string): Promise<void> {
  if (await options.tasks.line.isHeld(memberId)) return;
  const { free } = await freeAndClosed(options, memberId, tasksPerMessage);
  const unsent = await sendTasks(
    options,
    idsOf(free).map((taskId) => ({ memberId, taskId })),
  );
  if (unsent.length > 0) warn(options, memberId);
}

function idsOf(free: readonly { taskId: string }[]): string[] {
  return free.slice(0, tasksPerMessage).map(({ taskId }) => taskId);
}

async function send(options: GoOnOptions, body: DeletionMessage): Promise<boolean> {
  const unsent = await options.deletions.sendAll([{ body, group: body.memberId }]);
  if (unsent.length > 0) warn(options, body.memberId);
  return unsent.length === 0;
}

async function sendLater(
  options: GoOnOptions & { readonly reconcile: Queue },
  memberId: string,
  at: number,
): Promise<void> {
  const { reconcile, clock } = options;
  const body: PortalMessage = { v: 1, memberId, chore: 'go-on' };
  const delaySeconds = Math.min(longestDelay, Math.max(0, Math.ceil((at - clock()) / second)));
  const unsent = await reconcile.sendAll([{ body, group: memberId, delaySeconds }]);
  if (unsent.length > 0) warn(options, memberId);
}

function warn({ log }: GoOnOptions, memberId: string): void {
  log.warn('not gone on with, the clock will send the tasks', { memberId });
}
