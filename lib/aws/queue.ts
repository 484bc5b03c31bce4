import {
  ChangeMessageVisibilityCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';

export interface OutgoingMessage {
  body: unknown;
  /** On a FIFO queue the order is kept within a group; on a standard queue it shares the queue out fairly. */
  group: string;
  /** On a standard queue: it is not received before so many seconds have passed; 900 at most. */
  delaySeconds?: number;
}

/** A queue as its senders see it. */
export interface Queue {
  /** @throws QueueUnavailable when the message is not known to be on the queue */
  send(message: OutgoingMessage): Promise<void>;
  /** Sends in batches of ten. Returns the messages that SQS did not take. */
  sendAll(messages: readonly OutgoingMessage[]): Promise<OutgoingMessage[]>;
}

/** Thrown when SQS refused or did not answer, after the SDK's own retries. */
export class QueueUnavailable extends Error {
  override readonly name = 'QueueUnavailable';
  readonly code = 'QUEUE_UNAVAILABLE';
}

const batchSize = 10;

/** `newId` gives a fresh id per send: a derived deduplication id would swallow a resume within five minutes. */
export function openQueue(client: SQSClient, QueueUrl: string, newId: () => string): Queue {
  const name = QueueUrl.slice(QueueUrl.lastIndexOf('/') + 1);
  const parameters = ({ body, group, delaySeconds }: OutgoingMessage) => ({
    MessageBody: JSON.stringify(body),
    MessageGroupId: group,
    ...(name.endsWith('.fifo') && { MessageDeduplicationId: newId() }),
    ...(delaySeconds !== undefined && { DelaySeconds: delaySeconds }),
  });

  return {
    async send(message) {
      try {
        await client.send(new SendMessageCommand({ QueueUrl, ...parameters(message) }));
      } catch (error) {
        const reason = error instanceof Error ? error.name : 'unknown';
        throw new QueueUnavailable(`Sending to ${name} failed: ${reason}`, { cause: error });
      }
    },

    async sendAll(messages) {
      const unsent: OutgoingMessage[] = [];
      for (let start = 0; start < messages.length; start += batchSize) {
        const batch = messages.slice(start, start + batchSize);
        try {
          const output = await client.send(
            new SendMessageBatchCommand({
              QueueUrl,
              Entries: batch.map((message, index) => ({ Id: String(index), ...parameters(message) })),
            }),
          );
          const sent = new Set(output.Successful?.map(({ Id }) => Id));
          unsent.push(...batch.filter((_, index) => !sent.has(String(index))));
        } catch {
          // Which of them arrived is not known. To send one twice does no harm, to lose one does.
          unsent.push(...batch);
        }
      }
      return unsent;
    },
  };
}

/** SQS counts at most 12 hours from the receipt; this leaves an hour for what was done in between. */
const longestVisibility = 11 * 3600;

/** Makes a received message visible again after `seconds`, counted from now; after 11 hours at the latest. */
export async function setVisibility(
  client: SQSClient,
  QueueUrl: string,
  ReceiptHandle: string,
  seconds: number,
): Promise<void> {
  const VisibilityTimeout = Math.min(longestVisibility, Math.max(0, Math.ceil(seconds)));
  await client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }));
}
