import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import {
  startEventSourceMapping,
  type BatchOutcome,
  type EventSourceMapping,
} from '../../../local/event-source/event-source-mapping.ts';
import type { MappingSettings } from '../../../local/event-source/settings.ts';
import { startQueueServer, type QueueFixture, type QueueServer } from '../../fixtures/local/queue-fixture.ts';

const settings: MappingSettings = {
  batchSize: 10,
  maximumBatchingWindow: 0,
  maximumConcurrency: 10,
  reportBatchItemFailures: true,
};
const fifo = { FifoQueue: 'true' };

let server: QueueServer;
let mapping: EventSourceMapping | undefined;
beforeAll(async () => {
  server = await startQueueServer();
});
afterEach(() => mapping?.close());
afterAll(() => server.close());

/** Feeds `queue` to `invoke`; gives what each batch became. */
function feed(
  queue: QueueFixture,
  invoke: (event: SQSEvent) => Promise<unknown>,
  overrides: Partial<MappingSettings> = {},
): { mapping: EventSourceMapping; outcomes: BatchOutcome[] } {
  const outcomes: BatchOutcome[] = [];
  mapping = startEventSourceMapping({
    ...queue,
    settings: { ...settings, ...overrides },
    invoke,
    onOutcome: (outcome) => outcomes.push(outcome),
  });
  return { mapping, outcomes };
}

/** A handler that records the bodies of its batches and fails those that `fails` names, once each. */
function recorder(fails: readonly string[] = []) {
  const left = new Set(fails);
  const batches: string[][] = [];
  return {
    batches,
    invoke: async ({ Records }: SQSEvent) => {
      batches.push(Records.map(({ body }) => body));
      const failed = Records.filter(({ body }) => left.delete(body));
      return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
    },
  };
}

describe('an event source mapping', () => {
  it("makes Lambda's event of what it receives", async () => {
    const queue = await server.queue();
    await queue.client.send(
      new SendMessageCommand({
        QueueUrl: queue.queueUrl,
        MessageBody: '{"v":1}',
        MessageAttributes: { kind: { DataType: 'String', StringValue: 'x' } },
      }),
    );
    const events: SQSEvent[] = [];
    await feed(queue, async (event) => void events.push(event)).mapping.idle();

    expect(events).toEqual([
      {
        Records: [
          {
            messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
            receiptHandle: expect.any(String),
            body: '{"v":1}',
            attributes: {
              ApproximateReceiveCount: '1',
              ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
              SentTimestamp: expect.stringMatching(/^\d{13}$/),
              SenderId: expect.any(String),
            },
            messageAttributes: {
              kind: { dataType: 'String', stringValue: 'x', stringListValues: [], binaryListValues: [] },
            },
            md5OfBody: createHash('md5').update('{"v":1}').digest('hex'),
            md5OfMessageAttributes: expect.any(String),
            eventSource: 'aws:sqs',
            eventSourceARN: queue.queueArn,
            awsRegion: 'eu-central-1',
          },
        ],
      },
    ]);
  });

  it('names the message group of a FIFO message', async () => {
    const queue = await server.queue(fifo);
    await queue.send('a', 'portal-1');
    const groups: (string | undefined)[] = [];
    const handler = async ({ Records }: SQSEvent) => {
      groups.push(...Records.map(({ attributes }) => attributes.MessageGroupId));
    };
    await feed(queue, handler).mapping.idle();
    expect(groups).toEqual(['portal-1']);
  });

  it('gathers a batch of more than ten within its window', async () => {
    const queue = await server.queue();
    await Promise.all(Array.from({ length: 25 }, (_, index) => queue.send(`${index}`)));
    const { batches, invoke } = recorder();
    await feed(queue, invoke, { batchSize: 25, maximumBatchingWindow: 5 }).mapping.idle();
    expect(batches.map((batch) => batch.length)).toEqual([25]);
  });

  it('never runs more at a time than its concurrency', async () => {
    const queue = await server.queue();
    await Promise.all(Array.from({ length: 12 }, (_, index) => queue.send(`${index}`)));
    const together = meeting(3);
    let running = 0;
    let most = 0;
    const invoke = async () => {
      most = Math.max(most, ++running);
      await together();
      await queue.counts();
      running -= 1;
    };
    const fed = feed(queue, invoke, { batchSize: 1, maximumConcurrency: 3 });
    await fed.mapping.idle();
    expect(most).toBe(3);
    expect(fed.outcomes).toHaveLength(12);
  });
});

