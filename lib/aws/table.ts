import {
  BatchGetCommand,
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';

export type Key = Record<string, string | number>;
export type Item = Record<string, unknown>;

/**
 * What a condition or update in DynamoDB's expression language refers to. Every attribute is written `#attribute`
 * there, because hundreds of words are reserved; every value `:value`.
 */
export interface Expression {
  values?: Record<string, unknown>;
  /** Attributes whose name is no word, by the word that stands for them after the `#`. */
  aliases?: Record<string, string>;
}

export interface QueryOptions extends Expression {
  index?: string;
  where: string;
  limit?: number;
  startAfter?: Item | undefined;
  descending?: boolean;
  /** Only the number of rows is wanted. */
  countOnly?: boolean;
}

export interface Page {
  items: Item[];
  count: number;
  /** Given when there is more: pass it as `startAfter`. */
  last?: Item | undefined;
}

/**
 * One table, as the stores see it: rows are plain objects, a condition that does not hold is an answer and not an
 * error. Every row that comes out is `unknown` in its fields: the store parses it.
 */
export interface Table {
  get(key: Key): Promise<Item | undefined>;
  /** At most 100 keys. Rows in no particular order; missing ones are left out. */
  getMany(keys: Key[]): Promise<Item[]>;
  /** False when the condition did not hold. */
  put: (item: Item, condition?: Expression & { if: string }) => Promise<boolean>;
  /** The row after the update, or undefined when the condition did not hold. */
  update: (key: Key, change: Expression & { set: string; if?: string }) => Promise<Item | undefined>;
  /** False when the condition did not hold. */
  delete: (key: Key, condition?: Expression & { if: string }) => Promise<boolean>;
  query(options: QueryOptions): Promise<Page>;
  /** Reads the whole table: for an operator's commands, never for a function. */
  scan(filter: Expression & { where: string; startAfter?: Item | undefined }): Promise<Page>;
}

/** Thrown when DynamoDB refused or did not answer, after the SDK's own retries. */
export class TableUnavailable extends Error {
  override readonly name = 'TableUnavailable';
  readonly code = 'TABLE_UNAVAILABLE';
}

function expressions({ values, aliases = {} }: Expression, ...texts: (string | undefined)[]) {
  const words = new Set(texts.flatMap((text) => [...(text ?? '').matchAll(/#(\w+)/g)].map(([, word = '']) => word)));
  return {
    ...(words.size > 0 && {
      ExpressionAttributeNames: Object.fromEntries([...words].map((word) => [`#${word}`, aliases[word] ?? word])),
    }),
    ...(values && {
      ExpressionAttributeValues: Object.fromEntries(Object.entries(values).map(([key, value]) => [`:${key}`, value])),
    }),
  };
}

/** Rejections of a batch read that leave keys unread are repeated this often before it counts as unavailable. */
const batchGetRounds = 5;

/** By shape, because an error may come from another realm. */
function nameOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'name' in error ? String(error.name) : 'unknown';
}

export function openTable(client: DynamoDBDocumentClient, TableName: string): Table {
  /** Undefined when the condition did not hold; anything else DynamoDB refuses is an error. */
  async function attempt<T>(operation: string, send: () => Promise<T>): Promise<T | undefined> {
    try {
      return await send();
    } catch (error) {
      if (nameOf(error) === 'ConditionalCheckFailedException') return undefined;
      throw new TableUnavailable(`${operation} on table ${TableName} failed: ${nameOf(error)}`, { cause: error });
    }
  }

  return {
    async get(Key) {
      const output = await attempt('Get', () => client.send(new GetCommand({ TableName, Key, ConsistentRead: true })));
      return output?.Item;
    },

    async getMany(keys) {
      const items: Item[] = [];
      let open: Key[] = keys;
      for (let round = 0; open.length > 0; round += 1) {
        if (round === batchGetRounds) throw new TableUnavailable(`BatchGet on table ${TableName} left keys unread`);
        const output = await attempt('BatchGet', () =>
          client.send(new BatchGetCommand({ RequestItems: { [TableName]: { Keys: open, ConsistentRead: true } } })),
        );
        items.push(...(output?.Responses?.[TableName] ?? []));
        open = (output?.UnprocessedKeys?.[TableName]?.Keys ?? []) as Key[];
      }
      return items;
    },

    async put(row, condition) {
      const output = await attempt('Put', () =>
        client.send(
          new PutCommand({
            TableName,
            Item: row,
            ...(condition && { ConditionExpression: condition.if, ...expressions(condition, condition.if) }),
          }),
        ),
      );
      return output !== undefined;
    },

    async update(Key, change) {
      const output = await attempt('Update', () =>
        client.send(
          new UpdateCommand({
            TableName,
            Key,
            UpdateExpression: change.set,
            ...(change.if !== undefined && { ConditionExpression: change.if }),
            ...expressions(change, change.set, change.if),
            ReturnValues: 'ALL_NEW',
          }),
        ),
      );
      return output?.Attributes;
    },

    async delete(Key, condition) {
      const output = await attempt('Delete', () =>
        client.send(
          new DeleteCommand({
            TableName,
            Key,
            ...(condition && { ConditionExpression: condition.if, ...expressions(condition, condition.if) }),
          }),
        ),
      );
      return output !== undefined;
    },

    async query(options) {
      const output = await attempt('Query', () =>
        client.send(
          new QueryCommand({
            TableName,
            ...(options.index === undefined ? { ConsistentRead: true } : { IndexName: options.index }),
            KeyConditionExpression: options.where,
            ...expressions(options, options.where),
            ...(options.limit !== undefined && { Limit: options.limit }),
            ...(options.startAfter && { ExclusiveStartKey: options.startAfter }),
            ...(options.descending && { ScanIndexForward: false }),
            ...(options.countOnly && { Select: 'COUNT' as const }),
          }),
        ),
      );
      return { items: output?.Items ?? [], count: output?.Count ?? 0, last: output?.LastEvaluatedKey };
    },

    async scan(filter) {
      const output = await attempt('Scan', () =>
        client.send(
          new ScanCommand({
            TableName,
            FilterExpression: filter.where,
            ...expressions(filter, filter.where),
            ...(filter.startAfter && { ExclusiveStartKey: filter.startAfter }),
          }),
        ),
      );
      return { items: output?.Items ?? [], count: output?.Count ?? 0, last: output?.LastEvaluatedKey };
    },
  };
}
