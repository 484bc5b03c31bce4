import middy from '@middy/core';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { createDynamoDbClient, createSqsClient } from '../lib/aws/clients.ts';
import { readEnvironment } from '../lib/aws/environment.ts';
import { deadlineOf, invocation } from '../lib/aws/invocation.ts';
import { openQueue, setVisibility } from '../lib/aws/queue.ts';
import { failed, parseRecord, receivesOf } from '../lib/aws/sqs-batch.ts';
import { openTable } from '../lib/aws/table.ts';
import { createTelemetry } from '../lib/aws/telemetry.ts';
import { clock, newId, portalParts } from '../lib/aws/wiring.ts';
import { sendUnreadable } from '../lib/tasks/dead-letter.ts';
import { deletionMessageSchema } from '../lib/tasks/messages.ts';
import { SnapshotStore } from '../lib/tasks/snapshots.ts';
import { workMessage } from '../lib/tasks/work.ts';

const env = readEnvironment(process.env, [
  'PORTALS_TABLE',
  'CREDENTIALS_TABLE',
  'TASKS_TABLE',
  'SNAPSHOTS_TABLE',
  'DELETIONS_QUEUE_URL',
  'DELETIONS_DLQ_URL',
  'RECONCILE_QUEUE_URL',
  'TIDY24_APP_PARAMETER',
  'TIDY24_RUN',
  'TIDY24_PORTAL_DOMAINS',
  'TIDY24_UNDO_DAYS',
]);
const telemetry = createTelemetry('worker');
const sqs = createSqsClient();
const deletionsDlq = openQueue(sqs, env.DELETIONS_DLQ_URL, newId);
const options = {
  ...portalParts(env, telemetry),
  snapshots: new SnapshotStore(
    openTable(createDynamoDbClient(), env.SNAPSHOTS_TABLE),
    clock,
    Math.random,
    env.TIDY24_UNDO_DAYS,
  ),
  deletionsDlq,
};

const line = {
  deletions: openQueue(sqs, env.DELETIONS_QUEUE_URL, newId),
  reconcile: openQueue(sqs, env.RECONCILE_QUEUE_URL, newId),
  newId,
};

/** A little over this function's time-out: were it killed, the message comes again then, and not after half an hour. */
const visibilitySeconds = 330;

/** Queue `deletions.fifo`: carries tasks out. */
export async function worker(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  const again: SQSRecord[] = [];
  for (const record of event.Records) {
    if (!(await workRecord(record, context))) again.push(record);
  }
  return failed(again);
}

/** Whether the message is finished. */
async function workRecord(record: SQSRecord, context: Context): Promise<boolean> {
  const { messageId, body, receiptHandle } = record;
  const receives = receivesOf(record);
  const parsed = parseRecord(deletionMessageSchema, record);
  if (!('message' in parsed)) {
    await sendUnreadable(deletionsDlq, { messageId, body, receives, problem: parsed.problem, at: clock() });
    telemetry.log.error('unreadable message dead-lettered', { messageId, problem: parsed.problem });
    return true;
  }
  await shorten(receiptHandle);
  const until = await workMessage(options, parsed.message, { deadline: deadlineOf(context, clock()), receives }, line);
  if (until === undefined) return true;
  await setVisibility(sqs, env.DELETIONS_QUEUE_URL, receiptHandle, (until - clock()) / 1000);
  return false;
}

/** Without it the message would come again after half an hour instead of minutes: no reason to give up the work. */
async function shorten(receiptHandle: string): Promise<void> {
  try {
    await setVisibility(sqs, env.DELETIONS_QUEUE_URL, receiptHandle, visibilitySeconds);
  } catch (error) {
    telemetry.log.warn('visibility not changed', { reason: error instanceof Error ? error.name : 'unknown' });
  }
}

export const handler = middy<SQSEvent, SQSBatchResponse>().use(invocation(telemetry)).handler(worker);
