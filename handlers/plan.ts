import middy from '@middy/core';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { createSqsClient } from '../lib/aws/clients.ts';
import { readEnvironment } from '../lib/aws/environment.ts';
import { deadlineOf, invocation } from '../lib/aws/invocation.ts';
import { openQueue } from '../lib/aws/queue.ts';
import { failed, parseRecord, receivesOf } from '../lib/aws/sqs-batch.ts';
import { createTelemetry } from '../lib/aws/telemetry.ts';
import { newId, portalParts } from '../lib/aws/wiring.ts';
import { sendUnreadable } from '../lib/tasks/dead-letter.ts';
import { eventMessageSchema } from '../lib/tasks/messages.ts';
import { planEvents } from '../lib/tasks/plan.ts';

const env = readEnvironment(process.env, [
  'PORTALS_TABLE',
  'CREDENTIALS_TABLE',
  'TASKS_TABLE',
  'DELETIONS_QUEUE_URL',
  'EVENTS_DLQ_URL',
  'TIDY24_APP_PARAMETER',
  'TIDY24_RUN',
  'TIDY24_PORTAL_DOMAINS',
]);
const telemetry = createTelemetry('plan');
/** Reads only, of many portals: none of them may take the time of the others. */
const readTimeoutMs = 30_000;
const sqs = createSqsClient();
const eventsDlq = openQueue(sqs, env.EVENTS_DLQ_URL, newId);
const options = {
  ...portalParts(env, telemetry, readTimeoutMs),
  deletions: openQueue(sqs, env.DELETIONS_QUEUE_URL, newId),
  eventsDlq,
};

/** Queue `events`: turns events into tasks. */
export async function plan(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const parsed = event.Records.map((record) => parseRecord(eventMessageSchema, record));
  for (const entry of parsed) {
    if ('message' in entry) continue;
    const { record, problem } = entry;
    const { messageId, body } = record;
    await sendUnreadable(eventsDlq, { messageId, body, receives: receivesOf(record), problem, at: Date.now() });
    telemetry.log.error('unreadable message dead-lettered', { messageId, problem });
  }
  const readable = parsed.filter((entry) => 'message' in entry);
  const messages = readable.map(({ message }) => message);
  const again = new Set(await planEvents(options, messages, deadlineOf(context, Date.now())));
  return failed(readable.filter(({ message }) => again.has(message)).map(({ record }) => record));
}

export const handler = middy<SQSEvent, SQSBatchResponse>().use(invocation(telemetry)).handler(plan);
