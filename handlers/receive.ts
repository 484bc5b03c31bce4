import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { createDynamoDbClient, createSqsClient, hurried } from '../lib/aws/clients.ts';
import { readEnvironment } from '../lib/aws/environment.ts';
import { answer, formBody } from '../lib/aws/http.ts';
import { invocation } from '../lib/aws/invocation.ts';
import { openQueue } from '../lib/aws/queue.ts';
import { openTable } from '../lib/aws/table.ts';
import { createTelemetry } from '../lib/aws/telemetry.ts';
import { readPortal } from '../lib/portals/portal-row.ts';
import { SenderCheck } from '../lib/portals/senders.ts';
import { EventIntake } from '../lib/tasks/accept-event.ts';
import { AppHints } from '../lib/tasks/app-hints.ts';

const env = readEnvironment(process.env, ['PORTALS_TABLE', 'TASKS_TABLE', 'EVENTS_QUEUE_URL']);
const telemetry = createTelemetry('receive');
const dynamoDb = createDynamoDbClient(hurried);
const portalsTable = openTable(dynamoDb, env.PORTALS_TABLE);
const portals = { get: (memberId: string) => readPortal(portalsTable, memberId) };
const intake = new EventIntake({
  senders: new SenderCheck(portals, Date.now),
  events: openQueue(createSqsClient(hurried), env.EVENTS_QUEUE_URL, () => crypto.randomUUID()),
  lifecycle: { portals, appChores: new AppHints(openTable(dynamoDb, env.TASKS_TABLE), Date.now) },
  clock: Date.now,
  ...telemetry,
});

/** `POST /bitrix24/events` and `POST /bitrix24/robot?key=…`: checks an event and puts it on the queue `events`. */
export async function receive(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  const isRobot = event.rawPath.endsWith('/robot');
  const { status, text } = await intake.accept(
    formBody(event),
    isRobot ? event.queryStringParameters?.['key'] : undefined,
  );
  return answer(status, text);
}

export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
  .use(invocation(telemetry))
  .handler(receive);
