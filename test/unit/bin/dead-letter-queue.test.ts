import { describe, expect, test } from '@jest/globals';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { DeadLetterQueue } from '../../../lib/aws/dead-letter-queue.ts';

type Input = Record<string, unknown> & { Entries?: { Id: string; ReceiptHandle?: string }[] };
type Answer = (name: string, input: Input) => unknown;

/** A queue on an SQS that answers as told; `sent` is every call that was made. */
function queueOn(answer: Answer): { queue: DeadLetterQueue; sent: [string, Input][] } {
  const sent: [string, Input][] = [];
  const client = {
    send: async (command: { constructor: { name: string }; input: Input }) => {
      const { name } = command.constructor;
      sent.push([name, command.input]);
      return answer(name, command.input);
    },
  } as unknown as SQSClient;
  const options = { QueueUrl: 'https://sqs.test/0/x-dlq.fifo', visibilitySeconds: 900, waitSeconds: 1 };
  return { queue: new DeadLetterQueue(client, options), sent };
}

const message = (id: number, receipt = `receipt-${id}`) => ({
  MessageId: `id-${id}`,
  ReceiptHandle: receipt,
  Body: 'x',
  Attributes: { SentTimestamp: '1000', ApproximateReceiveCount: '2' },
});

/** Gives one list of messages after the other, then nothing; every batch works. */
function serving(receives: ReturnType<typeof message>[][]): Answer {
  const left = [...receives];
  return (name, { Entries }) =>
    name === 'ReceiveMessageCommand' ? { Messages: left.shift() } : { Successful: Entries };
}

describe('a dead-letter queue that is looked into', () => {
  test('is received from until nothing new comes, and each message counts once', async () => {
    const { queue, sent } = queueOn(
      serving([[message(1)], [], [message(2), message(1, 'again')], [message(1, 'once more')]]),
    );
    const counts: number[] = [];
    const taken = await queue.take({ most: 100, onTaken: (count) => counts.push(count) });

    expect(taken.map(({ id }) => id)).toEqual(['id-1', 'id-2']);
    expect(taken[0]).toEqual({ id: 'id-1', body: 'x', sentAt: 1000, receives: 2 });
    expect(counts).toEqual([1, 2]);
    expect(sent[0]).toEqual([
      'ReceiveMessageCommand',
      expect.objectContaining({ VisibilityTimeout: 900, WaitTimeSeconds: 1, MaxNumberOfMessages: 10 }),
    ]);
    await queue.close();
    // The newest receipt is the one that counts.
    expect(sent.at(-1)?.[1].Entries?.map(({ ReceiptHandle }) => ReceiptHandle)).toEqual(['once more', 'receipt-2']);
  });

  test('stops at the most, and when it is told to', async () => {
    const endless: Answer = serving(
      Array.from({ length: 50 }, (_, index) => [message(2 * index), message(2 * index + 1)]),
    );
    expect(await queueOn(endless).queue.take({ most: 6 })).toHaveLength(6);
    let calls = 0;
    const taken = await queueOn(endless).queue.take({ most: 100, stop: () => (calls += 1) > 3 });
    expect(taken).toHaveLength(6);
  });

  test('gives back what was taken before a receive failed', async () => {
    let receives = 0;
    const { queue, sent } = queueOn((name, { Entries }) => {
      if (name !== 'ReceiveMessageCommand') return { Successful: Entries };
      receives += 1;
      if (receives > 1) throw Object.assign(new Error('https://secret.test'), { name: 'RequestTimeout' });
      return { Messages: [message(1)] };
    });
    await expect(queue.take({ most: 10 })).rejects.toThrow('Receiving from x-dlq.fifo failed: RequestTimeout');
    expect(await queue.close()).toBe(0);
    expect(sent.at(-1)).toEqual([
      'ChangeMessageVisibilityBatchCommand',
      expect.objectContaining({ Entries: [{ Id: '0', ReceiptHandle: 'receipt-1', VisibilityTimeout: 0 }] }),
    ]);
  });

  test('what SQS does not say it removed stays held, one by one or a whole batch', async () => {
    const ids = Array.from({ length: 25 }, (_, index) => index);
    const receives = [ids.slice(0, 10), ids.slice(10, 20), ids.slice(20)].map((some) => some.map((id) => message(id)));
    const serve = serving(receives);
    const { queue, sent } = queueOn((name, input) => {
      if (name !== 'DeleteMessageBatchCommand') return serve(name, input);
      const first = input.Entries?.[0]?.ReceiptHandle;
      if (first === 'receipt-10') throw new Error('no answer');
      return { Successful: input.Entries?.filter(({ ReceiptHandle }) => ReceiptHandle !== 'receipt-3') };
    });
    const taken = await queue.take({ most: 100 });
    const left = await queue.remove(taken.map(({ id }) => id));

    expect(left).toHaveLength(11);
    expect(left).toContain('id-3');
    expect(await queue.close()).toBe(0);
    const given = sent.filter(([name]) => name.startsWith('Change')).flatMap(([, { Entries = [] }]) => Entries);
    expect(given).toHaveLength(11);
    expect(await queue.close()).toBe(0);
  });

  test('tells how many could not be given back', async () => {
    const serve = serving([[message(1), message(2)]]);
    const { queue } = queueOn((name, input) =>
      name.startsWith('Change') ? { Successful: [{ Id: '1' }] } : serve(name, input),
    );
    await queue.take({ most: 10 });
    expect(await queue.close()).toBe(1);
  });
});
