import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  type Message,
  type SQSClient,
} from '@aws-sdk/client-sqs';

const batchLimit = 10;

function chunks<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / batchLimit) }, (_, index) =>
    items.slice(index * batchLimit, (index + 1) * batchLimit),
  );
}

/** A queue as the poller of an event source mapping uses it. */
export class MessageQueue {
  readonly url: string;
  readonly #client: Pick<SQSClient, 'send'>;

  constructor(client: Pick<SQSClient, 'send'>, url: string) {
    this.#client = client;
    this.url = url;
  }

  async receive(count: number, waitSeconds: number): Promise<Message[]> {
    const { Messages = [] } = await this.#client.send(
      new ReceiveMessageCommand({
        QueueUrl: this.url,
        MaxNumberOfMessages: count,
        WaitTimeSeconds: waitSeconds,
        MessageSystemAttributeNames: ['All'],
        MessageAttributeNames: ['All'],
      }),
    );
    return Messages;
  }

  async delete(messages: readonly Message[]): Promise<void> {
    for (const chunk of chunks(messages)) {
      const Entries = chunk.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      await this.#client.send(new DeleteMessageBatchCommand({ QueueUrl: this.url, Entries }));
    }
  }

  /** Makes messages that were received and not worked on visible again at once. */
  async giveBack(messages: readonly Message[]): Promise<void> {
    for (const chunk of chunks(messages)) {
      const Entries = chunk.map(({ ReceiptHandle }, index) => ({
        Id: String(index),
        ReceiptHandle,
        VisibilityTimeout: 0,
      }));
      await this.#client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: this.url, Entries }));
    }
  }
}
