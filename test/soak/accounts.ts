import { type Message, GetQueueAttributesCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { Deployed } from '../../bench/support/deployed/deployed.ts';
import { type DeadLetter, deadLetterSchema } from '../../lib/tasks/messages.ts';
import { type Task, taskSchema } from '../../lib/tasks/task.ts';
import { localQueueUrl } from '../../local/resources/create-queues.ts';
import { queueDefinitions } from '../../local/template/queues.ts';
import { type Fate, type Followed, isFulfilled, remainsOf } from './fates.ts';

/** What is to be done and what has been done, as the tables and queues say at one moment. */
export interface Work {
  readonly tasks: readonly Task[];
  /** Records that are still to be read. */
  readonly unread: number;
  /** By the queue's name, messages that are visible or in flight in one that feeds a function. */
  readonly messages: ReadonlyMap<string, number>;
}

export interface Books extends Work {
  /** By the queue's name, what a dead-letter queue holds. */
  readonly letters: ReadonlyMap<string, readonly DeadLetter[]>;
}

export async function readWork(deployed: Deployed): Promise<Work> {
  const tasks = (await rowsOf(deployed, 'task')).map((row) => taskSchema.parse(row));
  const messages = new Map<string, number>();
  for (const { name } of queues(deployed, false)) messages.set(name, await countIn(deployed, urlOf(deployed, name)));
  return { tasks, unread: (await rowsOf(deployed, 'unread')).length, messages };
}

/** For the end: what lies in a dead-letter queue is hidden by looking at it. */
export async function readBooks(deployed: Deployed): Promise<Books> {
  const letters = new Map<string, DeadLetter[]>();
  for (const { name } of queues(deployed, true)) letters.set(name, await lettersIn(deployed, urlOf(deployed, name)));
  return { ...(await readWork(deployed)), letters };
}

function queues({ aws }: Deployed, areDead: boolean): { readonly name: string }[] {
  return queueDefinitions(aws.file).filter(({ name }) => name.includes('-dlq') === areDead);
}

function urlOf({ aws }: Deployed, name: string): string {
  return localQueueUrl(aws.sqsUrl, name);
}

async function rowsOf(deployed: Deployed, sk: string): Promise<Record<string, unknown>[]> {
  const table = deployed.table('TASKS_TABLE');
  const rows: Record<string, unknown>[] = [];
  let startAfter: Record<string, unknown> | undefined;
  do {
    const page = await table.scan({ where: '#sk = :sk', values: { sk }, startAfter });
    rows.push(...page.items);
    startAfter = page.last;
  } while (startAfter);
  return rows;
}

async function countIn({ sqs }: Deployed, QueueUrl: string): Promise<number> {
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
  return (
    Number(Attributes.ApproximateNumberOfMessages ?? 0) + Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0)
  );
}

async function lettersIn({ sqs }: Deployed, QueueUrl: string): Promise<DeadLetter[]> {
  const all: Message[] = [];
  for (;;) {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    if (Messages.length === 0) break;
    all.push(...Messages);
  }
  return all.map(({ Body = '' }) => deadLetterSchema.parse(JSON.parse(Body)));
}

/** How the tasks of a deal end, by its fate; the others have none. */
const ends: Partial<Record<Fate, Task['status']>> = {
  'contacts-unlinked': 'done',
  'contacts-deleted': 'done',
  'deal-deleted': 'done',
  refused: 'failed',
  waits: 'open',
  observed: 'observed',
};

/** Deals that have not become yet what they should. */
export function unfulfilled(followed: readonly Followed[]): Followed[] {
  return followed.filter((deal) => !isFulfilled(deal.fate, remainsOf(deal), deal.contacts.length));
}

/** Everything that is wrong in the end, in words. `unreadable`: by queue, how many messages nobody could read. */
export function wrongInTheEnd(
  followed: readonly Followed[],
  { tasks, unread, letters, messages }: Books,
  unreadable: Readonly<Record<string, number>>,
): string[] {
  const wrong: string[] = [];
  const keyOf = (memberId: string, id: number): string => `${memberId}:${id}`;
  const tasksOf = Map.groupBy(tasks, ({ memberId, record }) => keyOf(memberId, record.id));
  const lettered = new Set([...letters.values()].flat().map(({ taskId }) => taskId));

  for (const deal of followed) {
    const { portal, id, fate, contacts } = deal;
    const own = tasksOf.get(keyOf(portal.memberId, id)) ?? [];
    const states = own.map(({ status, reason = '' }) => `${status} ${reason}`.trim()).join(', ') || 'no task';
    const remains = remainsOf(deal);
    if (!isFulfilled(fate, remains, contacts.length)) {
      wrong.push(
        `deal ${id} (${fate}; ${states}) has become ${JSON.stringify(remains)} of ${contacts.length} contacts`,
      );
    }
    const wanted = ends[fate];
    if (own.length !== (wanted === undefined ? 0 : 1) || own.some(({ status }) => status !== wanted)) {
      wrong.push(`deal ${id} (${fate}) has: ${states}`);
    }
    for (const { taskId, status } of own) {
      if (status === 'failed' && !lettered.has(taskId))
        wrong.push(`deal ${id} has failed and is in no dead-letter queue`);
    }
  }
  const failed = new Set(tasks.filter(({ status }) => status === 'failed').map(({ taskId }) => taskId));
  for (const [queue, some] of letters) {
    const count = some.filter(({ kind }) => kind === 'unreadable-message').length;
    if (count !== (unreadable[queue] ?? 0)) wrong.push(`${queue} holds ${count} messages that nobody could read`);
    for (const { kind, taskId, code } of some) {
      const isDue = kind === 'unreadable-message' || (taskId !== undefined && failed.has(taskId));
      if (!isDue) wrong.push(`${queue} holds what is not failed: ${kind} ${code}`);
    }
  }
  if (unread > 0) wrong.push(`${unread} records have not been read`);
  for (const [queue, count] of messages) if (count > 0) wrong.push(`${queue} holds ${count} messages`);
  return wrong;
}
