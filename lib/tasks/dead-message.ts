import {
  type DeadLetter,
  deadLetterSchema,
  type DeletionMessage,
  deletionMessageSchema,
  type EventMessage,
  eventMessageSchema,
  type PortalMessage,
  portalMessageSchema,
} from './messages.ts';
import type { RecordKey } from './task.ts';

/**
 * What a message in a dead-letter queue turns out to be. The first three are letters that a function wrote; the next
 * three are a queue's own messages, which SQS moved there because a function did not finish them; `unreadable` is what
 * no schema can read, in a letter or as it came.
 */
export type DeadContent =
  | { readonly kind: 'task'; readonly letter: DeadLetter; readonly taskId: string }
  | { readonly kind: 'record'; readonly letter: DeadLetter; readonly memberId: string; readonly record: RecordKey }
  | { readonly kind: 'event'; readonly message: EventMessage }
  | { readonly kind: 'task-message'; readonly message: DeletionMessage }
  | { readonly kind: 'chore'; readonly message: PortalMessage }
  | { readonly kind: 'unreadable'; readonly body: string; readonly problem: string; readonly letter?: DeadLetter };

/** Which dead-letter queue: named like the queue whose messages it takes. */
export const deadQueues = ['events', 'deletions', 'reconcile'] as const;
export type DeadQueueName = (typeof deadQueues)[number];

/** A dead letter in our hands. Times in ms since the epoch. */
export interface DeadEntry {
  /** The id of its SQS message. */
  readonly id: string;
  readonly queue: DeadQueueName;
  readonly content: DeadContent;
  readonly sentAt: number;
  readonly receives: number;
}

const taskIdPattern = /^[0-9a-f]{64}$/;

/** Never throws: a body may hold anything. */
export function readDeadMessage(body: string): DeadContent {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return { kind: 'unreadable', body, problem: 'The message is not JSON.' };
  }
  const letter = deadLetterSchema.safeParse(json);
  if (letter.success) return readLetter(letter.data, body);
  const event = eventMessageSchema.safeParse(json);
  if (event.success) return { kind: 'event', message: event.data };
  const deletion = deletionMessageSchema.safeParse(json);
  if (deletion.success) return { kind: 'task-message', message: deletion.data };
  const portal = portalMessageSchema.safeParse(json);
  if (portal.success) return { kind: 'chore', message: portal.data };
  return { kind: 'unreadable', body, problem: 'The message follows no schema of this version of tidy24.' };
}

function readLetter(letter: DeadLetter, body: string): DeadContent {
  const { kind, taskId, memberId, record } = letter;
  if (kind === 'unreadable-message') {
    return { kind: 'unreadable', body: letter.body ?? '', problem: letter.description, letter };
  }
  if (kind === 'task' && taskId !== undefined && taskIdPattern.test(taskId)) return { kind, letter, taskId };
  if (kind === 'record' && memberId !== undefined && record) return { kind, letter, memberId, record };
  return { kind: 'unreadable', body, problem: `The letter does not say which ${kind} it is about.`, letter };
}
