import {
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  type KeySchemaElement,
} from '@aws-sdk/client-dynamodb';
import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { QueueUnavailable } from './queue.ts';
import { TableUnavailable } from './table.ts';

/** What a table is like, for somebody who wants to know whether it is ours. */
export interface TableShape {
  readonly status: string;
  /** Names of the attributes: partition key, then sort key. */
  readonly keys: readonly string[];
  readonly indexes: Readonly<Record<string, readonly string[]>>;
}

/** @throws TableUnavailable */
export async function describeTable(client: DynamoDBClient, TableName: string): Promise<TableShape> {
  try {
    const { Table = {} } = await client.send(new DescribeTableCommand({ TableName }));
    const indexes = (Table.GlobalSecondaryIndexes ?? []).map(
      ({ IndexName = '', KeySchema }) => [IndexName, keysOf(KeySchema)] as const,
    );
    return {
      status: Table.TableStatus ?? 'unknown',
      keys: keysOf(Table.KeySchema),
      indexes: Object.fromEntries(indexes),
    };
  } catch (error) {
    throw new TableUnavailable(`Describe on table ${TableName} failed: ${nameOf(error)}`, { cause: error });
  }
}

/**
 * The attribute by which rows expire; undefined when they do not.
 *
 * @throws TableUnavailable
 */
export async function timeToLive(client: DynamoDBClient, TableName: string): Promise<string | undefined> {
  try {
    const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName }));
    const { TimeToLiveStatus: status, AttributeName } = TimeToLiveDescription ?? {};
    return status === 'ENABLED' || status === 'ENABLING' ? AttributeName : undefined;
  } catch (error) {
    throw new TableUnavailable(`DescribeTimeToLive on table ${TableName} failed: ${nameOf(error)}`, { cause: error });
  }
}

/** What a queue is like. Counts are SQS's own approximations. */
export interface QueueShape {
  /** Name of the queue that takes what is received too often; undefined when there is none. */
  readonly deadLetterQueue: string | undefined;
  readonly retentionSeconds: number;
  readonly visible: number;
  /** In somebody's hands, or delayed. */
  readonly hidden: number;
}

/** @throws QueueUnavailable */
export async function describeQueue(client: SQSClient, QueueUrl: string): Promise<QueueShape> {
  try {
    const output = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
    const attributes: Readonly<Record<string, string | undefined>> = output.Attributes ?? {};
    const number = (name: string) => Number(attributes[name] ?? 0);
    return {
      deadLetterQueue: /"deadLetterTargetArn":\s*"[^"]*:([^":]+)"/.exec(attributes['RedrivePolicy'] ?? '')?.[1],
      retentionSeconds: number('MessageRetentionPeriod'),
      visible: number('ApproximateNumberOfMessages'),
      hidden: number('ApproximateNumberOfMessagesNotVisible') + number('ApproximateNumberOfMessagesDelayed'),
    };
  } catch (error) {
    const name = QueueUrl.slice(QueueUrl.lastIndexOf('/') + 1);
    throw new QueueUnavailable(`Looking at queue ${name} failed: ${nameOf(error)}`, { cause: error });
  }
}

function keysOf(schema: readonly KeySchemaElement[] = []): string[] {
  return schema.map(({ AttributeName = '' }) => AttributeName);
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
