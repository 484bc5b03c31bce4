import { setTimeout } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  CreateTableCommand,
  DescribeTableCommand,
  ListTablesCommand,
  type DynamoDBClient,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import type { TableDefinition } from '../template/tables.ts';

/** Thrown when the data directory holds a table whose keys or indexes are not those of serverless.yml any more. */
export class TableShapeChanged extends Error {
  override readonly name = 'TableShapeChanged';
  readonly code = 'TABLE_SHAPE_CHANGED';
  readonly table: string;

  constructor(table: string) {
    super(
      `The table ${table} was made with other keys or indexes than serverless.yml has now. Remove the data directory and start again.`,
    );
    this.table = table;
  }
}

/** Keys and indexes alone, in one order, so that a description can be held against a definition. */
function shape(table: Pick<TableDescription, 'KeySchema' | 'GlobalSecondaryIndexes'>): unknown {
  const indexes = (table.GlobalSecondaryIndexes ?? []).map(({ IndexName, KeySchema, Projection }) => ({
    IndexName,
    KeySchema,
    projection: Projection?.ProjectionType,
  }));
  return {
    keys: table.KeySchema,
    indexes: indexes.toSorted((a, b) => (a.IndexName ?? '').localeCompare(b.IndexName ?? '')),
  };
}

async function untilActive(client: DynamoDBClient, name: string): Promise<void> {
  for (;;) {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
    if (Table?.TableStatus === 'ACTIVE') return;
    // The SDK's own waiter pauses for at least a second, the embedded server needs a millisecond.
    await setTimeout(5);
  }
}

/**
 * Creates the tables that are missing, and waits until each can be used.
 *
 * @throws TableShapeChanged for one that is there with other keys
 */
export async function createTables(client: DynamoDBClient, definitions: readonly TableDefinition[]): Promise<void> {
  const { TableNames: existing = [] } = await client.send(new ListTablesCommand({}));
  for (const { name, input } of definitions) {
    if (!existing.includes(name)) {
      await client.send(new CreateTableCommand(input));
      await untilActive(client, name);
      continue;
    }
    const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
    if (!isDeepStrictEqual(shape(Table ?? {}), shape(input))) throw new TableShapeChanged(name);
  }
}
