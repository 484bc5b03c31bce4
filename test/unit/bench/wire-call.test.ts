import { beforeEach, describe, expect, test } from '@jest/globals';
import { KnownRows } from '../../../bench/support/known-rows.ts';
import { countCall } from '../../../bench/support/wire-call.ts';
import { readServerlessFile } from '../../../local/template/serverless-file.ts';
import { tableDefinitions } from '../../../local/template/tables.ts';

const tables = tableDefinitions(readServerlessFile());
const TableName = tables.find(({ logicalId }) => logicalId === 'TasksTable')?.name ?? '';
const key = { taskId: { S: 'a' }, sk: { S: 'task' } };
const task = (nextAt: number) => ({ ...key, shard: { N: '1' }, nextAt: { N: String(nextAt) } });

let rows: KnownRows;
beforeEach(() => {
  rows = new KnownRows(tables);
});
const count = (operation: string, request: unknown, answer: unknown = {}, status = 200) =>
  countCall({ target: `DynamoDB_20120810.${operation}`, request, status, answer }, rows);
const queueCall = (operation: string, request: unknown, answer: unknown = {}) =>
  countCall({ target: `AmazonSQS.${operation}`, request, status: 200, answer }, rows);

describe('of tables', () => {
  test('a write is billed by what the row was before', () => {
    expect(count('PutItem', { TableName, Item: task(1) })).toMatchObject({ items: 1, writeUnits: 2 });
    const moved = count('UpdateItem', { TableName, Key: key }, { Attributes: task(2) });
    expect(moved).toMatchObject({ operation: 'UpdateItem', items: 1, writeUnits: 3 });
    const ended = count('UpdateItem', { TableName, Key: key }, { Attributes: key });
    expect(ended).toMatchObject({ writeUnits: 2 });
    expect(count('DeleteItem', { TableName, Key: key })).toMatchObject({ writeUnits: 1 });
  });

  test('a write whose condition did not hold is billed, and changes no row', () => {
    count('PutItem', { TableName, Item: task(1) });
    expect(count('PutItem', { TableName, Item: task(2) }, { __type: 'x' }, 400)).toMatchObject({
      items: 0,
      writeUnits: 1,
    });
    expect(count('PutItem', { TableName, Item: task(1) })).toMatchObject({ writeUnits: 1 });
  });

  test('each row of a batch is read by itself, there or not', () => {
    const request = { RequestItems: { [TableName]: { Keys: [key, key, key], ConsistentRead: true } } };
    const answer = { Responses: { [TableName]: [{ ...key, text: { S: 'x'.repeat(5_000) } }, key] } };
    expect(count('BatchGetItem', request, answer)).toMatchObject({ items: 2, readUnits: 4 });
  });

  test('a query reads all its rows together', () => {
    const Items = Array.from({ length: 3 }, () => ({ text: { S: 'x'.repeat(2_000) } }));
    const answer = { Items, Count: 3, ScannedCount: 3 };
    expect(count('Query', { TableName, IndexName: 'due' }, answer)).toMatchObject({ items: 3, readUnits: 1 });
  });

  test('a query that only counts reads them as well', () => {
    const answer = { Count: 100, ScannedCount: 100 };
    expect(count('Query', { TableName, IndexName: 'due' }, answer)).toMatchObject({ items: 100, readUnits: 2 });
  });

  test('a row that is not there is read', () => {
    expect(count('GetItem', { TableName, Key: key, ConsistentRead: true })).toMatchObject({ items: 0, readUnits: 1 });
  });
});

describe('of queues', () => {
  test('a poll that finds nothing is told apart', () => {
    const QueueUrl = 'http://127.0.0.1/0/events';
    const found = queueCall('ReceiveMessage', { QueueUrl }, { Messages: [{ Body: 'a' }, { Body: 'b' }] });
    expect(found).toMatchObject({ operation: 'ReceiveMessage', items: 2, sqsRequests: 1 });
    expect(queueCall('ReceiveMessage', { QueueUrl })).toMatchObject({ operation: 'ReceiveMessage (idle)', items: 0 });
  });

  test('64 KB begun are a request, and FIFO queues are counted by themselves', () => {
    const Entries = [{ MessageBody: 'x'.repeat(60_000) }, { MessageBody: 'x'.repeat(6_000) }];
    const counted = queueCall('SendMessageBatch', { QueueUrl: 'http://127.0.0.1/0/deletions.fifo', Entries });
    expect(counted).toMatchObject({ items: 2, sqsRequests: 0, fifoRequests: 2, writeUnits: 0 });
  });
});
