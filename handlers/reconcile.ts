import middy from '@middy/core';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { createSqsClient } from '../lib/aws/clients.ts';
import { readEnvironment } from '../lib/aws/environment.ts';
import { deadlineOf, invocation } from '../lib/aws/invocation.ts';
import { openQueue } from '../lib/aws/queue.ts';
import { failed, parseRecord } from '../lib/aws/sqs-batch.ts';
import { createTelemetry } from '../lib/aws/telemetry.ts';
import { clock, newId, portalParts } from '../lib/aws/wiring.ts';
import { portalMessageSchema } from '../lib/tasks/messages.ts';
import { runChore } from '../lib/tasks/chores.ts';

const env = readEnvironment(process.env, [
  'PORTALS_TABLE',
  'CREDENTIALS_TABLE',
  'TASKS_TABLE',
  'EVENTS_QUEUE_URL',
  'DELETIONS_QUEUE_URL',
  'TIDY24_RUN',
  'TIDY24_PORTAL_DOMAINS',
  'TIDY24_APP_PARAMETER',
  'TIDY24_PUBLIC_URL',
]);
const telemetry = createTelemetry('reconcile');
const sqs = createSqsClient();
const options = {
  ...portalParts(env, telemetry),
  events: openQueue(sqs, env.EVENTS_QUEUE_URL, newId),
  deletions: openQueue(sqs, env.DELETIONS_QUEUE_URL, newId),
  publicUrl: env.TIDY24_PUBLIC_URL,
};

/** Queue `reconcile`: what is to be done for a portal as a whole. To prove an installation, to find
 * what no event told of, to act on what became of the app. */
export async function reconcile(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const again = [];
  for (const record of event.Records) {
    const parsed = parseRecord(portalMessageSchema, record);
    if ('message' in parsed) await runChore(options, parsed.message, deadlineOf(context, clock()));
    else {
      // The queue's own dead-letter queue takes it: nothing but ourselves writes here, so it is a mistake of ours.
      telemetry.log.error('unreadable message', { messageId: record.messageId, problem: parsed.problem });
      again.push(record);
    }
  }
  return failed(again);
}

export const handler = middy<SQSEvent, SQSBatchResponse>().use(invocation(telemetry)).handler(reconcile);
