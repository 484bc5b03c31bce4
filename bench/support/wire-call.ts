import * as z from 'zod';
import { readUnits, itemBytes, type WireItem, wireItemSchema } from './capacity.ts';
import type { KnownRows } from './known-rows.ts';

/** One request to SQS or DynamoDB with its answer, as it went over the wire. */
export interface WireCall {
  /** X-Amz-Target: `AmazonSQS.SendMessageBatch`. */
  readonly target: string;
  readonly request: unknown;
  readonly status: number;
  readonly answer: unknown;
}

/** What one call counts. */
export interface Counted {
  /** `PutItem`; a poll that found nothing is `ReceiveMessage (idle)`. */
  readonly operation: string;
  /** Rows or messages. */
  readonly items: number;
  readonly readUnits: number;
  readonly writeUnits: number;
  /** To queues, as SQS bills them: 64 KB begun each. */
  readonly sqsRequests: number;
  /** The same to FIFO queues, which cost more. */
  readonly fifoRequests: number;
}

const requestSchema = z.object({
  TableName: z.string().default(''),
  QueueUrl: z.string().default(''),
  IndexName: z.string().optional(),
  ConsistentRead: z.boolean().default(false),
  Key: wireItemSchema.optional(),
  Item: wireItemSchema.optional(),
  RequestItems: z
    .record(z.string(), z.object({ Keys: z.array(wireItemSchema), ConsistentRead: z.boolean().default(false) }))
    .default({}),
  MessageBody: z.string().default(''),
  Entries: z.array(z.object({ MessageBody: z.string().default('') })).optional(),
});
const answerSchema = z.object({
  Item: wireItemSchema.optional(),
  Items: z.array(wireItemSchema).optional(),
  Count: z.number().default(0),
  ScannedCount: z.number().default(0),
  Attributes: wireItemSchema.optional().catch(undefined),
  Responses: z.record(z.string(), z.array(wireItemSchema)).default({}),
  Messages: z.array(z.object({ Body: z.string().default('') })).optional(),
});
type Request = z.infer<typeof requestSchema>;
type Answer = z.infer<typeof answerSchema>;

const nothing = { items: 0, readUnits: 0, writeUnits: 0, sqsRequests: 0, fifoRequests: 0 };
const sqsRequestBytes = 64 * 1024;
/** A row of an index of keys, of which only the number was asked. */
const keysBytes = 150;

/** What a call is billed as, with `rows` knowing what its table has held until now. */
export function countCall({ target, request, status, answer }: WireCall, rows: KnownRows): Counted {
  const [service, operation = ''] = target.split('.');
  const [asked, answered] = [requestSchema.parse(request), answerSchema.parse(answer ?? {})];
  if (service === 'AmazonSQS') return countQueueCall(operation, asked, answered);
  const isRefused = status !== 200;
  switch (operation) {
    case 'GetItem':
      return read(operation, Number(answered.Item !== undefined), [sizeOf(answered.Item)], asked.ConsistentRead);
    case 'BatchGetItem': {
      const tables = Object.entries(asked.RequestItems).map(([table, { Keys, ConsistentRead }]) => {
        const found = answered.Responses[table] ?? [];
        const sizes = Keys.map((_, index) => sizeOf(found[index]));
        return read(operation, found.length, sizes, ConsistentRead);
      });
      const sum = (of: 'items' | 'readUnits') => tables.reduce((so, counted) => so + counted[of], 0);
      return { operation, ...nothing, items: sum('items'), readUnits: sum('readUnits') };
    }
    case 'Query':
    case 'Scan': {
      const bytes = answered.Items
        ? answered.Items.reduce((sum, item) => sum + itemBytes(item), 0)
        : answered.ScannedCount * keysBytes;
      return read(operation, answered.Count, [bytes], asked.ConsistentRead);
    }
    case 'PutItem':
    case 'UpdateItem':
    case 'DeleteItem': {
      const item = asked.Item ?? asked.Key ?? {};
      const after = operation === 'DeleteItem' ? undefined : (asked.Item ?? answered.Attributes ?? asked.Key);
      const writeUnits = isRefused ? rows.refuse(asked.TableName, item) : rows.write(asked.TableName, item, after);
      return { operation, ...nothing, items: isRefused ? 0 : 1, writeUnits };
    }
    default:
      return { operation, ...nothing };
  }
}

function read(operation: string, items: number, sizes: readonly number[], consistent: boolean): Counted {
  return { operation, ...nothing, items, readUnits: sizes.reduce((sum, size) => sum + readUnits(size, consistent), 0) };
}

function sizeOf(item: WireItem | undefined): number {
  return item === undefined ? 0 : itemBytes(item);
}

function countQueueCall(operation: string, { QueueUrl, MessageBody, Entries }: Request, { Messages }: Answer): Counted {
  const isReceive = operation === 'ReceiveMessage';
  const bodies = isReceive
    ? (Messages ?? []).map(({ Body }) => Body)
    : (Entries?.map((entry) => entry.MessageBody) ?? [MessageBody]);
  const bytes = bodies.reduce((sum, body) => sum + Buffer.byteLength(body), 0);
  const billed = Math.max(1, Math.ceil(bytes / sqsRequestBytes));
  return {
    ...nothing,
    operation: isReceive && bodies.length === 0 ? `${operation} (idle)` : operation,
    items: bodies.length,
    [QueueUrl.endsWith('.fifo') ? 'fifoRequests' : 'sqsRequests']: billed,
  };
}
