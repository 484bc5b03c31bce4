import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { QueueUnavailable } from './queue.ts';

/** A message as it lies in a dead-letter queue. Times in ms since the epoch. */
export interface DeadMessage {
  /** SQS's own id: it stays the same however often the message is received. */
  readonly id: string;
  readonly body: string;
  readonly sentAt: number;
  /** How often it was received here, which is how often somebody has looked at it. */
  readonly receives: number;
}

export interface TakeOptions {
  /** So many messages at most. */
  readonly most: number;
  /** Told after each receive how many have been taken in this call. */
  readonly onTaken?: (count: number) => void;
  /** Asked before each receive. */
  readonly stop?: () => boolean;
}

export interface DeadLetterQueueOptions {
  readonly QueueUrl: string;
  /**
   * How long what was taken is hidden from others. When the command is killed it shows again after that, so it must
   * be longer than any command and no longer than a person would wait. Seconds.
   */
  readonly visibilitySeconds: number;
  /** Long polling: without it AWS asks only some of its servers. Seconds. */
  readonly waitSeconds: number;
}

const batchSize = 10;
/** The queue counts as empty for us when so many receives in a row bring nothing new. */
const emptyReceives = 2;
/** Batches of ten under way at once. */
const concurrency = 8;

/**
 * A dead-letter queue to look into. SQS cannot be browsed: what is looked at is received, and so hidden from everybody
 * else, until it is removed or `close` gives it back. In a FIFO queue what lies behind a message of the same group
 * shows only when that one is gone.
 */
export class DeadLetterQueue {
  readonly #client: SQSClient;
  readonly #options: DeadLetterQueueOptions;
  readonly #name: string;
  /** The receipt handle of each message that is in our hands. */
  readonly #held = new Map<string, string>();

  constructor(client: SQSClient, options: DeadLetterQueueOptions) {
    this.#client = client;
    this.#options = options;
    this.#name = options.QueueUrl.slice(options.QueueUrl.lastIndexOf('/') + 1);
  }

  /**
   * Receives until nothing new comes.
   *
   * @throws QueueUnavailable; what came before it is held, and `close` gives it back
   */
  async take({ most, onTaken, stop = () => false }: TakeOptions): Promise<DeadMessage[]> {
    const taken: DeadMessage[] = [];
    for (let empty = 0; taken.length < most && empty < emptyReceives;) {
      if (stop()) break;
      const before = taken.length;
      for (const message of await this.#receive(Math.min(batchSize, most - taken.length))) {
        const { MessageId: id = '', ReceiptHandle = '' } = message;
        // It comes a second time when its visibility ran out, or because SQS delivers at least once.
        if (!this.#held.has(id)) taken.push(deadMessage(message));
        this.#held.set(id, ReceiptHandle);
      }
      empty = taken.length === before ? empty + 1 : 0;
      if (taken.length > before) onTaken?.(taken.length);
    }
    return taken;
  }

  /** Removes these for good. Returns the ids that SQS did not remove, or may not have: they stay held. */
  async remove(ids: readonly string[]): Promise<string[]> {
    const left = await this.#inBatches(ids, async (QueueUrl, entries) => {
      const Entries = entries.map(({ Id, ReceiptHandle }) => ({ Id, ReceiptHandle }));
      return (await this.#client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }))).Successful;
    });
    const stays = new Set(left);
    for (const id of ids) if (!stays.has(id)) this.#held.delete(id);
    return left;
  }

  /**
   * Gives back everything that is held and was not removed, so that others can see it at once.
   *
   * @returns how many could not be given back: those show again when their visibility timeout is over
   */
  async close(): Promise<number> {
    const left = await this.#inBatches([...this.#held.keys()], async (QueueUrl, entries) => {
      const Entries = entries.map((entry) => ({ ...entry, VisibilityTimeout: 0 }));
      return (await this.#client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl, Entries }))).Successful;
    });
    this.#held.clear();
    return left.length;
  }

  async #receive(count: number): Promise<Message[]> {
    const { QueueUrl, visibilitySeconds, waitSeconds } = this.#options;
    const command = new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: count,
      VisibilityTimeout: visibilitySeconds,
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ['SentTimestamp', 'ApproximateReceiveCount'],
    });
    try {
      return (await this.#client.send(command)).Messages ?? [];
    } catch (error) {
      const reason = error instanceof Error ? error.name : 'unknown';
      throw new QueueUnavailable(`Receiving from ${this.#name} failed: ${reason}`, { cause: error });
    }
  }

  /** Ids of which the answer does not say that it worked. */
  async #inBatches(
    ids: readonly string[],
    send: (
      url: string,
      entries: { Id: string; ReceiptHandle: string | undefined }[],
    ) => Promise<{ Id: string | undefined }[] | undefined>,
  ): Promise<string[]> {
    const batches = Array.from({ length: Math.ceil(ids.length / batchSize) }, (_, index) =>
      ids.slice(index * batchSize, (index + 1) * batchSize),
    );
    const left: string[] = [];
    const next = batches[Symbol.iterator]();
    const work = async (): Promise<void> => {
      for (const batch of next) {
        const entries = batch.map((id, index) => ({ Id: String(index), ReceiptHandle: this.#held.get(id) }));
        // A batch that fails as a whole is like one whose every entry failed.
        const worked = await send(this.#options.QueueUrl, entries).catch(() => []);
        const done = new Set(worked?.map(({ Id }) => Id));
        left.push(...batch.filter((_, index) => !done.has(String(index))));
      }
    };
    await Promise.all(Array.from({ length: concurrency }, work));
    return left;
  }
}

function deadMessage({ MessageId = '', Body = '', Attributes = {} }: Message): DeadMessage {
  return {
    id: MessageId,
    body: Body,
    sentAt: Number(Attributes.SentTimestamp ?? 0),
    receives: Number(Attributes.ApproximateReceiveCount ?? 1),
  };
}
