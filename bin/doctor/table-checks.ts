import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { describeTable, type TableShape, timeToLive } from '../../lib/aws/inspect.ts';
import { dynamoDbConfig } from '../aws-clients.ts';
import { type Place, type TableKind, tableKinds, tableName } from '../place.ts';
import { failure, type Finding, guarded, ok, warning } from './finding.ts';

interface ExpectedTable extends Omit<TableShape, 'status'> {
  /** The attribute by which rows expire. */
  readonly expires?: string;
}

/** The tables of serverless.yml, as the stores need them. */
export const expectedTables: Readonly<Record<TableKind, ExpectedTable>> = {
  portals: { keys: ['memberId', 'sk'], indexes: { paused: ['pausedMark', 'memberId'] } },
  credentials: { keys: ['memberId'], indexes: {}, expires: 'expiresAt' },
  tasks: {
    keys: ['taskId', 'sk'],
    indexes: { due: ['shard', 'nextAt'], byPortal: ['memberId', 'createdAt'], turns: ['line', 'turnAt'] },
    expires: 'expiresAt',
  },
  snapshots: { keys: ['taskId', 'part'], indexes: {}, expires: 'expiresAt' },
};

const deployAgain = 'Deploy again: npm run deploy. Not with a table made by hand.';

/** Whether the tables are there and are what the stores need. */
export async function checkTables(place: Place): Promise<readonly Finding[]> {
  const client = new DynamoDBClient(dynamoDbConfig(place));
  try {
    const findings = await Promise.all(
      tableKinds.map((kind) => guarded(`table ${kind}`, place, () => checkTable(client, place, kind))),
    );
    return findings.flat();
  } finally {
    client.destroy();
  }
}

async function checkTable(client: DynamoDBClient, place: Place, kind: TableKind): Promise<Finding[]> {
  const check = `table ${kind}`;
  const name = tableName(place, kind);
  const { keys, indexes, expires } = expectedTables[kind];
  const found = await describeTable(client, name);
  const wrong = [
    ...(same(found.keys, keys) ? [] : [`its keys are ${found.keys.join(', ')} instead of ${keys.join(', ')}`]),
    ...Object.entries(indexes)
      .filter(([index, wanted]) => !same(found.indexes[index] ?? [], wanted))
      .map(([index, wanted]) => `it has no index ${index} by ${wanted.join(', ')}`),
  ];
  if (wrong.length > 0) return [failure(check, `${name}: ${wrong.join('; ')}`, deployAgain)];
  if (found.status !== 'ACTIVE' && found.status !== 'UPDATING') {
    return [failure(check, `${name} is ${found.status}`, 'Wait until it is active, and look again.')];
  }
  // The embedded table expires nothing, and readers do not rely on it.
  if (!place.local && expires !== undefined && (await timeToLive(client, name)) !== expires) {
    return [warning(check, `${name}: rows do not expire by ${expires}, so it only grows`, deployAgain)];
  }
  return [ok(check, `${name} is there, with its keys and indexes`)];
}

function same(found: readonly string[], wanted: readonly string[]): boolean {
  return found.length === wanted.length && found.every((name, index) => name === wanted[index]);
}
