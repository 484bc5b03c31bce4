import middy from '@middy/core';
import type { Context, ScheduledEvent } from 'aws-lambda';
import { createDynamoDbClient, createSqsClient } from '../lib/aws/clients.ts';
import { readEnvironment } from '../lib/aws/environment.ts';
import { deadlineOf, invocation } from '../lib/aws/invocation.ts';
import { openQueue } from '../lib/aws/queue.ts';
import { openTable } from '../lib/aws/table.ts';
import { createTelemetry } from '../lib/aws/telemetry.ts';
import { BudgetStore } from '../lib/portals/budgets.ts';
import { PortalStore } from '../lib/portals/store.ts';
import { releaseDue } from '../lib/tasks/release.ts';
import { TaskStore } from '../lib/tasks/store.ts';

const env = readEnvironment(process.env, [
  'PORTALS_TABLE',
  'TASKS_TABLE',
  'EVENTS_QUEUE_URL',
  'DELETIONS_QUEUE_URL',
  'RECONCILE_QUEUE_URL',
]);
const telemetry = createTelemetry('release');
const dynamoDb = createDynamoDbClient();
const sqs = createSqsClient();
const newId = () => crypto.randomUUID();
const portalsTable = openTable(dynamoDb, env.PORTALS_TABLE);
const options = {
  portals: new PortalStore(portalsTable, Date.now),
  budgets: new BudgetStore(portalsTable, Date.now),
  tasks: new TaskStore(openTable(dynamoDb, env.TASKS_TABLE), Date.now, newId),
  events: openQueue(sqs, env.EVENTS_QUEUE_URL, newId),
  deletions: openQueue(sqs, env.DELETIONS_QUEUE_URL, newId),
  reconcile: openQueue(sqs, env.RECONCILE_QUEUE_URL, newId),
  clock: Date.now,
  ...telemetry,
};

/** Every minute: sends again what has come due. */
export async function release(_event: ScheduledEvent, context: Context): Promise<{ released: number }> {
  return { released: await releaseDue(options, deadlineOf(context, Date.now())) };
}

export const handler = middy<ScheduledEvent, { released: number }>().use(invocation(telemetry)).handler(release);
