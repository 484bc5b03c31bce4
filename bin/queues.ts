import { GetQueueUrlCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { DeadLetterQueue } from '../lib/aws/dead-letter-queue.ts';
import { openQueue, type Queue, QueueUnavailable } from '../lib/aws/queue.ts';
import type { DeadQueueName } from '../lib/tasks/dead-message.ts';
import { createSqsClient } from './aws-clients.ts';
import type { CliIo } from './io.ts';
import { deadLetterQueueNames, localQueueUrl, type Place, queueName, queueNames } from './place.ts';

/** What was received is hidden so long; no command about dead letters takes longer (see dead-letters.ts). */
export const visibilitySeconds = 15 * 60;

/** @throws QueueUnavailable when there is no such queue, or SQS does not answer */
export async function queueUrl(client: SQSClient, place: Place, name: string): Promise<string> {
  if (place.local) return localQueueUrl(place, name);
  try {
    const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }));
    if (QueueUrl !== undefined) return QueueUrl;
  } catch (error) {
    const reason = error instanceof Error ? error.name : 'unknown';
    throw new QueueUnavailable(`Looking up the queue ${name} failed: ${reason}`, { cause: error });
  }
  throw new QueueUnavailable(`Looking up the queue ${name} failed: no address`);
}

/** The dead-letter queues of a deployment, and what commands about them send to. */
export interface DeadLetterQueues {
  readonly dead: ReadonlyMap<DeadQueueName, DeadLetterQueue>;
  readonly events: Queue;
  close(): void;
}

/** @throws QueueUnavailable */
export async function openDeadLetterQueues(
  { newId }: Pick<CliIo, 'newId'>,
  place: Place,
  names: readonly DeadQueueName[],
): Promise<DeadLetterQueues> {
  const client = createSqsClient(place);
  try {
    const open = async (name: DeadQueueName) => {
      const QueueUrl = await queueUrl(client, place, queueName(place, deadLetterQueueNames[name]));
      const options = { QueueUrl, visibilitySeconds, waitSeconds: place.local ? 0 : 1 };
      return [name, new DeadLetterQueue(client, options)] as const;
    };
    const dead = new Map(await Promise.all(names.map(open)));
    const eventsUrl = await queueUrl(client, place, queueName(place, queueNames.events));
    return { dead, events: openQueue(client, eventsUrl, newId), close: () => client.destroy() };
  } catch (error) {
    client.destroy();
    throw error;
  }
}
