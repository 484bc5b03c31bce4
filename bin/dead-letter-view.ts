import { memberIdSchema } from '../lib/bitrix24/member-id.ts';
import { day } from '../lib/bitrix24/reactions.ts';
import { redact } from '../lib/bitrix24/redact.ts';
import type { DeadEntry, DeadQueueName } from '../lib/tasks/dead-message.ts';
import type { RecordKey } from '../lib/tasks/task.ts';
import { counted } from './counted.ts';
import { shownBody } from './raw-body.ts';
import { recordText } from './task-view.ts';
import { iso } from './time.ts';

/** SQS forgets a message so many ms after it was sent (serverless.yml). */
const keptMs = 14 * day;

/** So many characters of a dead letter's id tell it apart. */
export const shortLetterId = 8;

export function lettersText(count: number): string {
  return counted(count, 'dead letter');
}

/** What there is to say about any dead letter, whatever it is. Times in ms since the epoch. */
export interface LetterFacts {
  readonly id: string;
  readonly queue: DeadQueueName;
  readonly kind: DeadEntry['content']['kind'];
  readonly memberId: string | undefined;
  readonly taskIds: readonly string[];
  readonly record: RecordKey | undefined;
  readonly code: string;
  /** In the portal's words, or ours. */
  readonly description: string;
  /** HTTP status of the portal's answer. */
  readonly status: number | undefined;
  /** Undefined when nobody counted. */
  readonly attempts: number | undefined;
  readonly at: number;
  readonly keptUntil: number;
}

export function factsOf(entry: DeadEntry): LetterFacts {
  const { id, queue, content, sentAt } = entry;
  const common = { id, queue, kind: content.kind, at: sentAt, keptUntil: sentAt + keptMs };
  const bare = { ...common, taskIds: [], record: undefined, status: undefined, attempts: undefined };
  switch (content.kind) {
    case 'task':
    case 'record': {
      const { memberId, taskId, record, code, status, attempts, at } = content.letter;
      const taskIds = taskId === undefined ? [] : [taskId];
      // Cleaned when it was written; once more, because anybody with access can write to a queue.
      const description = redact(content.letter.description);
      return { ...common, memberId, taskIds, record, code, description, status, attempts, at };
    }
    case 'event': {
      const { memberId, entityTypeId, id: recordId } = content.message;
      return { ...bare, ...unfinished('plan'), memberId, record: { entityTypeId, id: recordId } };
    }
    case 'task-message': {
      const { memberId, taskIds } = content.message;
      return { ...bare, ...unfinished('worker'), memberId, taskIds };
    }
    case 'chore':
      return { ...bare, ...unfinished('reconcile'), memberId: content.message.memberId };
    case 'unreadable':
      break;
  }
  const memberId = content.letter?.memberId ?? memberIdIn(content.body);
  const { at = sentAt, attempts } = content.letter ?? {};
  return { ...bare, code: 'UNREADABLE_MESSAGE', description: content.problem, memberId, at, attempts };
}

/** A queue's own message, moved by SQS. */
function unfinished(functionName: string): { code: string; description: string } {
  const description = `The function ${functionName} did not finish this message however often it got it. Its log says why.`;
  return { code: 'RECEIVED_TOO_OFTEN', description };
}

function memberIdIn(body: string): string | undefined {
  try {
    const json: unknown = JSON.parse(body);
    const named = typeof json === 'object' && json !== null && 'memberId' in json ? json.memberId : undefined;
    return memberIdSchema.safeParse(named).data;
  } catch {
    return undefined;
  }
}

/** A dead letter as `--json` shows it. */
export function letterView(entry: DeadEntry): Record<string, unknown> {
  const { at, keptUntil, memberId, record, status, attempts, ...facts } = factsOf(entry);
  return {
    ...facts,
    memberId: memberId ?? null,
    record: record ?? null,
    status: status ?? null,
    attempts: attempts ?? null,
    at: iso(at),
    keptUntil: iso(keptUntil),
    ...(entry.content.kind === 'unreadable' && { body: shownBody(entry.content.body) }),
  };
}

/** What a dead letter is about: `deal 17`, `3 tasks`, `prove`. */
export function aboutText({ content }: DeadEntry): string {
  switch (content.kind) {
    case 'task':
      return content.letter.record ? recordText(content.letter.record) : 'a task';
    case 'record':
      return recordText(content.record);
    case 'event':
      return recordText(content.message);
    case 'task-message':
      return counted(content.message.taskIds.length, 'task');
    case 'chore':
      return content.message.chore;
    case 'unreadable':
      break;
  }
  return '-';
}
