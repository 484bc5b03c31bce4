import { BatchGetCommand, DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ChangeMessageVisibilityCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { createSqsClient } from '../../../lib/aws/clients.ts';
import { openQueue, setVisibility } from '../../../lib/aws/queue.ts';
import { openTable, type Table, TableUnavailable } from '../../../lib/aws/table.ts';
import { Database, failureOf, newMemberId } from '../portals/parts.ts';

let database: Database;
let table: Table;
let taskId: string;

beforeAll(async () => {
  database = await Database.start();
});
afterAll(async () => {
  await database.close();
});
beforeEach(() => {
  table = database.tables.tasks;
  taskId = newMemberId();
});

const key = (sk = 'a') => ({ taskId, sk });

describe('a row', () => {
  test('comes back as it was put, without what is undefined', async () => {
    const row = { ...key(), text: 'ü', number: 1.5, list: [1, 'a'], map: { size: 1 }, yes: true, nothing: null };
    await table.put({ ...row, absent: undefined });
    expect(await table.get(key())).toEqual(row);
    expect(await table.get(key('b'))).toBeUndefined();
  });

  test('is put on a condition, and a condition that does not hold is an answer', async () => {
    const once = { if: 'attribute_not_exists(#taskId)' };
    expect(await table.put({ ...key(), n: 1 }, once)).toBe(true);
    expect(await table.put({ ...key(), n: 2 }, once)).toBe(false);
    expect(await table.put({ ...key(), n: 3 }, { if: '#n = :n', values: { n: 1 } })).toBe(true);
    expect(await table.get(key())).toEqual({ ...key(), n: 3 });
  });

  test('is updated on a condition and comes back as it is then', async () => {
    await table.put({ ...key(), status: 'open', map: { size: 1 } });
    const change = { set: 'SET #status = :done, #map.#size = :two REMOVE #none', if: '#status = :open' };
    const values = { open: 'open', done: 'done', two: 2 };
    expect(await table.update(key(), { ...change, values })).toEqual({ ...key(), status: 'done', map: { size: 2 } });
    expect(await table.update(key(), { ...change, values })).toBeUndefined();
  });

  test('may have attributes whose name is no word', async () => {
    const aliases = { m0: 'crm.item.delete' };
    expect(await table.update(key(), { set: 'SET #m0 = :m0', aliases, values: { m0: 1 } })).toEqual({
      ...key(),
      'crm.item.delete': 1,
    });
  });

  test('is deleted on a condition', async () => {
    await table.put({ ...key(), stamp: 'new' });
    expect(await table.delete(key(), { if: '#stamp = :stamp', values: { stamp: 'old' } })).toBe(false);
    expect(await table.delete(key(), { if: '#stamp = :stamp', values: { stamp: 'new' } })).toBe(true);
    expect(await table.delete(key())).toBe(true);
    expect(await table.get(key())).toBeUndefined();
  });
});

describe('rows', () => {
  test('are queried page by page, in both directions, or only counted', async () => {
    for (const sk of ['a', 'b', 'c']) await table.put(key(sk));
    const where = { where: '#taskId = :taskId', values: { taskId } };
    const first = await table.query({ ...where, limit: 2 });
    expect(first.items.map(({ sk }) => sk)).toEqual(['a', 'b']);
    expect((await table.query({ ...where, startAfter: first.last })).items.map(({ sk }) => sk)).toEqual(['c']);
    expect((await table.query({ ...where, descending: true })).items.map(({ sk }) => sk)).toEqual(['c', 'b', 'a']);
    expect(await table.query({ ...where, countOnly: true })).toMatchObject({ items: [], count: 3 });
  });

  test('are read many at once, missing ones left out', async () => {
    for (const sk of ['a', 'b']) await table.put(key(sk));
    expect(await table.getMany(['a', 'b', 'c'].map((sk) => key(sk)))).toHaveLength(2);
    expect(await table.getMany([])).toEqual([]);
  });

  test('that DynamoDB has left unread are asked for again, and that has an end', async () => {
    const dynamoDb = mockClient(DynamoDBDocumentClient);
    const mocked = openTable(DynamoDBDocumentClient.from(new DynamoDBClient({ region: 'eu-central-1' })), 't');
    const left = { UnprocessedKeys: { t: { Keys: [key('b')] } } };
    dynamoDb
      .on(BatchGetCommand)
      .resolvesOnce({ Responses: { t: [key('a')] }, ...left })
      .resolvesOnce({ Responses: { t: [key('b')] } });
    expect(await mocked.getMany([key('a'), key('b')])).toEqual([key('a'), key('b')]);
    expect(dynamoDb.commandCalls(BatchGetCommand)[1]?.args[0].input.RequestItems).toEqual({
      t: { Keys: [key('b')], ConsistentRead: true },
    });
    dynamoDb.on(BatchGetCommand).resolves({ Responses: {}, ...left });
    expect(await failureOf(mocked.getMany([key('b')]))).toBeInstanceOf(TableUnavailable);
    dynamoDb.restore();
  });
});

test('an error names operation and table and the kind of it, and nothing of the row', async () => {
  const huge = 'canary'.repeat(80_000);
  const error = await failureOf(table.put({ ...key(), huge }));
  expect(error).toBeInstanceOf(TableUnavailable);
  expect((error as Error).message).toMatch(/^Put on table tidy24-\w+-tasks failed: ValidationException$/);
  expect(JSON.stringify(error)).not.toContain('canary');
});

describe('the visibility of a message', () => {
  const sent = async () => {
    const sqs = createSqsClient();
    const url = database.aws.environment['DELETIONS_QUEUE_URL'] ?? '';
    await openQueue(sqs, url, () => crypto.randomUUID()).send({ body: 'x', group: crypto.randomUUID() });
    const receive = async () => {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds: 0 }));
      return Messages[0]?.ReceiptHandle;
    };
    return { sqs, url, receive };
  };

  test.each([
    [0, true],
    [-5, true],
    [0.4, false],
    [60, false],
    [90_000, false],
  ])('set to %d seconds makes it visible at once: %s', async (seconds, visible) => {
    const { sqs, url, receive } = await sent();
    const handle = (await receive()) ?? '';
    await setVisibility(sqs, url, handle, seconds);
    const again = await receive();
    expect(again !== undefined).toBe(visible);
    await sqs.send(
      new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle: again ?? handle, VisibilityTimeout: 43_200 }),
    );
    sqs.destroy();
  });
});
