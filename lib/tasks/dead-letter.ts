import type { Queue } from '../aws/queue.ts';
import { type DeadLetter, deadLetterSchema } from './messages.ts';

/** At most so many characters of a message that nobody can read are kept. */
const longestBody = 8_192;

/**
 * Sends to a dead-letter queue what cannot be done. The group is the task's id, so that one that is stuck holds up no
 * other.
 *
 * @throws QueueUnavailable when it is not known to have arrived: then the task must not be marked failed
 */
export async function sendDeadLetter(queue: Queue, group: string, letter: Omit<DeadLetter, 'v'>): Promise<void> {
  await queue.send({ body: deadLetterSchema.parse({ v: 1, ...letter }), group });
}

/** A message that no schema can read: kept for a person to look at. */
export async function sendUnreadable(
  queue: Queue,
  {
    messageId,
    body,
    receives,
    problem,
    at,
  }: { messageId: string; body: string; receives: number; problem: string; at: number },
): Promise<void> {
  await sendDeadLetter(queue, messageId, {
    kind: 'unreadable-message',
    code: 'UNREADABLE_MESSAGE',
    description: problem,
    attempts: receives,
    at,
    body: body.slice(0, longestBody),
  });
}
