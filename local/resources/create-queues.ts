import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  SetQueueAttributesCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { localAccount, type QueueDefinition } from '../template/queues.ts';

/** A queue's address on the server at `sqsUrl`: by name and without a host name that would have to be resolved. */
export function localQueueUrl(sqsUrl: string, name: string): string {
  return `${sqsUrl}/${localAccount}/${name}`;
}

/** Creates what is missing and brings the attributes of what is there up to date. Messages stay where they are. */
export async function createQueues(
  client: SQSClient,
  sqsUrl: string,
  definitions: readonly QueueDefinition[],
): Promise<void> {
  const listed = await client.send(new ListQueuesCommand({ MaxResults: 1000 }));
  const existing = new Set((listed.QueueUrls ?? []).map((url) => url.slice(url.lastIndexOf('/') + 1)));
  for (const { name, attributes } of definitions) {
    if (!existing.has(name)) await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
    else await updateQueue(client, localQueueUrl(sqsUrl, name), attributes);
  }
}

async function updateQueue(
  client: SQSClient,
  queueUrl: string,
  attributes: Readonly<Record<string, string>>,
): Promise<void> {
  const current = await client.send(new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] }));
  const known: Readonly<Record<string, string>> = current.Attributes ?? {};
  const changed = Object.entries(attributes).filter(([name, value]) => known[name] !== value);
  if (changed.length === 0) return;
  await client.send(new SetQueueAttributesCommand({ QueueUrl: queueUrl, Attributes: Object.fromEntries(changed) }));
}
