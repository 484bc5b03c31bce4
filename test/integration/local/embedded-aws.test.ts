import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  DeleteItemCommand,
  DescribeTableCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import {
  ChangeMessageVisibilityCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  SendMessageCommand,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEnvironment } from '../../../lib/aws/environment.ts';
import { startEmbeddedAws, type EmbeddedAws } from '../../../local/embedded-aws.ts';
import { localDynamoDbClient, localSqsClient } from '../../../local/servers/local-clients.ts';
import { queueDefinitions } from '../../../local/template/queues.ts';

describe('the embedded servers', () => {
  let aws: EmbeddedAws;
  beforeAll(async () => {
    aws = await startEmbeddedAws();
  });
  afterAll(() => aws.close());

  it('listen on the loopback address only', () => {
    expect(new URL(aws.sqsUrl).hostname).toBe('127.0.0.1');
    expect(new URL(aws.dynamoDbUrl).hostname).toBe('127.0.0.1');
  });

  it('give every variable that a function can ask for', () => {
    const values = readEnvironment(aws.environment, [
      'TIDY24_RUN',
      'TIDY24_PUBLIC_URL',
      'TIDY24_APP_PARAMETER',
      'PORTALS_TABLE',
      'CREDENTIALS_TABLE',
      'TASKS_TABLE',
      'SNAPSHOTS_TABLE',
      'EVENTS_QUEUE_URL',
      'EVENTS_DLQ_URL',
      'DELETIONS_QUEUE_URL',
      'DELETIONS_DLQ_URL',
      'RECONCILE_QUEUE_URL',
    ]);
    expect(values.TIDY24_RUN).toBe('local');
    expect(values.DELETIONS_QUEUE_URL).toBe(`${aws.sqsUrl}/000000000000/tidy24-local-deletions.fifo`);
  });

  it('have the six queues with their time-outs and their dead-letter queues', async () => {
    const client = localSqsClient(aws.sqsUrl, aws.file.region);
    const { QueueUrls = [] } = await client.send(new ListQueuesCommand({}));
    const { Attributes = {} } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: aws.environment['DELETIONS_QUEUE_URL'], AttributeNames: ['All'] }),
    );
    expect(QueueUrls).toHaveLength(6);
    expect(Attributes).toMatchObject({ FifoQueue: 'true', VisibilityTimeout: '1800', SqsManagedSseEnabled: 'true' });
    expect(JSON.parse(Attributes['RedrivePolicy'] ?? '')).toEqual({
      deadLetterTargetArn: 'arn:aws:sqs:eu-central-1:000000000000:tidy24-local-deletions-dlq.fifo',
      maxReceiveCount: 50,
    });
  });

  it('have the tasks with all their indexes', async () => {
    const client = localDynamoDbClient(aws.dynamoDbUrl, aws.file.region);
    const { Table } = await client.send(new DescribeTableCommand({ TableName: aws.environment['TASKS_TABLE'] }));
    expect(Table?.GlobalSecondaryIndexes?.map((index) => index.IndexName).toSorted()).toEqual([
      'byPortal',
      'due',
      'turns',
    ]);
  });

  it('keep every row in the indexes while another one with the same index key goes', async () => {
    // As dynalite comes, these two share their entry: its index keys end in six hex digits of a hash of the row's key.
    const [first, second] = ['465', '819'].map((id) => ({
      taskId: { S: `unread:0b2d424e37bcbe5cb7e5271e4c05f959:2:${id}` },
      sk: { S: 'unread' },
    }));
    const client = localDynamoDbClient(aws.dynamoDbUrl, aws.file.region);
    const TableName = aws.environment['TASKS_TABLE'];
    const due = { shard: { N: '3' }, nextAt: { N: '1795341600000' } };
    for (const key of [first, second]) {
      await client.send(new PutItemCommand({ TableName, Item: { ...key, ...due } }));
    }
    await client.send(new DeleteItemCommand({ TableName, Key: first }));

    const { Items } = await client.send(
      new QueryCommand({
        TableName,
        IndexName: 'due',
        KeyConditionExpression: '#shard = :shard',
        ExpressionAttributeNames: { '#shard': 'shard' },
        ExpressionAttributeValues: { ':shard': due.shard },
      }),
    );

    expect(Items).toEqual([{ ...second, ...due }]);
  });
});

describe('a data directory', () => {
  it('keeps a message that was looked at and given back, now and over a restart', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'tidy24-'));
    const first = await startEmbeddedAws({ dataDir });
    const queueUrl = first.environment['DELETIONS_DLQ_URL'];
    const client = localSqsClient(first.sqsUrl, first.file.region);
    const letter = { MessageBody: 'a letter', MessageGroupId: 'one', MessageDeduplicationId: 'one' };
    await client.send(new SendMessageCommand({ QueueUrl: queueUrl, ...letter }));

    for (const _ of ['looked at', 'looked at again']) {
      const { Messages = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl: queueUrl }));
      expect(Messages.map(({ Body }) => Body)).toEqual(['a letter']);
      const [{ ReceiptHandle } = {}] = Messages;
      await client.send(
        new ChangeMessageVisibilityCommand({ QueueUrl: queueUrl, ReceiptHandle, VisibilityTimeout: 0 }),
      );
    }
    await first.close();

    const second = await startEmbeddedAws({ dataDir });
    const { Messages = [] } = await localSqsClient(second.sqsUrl, second.file.region).send(
      new ReceiveMessageCommand({ QueueUrl: second.environment['DELETIONS_DLQ_URL'] }),
    );
    await second.close();
    await rm(dataDir, { recursive: true });

    expect(Messages.map(({ Body }) => Body)).toEqual(['a letter']);
  });

  it('keeps items, messages and their queues over a restart', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'tidy24-'));
    const first = await startEmbeddedAws({ dataDir });
    const queueUrl = first.environment['EVENTS_QUEUE_URL'];
    await localSqsClient(first.sqsUrl, first.file.region).send(
      new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'still here' }),
    );
    await localDynamoDbClient(first.dynamoDbUrl, first.file.region).send(
      new PutItemCommand({ TableName: first.environment['CREDENTIALS_TABLE'], Item: { memberId: { S: 'm' } } }),
    );
    await first.close();

    const second = await startEmbeddedAws({ dataDir });
    const { Messages } = await localSqsClient(second.sqsUrl, second.file.region).send(
      new ReceiveMessageCommand({ QueueUrl: second.environment['EVENTS_QUEUE_URL'] }),
    );
    const { Item } = await localDynamoDbClient(second.dynamoDbUrl, second.file.region).send(
      new GetItemCommand({ TableName: second.environment['CREDENTIALS_TABLE'], Key: { memberId: { S: 'm' } } }),
    );
    await second.close();
    await rm(dataDir, { recursive: true });

    expect(Messages?.map((message) => message.Body)).toEqual(['still here']);
    expect(Item).toEqual({ memberId: { S: 'm' } });
    expect(queueDefinitions(second.file)).toHaveLength(6);
  });
});
