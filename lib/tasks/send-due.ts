import type { OutgoingMessage, Queue } from '../aws/queue.ts';
import type { Log } from '../aws/telemetry.ts';
import { each } from './each.ts';
import { type DeletionMessage, tasksPerMessage } from './messages.ts';
import type { TaskStore } from './store.ts';
import type { Task } from './task.ts';

export interface SendOptions {
  readonly tasks: TaskStore;
  readonly deletions: Queue;
  readonly log: Log;
}

/** One task to be sent to the worker. */
export interface Sendable extends Pick<Task, 'memberId' | 'taskId'> {
  /** An undo, a report of what has ended, what waits for a paused portal: it goes in a message in any case. */
  readonly isApart?: boolean;
}

/**
 * Gets these tasks worked at. Where nobody is at work at their portal, a message is sent to `deletions.fifo` that holds
 * the portal's lines until it is worked off. Where somebody is, they stand in line before all others: he takes them in
 * his next round. Were each sent in a message of its own, each would cost the portal a look and a batch for a task or
 * two, and whoever works the lines off would come behind them all.
 *
 * @returns those that SQS did not take
 */
export async function sendTasks(options: SendOptions, all: readonly Sendable[]): Promise<Sendable[]> {
  const { tasks, deletions } = options;
  const messages: (OutgoingMessage & { body: DeletionMessage })[] = [];
  const add = (memberId: string, some: readonly Sendable[], holder?: string): void => {
    for (let start = 0; start < some.length; start += tasksPerMessage) {
      const taskIds = some.slice(start, start + tasksPerMessage).map(({ taskId }) => taskId);
      const isFirst = start === 0 && holder !== undefined;
      messages.push({ body: { v: 1, memberId, taskIds, ...(isFirst && { holder }) }, group: memberId });
    }
  };
  await each([...Map.groupBy(all, ({ memberId }) => memberId)], async ([memberId, ofPortal]) => {
    const [apart, ordinary] = [ofPortal.filter(isApart), ofPortal.filter((one) => !isApart(one))];
    const { holder, going } = await holdFor(options, memberId, ordinary);
    // A person waits for an undo, so it comes before.
    add(memberId, apart);
    add(memberId, going, holder);
  });
  const refused = new Set<OutgoingMessage>(await deletions.sendAll(messages));
  const unsent = messages.filter((message) => refused.has(message));
  await each(unsent, async ({ body: { memberId, holder } }) => {
    if (holder !== undefined) await tasks.line.letGo(memberId, holder);
  });
  const left = new Set(unsent.flatMap(({ body }) => body.taskIds));
  return all.filter(({ taskId }) => left.has(taskId));
}

function isApart(one: Sendable): boolean {
  return one.isApart === true;
}

/** Which of them are to be sent, and who holds the portal's lines then. The others stand in line. */
async function holdFor(
  { tasks: { line }, log }: SendOptions,
  memberId: string,
  all: readonly Sendable[],
): Promise<{ going: readonly Sendable[]; holder?: string | undefined }> {
  if (all.length === 0) return { going: [] };
  try {
    const holder = await line.take(memberId);
    if (holder !== undefined) return { going: all, holder };
    await each(all, ({ taskId }) => line.standAhead(taskId));
    // Whoever was at work may have let go before he could see them.
    const late = await line.take(memberId);
    return late === undefined ? { going: [] } : { going: all, holder: late };
  } catch (error) {
    // To have several messages at one portal is slow; not to send them would be worse.
    log.warn('sent without hold of the lines', { memberId, reason: error instanceof Error ? error.name : 'unknown' });
    return { going: all };
  }
}
