/** A public list price. */
export interface Price {
  readonly service: string;
  /** What is counted. */
  readonly unit: string;
  /** US dollars for so many of them. */
  readonly usd: number;
  readonly per: number;
  /** So many a month are free for every account, for ever. */
  readonly free: number;
}

/** The list that these are of, as far as it is known: it was not looked up again when this was written. */
export const priceList = { region: 'eu-central-1 (Frankfurt)', asOf: 'November 2025' } as const;

const million = 1_000_000;

/** Without taxes, data transfer, and what a month of the account's other work has left of the free tier. */
export const prices = {
  httpRequests: { service: 'API Gateway', unit: 'requests of an HTTP API', usd: 1.2, per: million, free: 0 },
  invocations: { service: 'Lambda', unit: 'invocations', usd: 0.2, per: million, free: million },
  gbSeconds: { service: 'Lambda', unit: 'GB-seconds on arm64', usd: 0.0000133334, per: 1, free: 400_000 },
  sqsRequests: { service: 'SQS', unit: 'requests to standard queues', usd: 0.4, per: million, free: million },
  fifoRequests: { service: 'SQS', unit: 'requests to FIFO queues', usd: 0.5, per: million, free: 0 },
  readUnits: { service: 'DynamoDB', unit: 'read request units on demand', usd: 0.1525, per: million, free: 0 },
  writeUnits: { service: 'DynamoDB', unit: 'write request units on demand', usd: 0.7625, per: million, free: 0 },
  logGigabytes: { service: 'CloudWatch', unit: 'GB of logs taken in', usd: 0.63, per: 1, free: 5 },
  alarms: { service: 'CloudWatch', unit: 'alarms', usd: 0.1, per: 1, free: 10 },
  metrics: { service: 'CloudWatch', unit: 'custom metrics', usd: 0.3, per: 1, free: 10 },
  keyRequests: { service: 'KMS', unit: 'requests', usd: 0.03, per: 10_000, free: 20_000 },
} as const satisfies Readonly<Record<string, Price>>;

export type Priced = keyof typeof prices;
export const pricedKeys = Object.keys(prices) as Priced[];
