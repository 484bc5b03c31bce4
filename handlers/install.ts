import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { createDynamoDbClient, createSqsClient } from '../lib/aws/clients.ts';
import { readEnvironment } from '../lib/aws/environment.ts';
import { answer, formBody } from '../lib/aws/http.ts';
import { invocation } from '../lib/aws/invocation.ts';
import { openQueue } from '../lib/aws/queue.ts';
import { openTable } from '../lib/aws/table.ts';
import { createTelemetry } from '../lib/aws/telemetry.ts';
import { CredentialStore } from '../lib/portals/credentials.ts';
import { PortalStore } from '../lib/portals/store.ts';
import { acceptInstallation } from '../lib/tasks/accept-installation.ts';
import { TaskStore } from '../lib/tasks/store.ts';

const env = readEnvironment(process.env, [
  'PORTALS_TABLE',
  'CREDENTIALS_TABLE',
  'TASKS_TABLE',
  'RECONCILE_QUEUE_URL',
  'TIDY24_PUBLIC_URL',
  'TIDY24_RUN',
]);
const telemetry = createTelemetry('install');
const dynamoDb = createDynamoDbClient();
const newId = () => crypto.randomUUID();
const options = {
  portals: new PortalStore(openTable(dynamoDb, env.PORTALS_TABLE), Date.now),
  credentials: new CredentialStore(openTable(dynamoDb, env.CREDENTIALS_TABLE)),
  tasks: new TaskStore(openTable(dynamoDb, env.TASKS_TABLE), Date.now, newId),
  reconcile: openQueue(createSqsClient(), env.RECONCILE_QUEUE_URL, newId),
  publicUrl: env.TIDY24_PUBLIC_URL,
  allowLoopback: env.TIDY24_RUN === 'local',
  clock: Date.now,
  ...telemetry,
};

/** `POST /bitrix24/install`: the app's life at a portal. Keeps what it is told, to be proved afterwards. */
export async function install(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  const { status, text, page } = await acceptInstallation(options, formBody(event), event.queryStringParameters);
  return page ? { statusCode: status, headers: { ...page.headers }, body: page.body } : answer(status, text);
}

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
  .use(invocation(telemetry))
  .handler(install);
