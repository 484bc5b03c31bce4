import type { OutgoingMessage, Queue } from '../aws/queue.ts';
import { type DeletionMessage, tasksPerMessage } from './messages.ts';

/** One task to be sent to the worker. */
export interface Sendable {
  memberId: string;
  taskId: string;
}

/** Sends tasks to `deletions.fifo`, packed by portal. Returns those that SQS did not take. */
export async function sendTasks(deletions: Queue, tasks: readonly Sendable[]): Promise<Sendable[]> {
  const messages: OutgoingMessage[] = [];
  for (const [memberId, ofPortal] of Map.groupBy(tasks, (task) => task.memberId)) {
    for (let start = 0; start < ofPortal.length; start += tasksPerMessage) {
      const taskIds = ofPortal.slice(start, start + tasksPerMessage).map(({ taskId }) => taskId);
      const body: DeletionMessage = { v: 1, memberId, taskIds };
      messages.push({ body, group: memberId });
    }
  }
  const unsent = await deletions.sendAll(messages);
  return unsent.flatMap(({ body }) => {
    const { memberId, taskIds } = body as DeletionMessage;
    return taskIds.map((taskId) => ({ memberId, taskId }));
  });
}
