import * as z from 'zod';
import { callerOf } from './caller.ts';

/** One call of a function to SQS or DynamoDB, in the words of IAM: `dynamodb:Query` on `tidy24-local-tasks/index/due`. */
export interface Call {
  /** The function's name in serverless.yml. */
  readonly functionKey: string;
  readonly action: string;
  readonly resource: string;
}

const bodySchema = z.object({
  QueueUrl: z.string().optional(),
  TableName: z.string().optional(),
  IndexName: z.string().optional(),
  RequestItems: z.record(z.string(), z.unknown()).optional(),
});

const services: Readonly<Record<string, string>> = { AmazonSQS: 'sqs', DynamoDB_20120810: 'dynamodb' };

/**
 * What a request to one of the servers is, as IAM sees it; empty for a caller that is no function.
 *
 * @param headers.target X-Amz-Target, `AmazonSQS.SendMessageBatch`
 * @param headers.userAgent the SDK's, which ends with `app/NAME` when AWS_SDK_UA_APP_ID is set
 */
export function callsOf(headers: { target: string; userAgent: string }, body: unknown): Call[] {
  const functionKey = callerOf(headers.userAgent);
  const [prefix = '', operation = ''] = headers.target.split('.');
  const service = services[prefix];
  if (functionKey === undefined || service === undefined) return [];
  // For IAM there are no batches in SQS.
  const action = `${service}:${service === 'sqs' ? operation.replace(/Batch$/, '') : operation}`;
  return resourcesOf(body).map((resource) => ({ functionKey, action, resource }));
}

function resourcesOf(body: unknown): string[] {
  const { QueueUrl, TableName, IndexName, RequestItems } = bodySchema.parse(body);
  if (QueueUrl !== undefined) return [QueueUrl.slice(QueueUrl.lastIndexOf('/') + 1)];
  if (RequestItems !== undefined) return Object.keys(RequestItems);
  if (TableName !== undefined) return [IndexName === undefined ? TableName : `${TableName}/index/${IndexName}`];
  return [];
}
