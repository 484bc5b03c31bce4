import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import * as z from 'zod/mini';

/** A message whose body follows the schema, or what is wrong with it. */
export type Parsed<T> = { record: SQSRecord; message: T } | { record: SQSRecord; problem: string };

/** Parses one message's body. The problem names fields and rules, never the content. */
export function parseRecord<T>(schema: z.core.$ZodType<T>, record: SQSRecord): Parsed<T> {
  let body: unknown;
  try {
    body = JSON.parse(record.body);
  } catch {
    return { record, problem: 'The message is not JSON.' };
  }
  const parsed = z.safeParse(schema, body);
  if (parsed.success) return { record, message: parsed.data };
  const [issue] = parsed.error.issues;
  return {
    record,
    problem: `The message does not follow the schema: ${issue?.path.join('.') ?? ''} ${issue?.code ?? ''}.`,
  };
}

export function receivesOf(record: SQSRecord): number {
  return Number(record.attributes.ApproximateReceiveCount);
}

/** Only these messages come again. */
export function failed(records: readonly SQSRecord[]): SQSBatchResponse {
  return { batchItemFailures: records.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}