describe('what becomes of the messages', () => {
  it('only those that the answer names stay, invisible until their time-out ends', async () => {
    const queue = await server.queue({ VisibilityTimeout: '1' });
    await queue.send('good');
    await queue.send('bad');
    const { batches, invoke } = recorder(['bad']);
    const fed = feed(queue, invoke);
    await fed.mapping.idle();
    const between = await queue.counts();
    const seen = await again(fed.mapping, () => batches.length === 2);

    expect(between).toEqual({ visible: 0, inFlight: 1 });
    expect(fed.outcomes[0]).toMatchObject({ messages: 2, failed: 1 });
    expect(seen).toBe(true);
    expect(batches[1]).toEqual(['bad']);
    expect(await queue.counts()).toEqual({ visible: 0, inFlight: 0 });
  });

  it.each([
    ['an id of another batch', async () => ({ batchItemFailures: [{ itemIdentifier: 'unknown' }] })],
    ['a thrown error', () => Promise.reject(new Error('no'))],
    ['an answer that is no object', async () => 'ok'],
  ])('%s keeps the whole batch', async (_what, invoke) => {
    const queue = await server.queue();
    await queue.send('a');
    await queue.send('b');
    const fed = feed(queue, invoke);
    await fed.mapping.idle();
    expect(fed.outcomes).toEqual([expect.objectContaining({ messages: 2, failed: 2, error: expect.any(Error) })]);
    expect(await queue.counts()).toEqual({ visible: 0, inFlight: 2 });
  });

  it('all are done when the function need not report failures, whatever it answers', async () => {
    const queue = await server.queue();
    await queue.send('a');
    await feed(queue, async () => 'ok', { reportBatchItemFailures: false }).mapping.idle();
    expect(await queue.counts()).toEqual({ visible: 0, inFlight: 0 });
  });

  it('a message that fails too often moves to the dead-letter queue', async () => {
    const dlq = await server.queue();
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dlq.queueArn, maxReceiveCount: 1 });
    const queue = await server.queue({ VisibilityTimeout: '0', RedrivePolicy });
    await queue.send('poison');
    const fed = feed(queue, () => Promise.reject(new Error('no')));
    await again(fed.mapping, async () => (await dlq.counts()).visible === 1);
    expect(fed.outcomes).toHaveLength(1);
  });
});

describe('a FIFO queue', () => {
  it('has one batch of a group in flight, and groups side by side', async () => {
    const queue = await server.queue(fifo);
    for (const body of ['a1', 'a2', 'b1', 'b2']) await queue.send(body, body.charAt(0));
    const together = meeting(2);
    const running = new Set<string>();
    const order: string[] = [];
    const overlaps: string[] = [];
    const invoke = async ({ Records: [record] }: SQSEvent) => {
      const group = record?.attributes.MessageGroupId ?? '';
      if (running.has(group)) overlaps.push(group);
      running.add(group);
      order.push(record?.body ?? '');
      await together();
      running.delete(group);
    };
    const fed = feed(queue, invoke, { batchSize: 1 });
    await fed.mapping.idle();

    expect(order.filter((body) => body.startsWith('a'))).toEqual(['a1', 'a2']);
    expect(order.filter((body) => body.startsWith('b'))).toEqual(['b1', 'b2']);
    expect(overlaps).toEqual([]);
    expect(fed.outcomes).toHaveLength(4);
  });

  it('holds a group back while its failed message is invisible', async () => {
    const queue = await server.queue({ ...fifo, VisibilityTimeout: '1' });
    await queue.send('first', 'g');
    await queue.send('second', 'g');
    const { batches, invoke } = recorder(['first']);
    const fed = feed(queue, invoke, { batchSize: 1 });
    await again(fed.mapping, () => batches.length === 3);
    expect(batches).toEqual([['first'], ['first'], ['second']]);
  });
});

describe('closing', () => {
  it('waits for what runs, and takes nothing more', async () => {
    const queue = await server.queue();
    await queue.send('a');
    const { promise: mayFinish, resolve: finish } = Promise.withResolvers<void>();
    const { promise: started, resolve: start } = Promise.withResolvers<void>();
    let finished = false;
    feed(queue, async () => {
      start();
      await mayFinish;
      finished = true;
    });
    await started;
    const closed = mapping?.close();
    await queue.send('b');
    finish();
    await closed;
    expect(finished).toBe(true);
    expect(await queue.counts()).toEqual({ visible: 1, inFlight: 0 });
  });

  it('does not wait longer than its grace', async () => {
    const queue = await server.queue();
    await queue.send('a');
    await new Promise<void>((resolve) => {
      feed(queue, () => {
        resolve();
        return new Promise(() => undefined);
      });
    });
    await mapping?.close(1);
    mapping = undefined;
    expect(await queue.counts()).toEqual({ visible: 0, inFlight: 1 });
  });

  it('gives back what was gathered and not yet worked on', async () => {
    const queue = await server.queue();
    await queue.send('a');
    const { batches, invoke } = recorder();
    feed(queue, invoke, { maximumBatchingWindow: 300 });
    while ((await queue.counts()).inFlight === 0);
    await mapping?.close();
    expect(batches).toEqual([]);
    expect(await queue.counts()).toEqual({ visible: 1, inFlight: 0 });
  });
});

describe('a queue that is not there', () => {
  it('is reported and asked again', async () => {
    const queue = await server.queue();
    const gone = { ...queue, queueUrl: `${queue.queueUrl}-gone` };
    const first = await new Promise<BatchOutcome>((resolve) => {
      mapping = startEventSourceMapping({ ...gone, settings, invoke: async () => null, onOutcome: resolve });
    });
    expect(first).toMatchObject({ messages: 0, error: expect.any(Error) });
  });
});

/** Where invocations wait for each other: all go on as soon as `size` have come. */
function meeting(size: number): () => Promise<void> {
  let next = Promise.withResolvers<void>();
  let waiting = 0;
  return () => {
    const { promise, resolve } = next;
    if (++waiting === size) {
      next = Promise.withResolvers<void>();
      waiting = 0;
      resolve();
    }
    return promise;
  };
}

/** Lets rounds go by until `seen`; false when 3 s are not enough. */
async function again(fed: EventSourceMapping, seen: () => boolean | Promise<boolean>): Promise<boolean> {
  const end = Date.now() + 3_000;
  while (Date.now() < end) {
    await fed.idle();
    if (await seen()) return true;
  }
  return false;
}
