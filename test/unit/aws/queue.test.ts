import {
  ChangeMessageVisibilityCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { openQueue, type OutgoingMessage, QueueUnavailable, setVisibility } from '../../../lib/aws/queue.ts';

const sqs = mockClient(SQSClient);
const client = new SQSClient({ region: 'eu-central-1' });
const url = 'https://sqs.eu-central-1.amazonaws.com/1/tidy24-prod-deletions.fifo';
const plain = 'https://sqs.eu-central-1.amazonaws.com/1/tidy24-prod-events';
let ids = 0;
const open = (queueUrl = url) =>
  openQueue(client, queueUrl, () => {
    ids += 1;
    return `id-${ids}`;
  });
const messages = (count: number): OutgoingMessage[] =>
  Array.from({ length: count }, (_, index) => ({ body: { index }, group: `g${index % 2}` }));

beforeEach(() => {
  ids = 0;
});
afterEach(() => {
  sqs.reset();
});

describe('one message', () => {
  test('to a FIFO queue has its group and an id of its own, even when it is the same again', async () => {
    sqs.on(SendMessageCommand).resolves({});
    const message = { body: { a: 1 }, group: 'portal' };
    await open().send(message);
    await open().send(message);
    expect(sqs.commandCalls(SendMessageCommand).map(({ args }) => args[0].input)).toEqual([
      { QueueUrl: url, MessageBody: '{"a":1}', MessageGroupId: 'portal', MessageDeduplicationId: 'id-1' },
      { QueueUrl: url, MessageBody: '{"a":1}', MessageGroupId: 'portal', MessageDeduplicationId: 'id-2' },
    ]);
  });

  test('to a standard queue has its group and no such id', async () => {
    sqs.on(SendMessageCommand).resolves({});
    await open(plain).send({ body: 1, group: 'portal' });
    expect(sqs.commandCalls(SendMessageCommand)[0]?.args[0].input).toEqual({
      QueueUrl: plain,
      MessageBody: '1',
      MessageGroupId: 'portal',
    });
  });

  test('that SQS does not take is an error that names the queue and the kind, not the account', async () => {
    sqs.on(SendMessageCommand).rejects(Object.assign(new Error('secret detail'), { name: 'QueueDoesNotExist' }));
    const error: unknown = await open()
      .send({ body: 1, group: 'g' })
      .then(
        () => undefined,
        (reason: unknown) => reason,
      );
    expect(error).toBeInstanceOf(QueueUnavailable);
    expect((error as Error).message).toBe('Sending to tidy24-prod-deletions.fifo failed: QueueDoesNotExist');
  });
});

describe('many messages', () => {
  const allTaken = () =>
    sqs.on(SendMessageBatchCommand).callsFake((input: { Entries: { Id: string }[] }) => ({
      Successful: input.Entries.map(({ Id }) => ({ Id })),
    }));

  test('go by tens, in their order, each with an id of its own', async () => {
    allTaken();
    expect(await open().sendAll(messages(23))).toEqual([]);
    const batches = sqs.commandCalls(SendMessageBatchCommand).map(({ args }) => args[0].input.Entries ?? []);
    expect(batches.map(({ length }) => length)).toEqual([10, 10, 3]);
    expect(batches.flat().map(({ MessageBody }) => MessageBody)).toEqual(
      messages(23).map(({ body }) => JSON.stringify(body)),
    );
    expect(new Set(batches.flat().map(({ MessageDeduplicationId }) => MessageDeduplicationId)).size).toBe(23);
  });

  test('none make no request', async () => {
    expect(await open().sendAll([])).toEqual([]);
    expect(sqs.calls()).toEqual([]);
  });

  test('of which some are refused: those are told, and the next ten are sent all the same', async () => {
    const all = messages(12);
    sqs
      .on(SendMessageBatchCommand)
      .resolvesOnce({ Successful: [{ Id: '0', MessageId: 'x', MD5OfMessageBody: 'x' }], Failed: [] })
      .resolvesOnce({ Successful: [], Failed: [{ Id: '0', SenderFault: false, Code: 'InternalError' }] });
    expect(await open().sendAll(all)).toEqual(all.slice(1));
  });

  test('of which ten are not answered: they count as not sent, and the next ten are sent all the same', async () => {
    const all = messages(12);
    allTaken();
    sqs
      .on(SendMessageBatchCommand)
      .rejectsOnce(new Error('timeout'))
      .callsFake((input: { Entries: { Id: string }[] }) => ({
        Successful: input.Entries.map(({ Id }) => ({ Id })),
      }));
    expect(await open().sendAll(all)).toEqual(all.slice(0, 10));
  });

  test('answered with nothing count as not sent', async () => {
    sqs.on(SendMessageBatchCommand).resolves({ $metadata: {} });
    expect(await open().sendAll(messages(2))).toHaveLength(2);
  });
});

test.each([
  [-5, 0],
  [0.2, 1],
  [600, 600],
  // SQS counts 12 hours from the receipt, of which some have passed.
  [90_000, 39_600],
  [Number.POSITIVE_INFINITY, 39_600],
])('a message to be seen again after %d seconds is hidden for %d', async (seconds, hidden) => {
  sqs.on(ChangeMessageVisibilityCommand).resolves({});
  await setVisibility(client, url, 'receipt', seconds);
  expect(sqs.commandCalls(ChangeMessageVisibilityCommand)[0]?.args[0].input).toEqual({
    QueueUrl: url,
    ReceiptHandle: 'receipt',
    VisibilityTimeout: hidden,
  });
});
