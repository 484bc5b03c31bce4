import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Caller, callerOf } from '../../local/permissions/caller.ts';
import type { TableDefinition } from '../../local/template/tables.ts';
import { KnownRows } from './known-rows.ts';
import { countCall, type Counted } from './wire-call.ts';

/** Calls of one operation: how many, and what they come to. */
export interface CallCount extends Omit<Counted, 'operation'> {
  readonly calls: number;
}

/** By function, then by operation: `counts.plan.PutItem`. `poller` is what feeds a function from its queue. */
export type CallCounts = Readonly<Record<string, Readonly<Record<string, CallCount>>>>;

/**
 * Counts what the embedded SQS and DynamoDB of this process are asked, by whomever: it listens to their HTTP servers, so
 * that retries count as well, and calls from other processes. Whose a call is, is said by `runAs` in this process and by
 * AWS_SDK_UA_APP_ID in others. Read and write units are reckoned from the rows' sizes as DynamoDB bills them, writes with
 * those of the indexes; so it has to be started before the first row is written.
 *
 * @example
 * const watch = CallWatch.start(tableDefinitions(aws.file));
 * await watch.runAs('worker', () => worker(event, context));
 * watch.take().worker?.UpdateItem?.writeUnits;
 * watch.stop();
 */
export class CallWatch {
  readonly #rows: KnownRows;
  readonly #caller = Caller.start();
  #counts: Record<string, Record<string, CallCount>> = {};

  private constructor(tables: readonly TableDefinition[]) {
    this.#rows = new KnownRows(tables);
  }

  static start(tables: readonly TableDefinition[]): CallWatch {
    const watch = new CallWatch(tables);
    subscribe('http.server.request.start', watch.#listen);
    return watch;
  }

  /** Whatever `work` calls is counted as that function's. */
  runAs<T>(functionKey: string, work: () => T): T {
    return this.#caller.runAs(functionKey, work);
  }

  /** Whose work this is, by `runAs`. */
  get functionKey(): string | undefined {
    return this.#caller.functionKey;
  }

  /** What was counted since the start or the last take. */
  take(): CallCounts {
    const counts = this.#counts;
    this.#counts = {};
    return counts;
  }

  stop(): void {
    this.#caller.stop();
    unsubscribe('http.server.request.start', this.#listen);
  }

  readonly #listen = (message: unknown): void => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    const { 'x-amz-target': target, 'user-agent': userAgent = '' } = request.headers;
    if (typeof target !== 'string') return;
    const functionKey = callerOf(userAgent) ?? 'poller';
    const asked: Buffer[] = [];
    const answered: Buffer[] = [];
    request.on('data', (chunk: Buffer) => asked.push(chunk));
    keepWritten(response, answered);
    response.once('finish', () => {
      const call = { target, request: parsed(asked), status: response.statusCode, answer: parsed(answered) };
      this.#add(functionKey, countCall(call, this.#rows));
    });
  };

  #add(functionKey: string, { operation, ...counted }: Counted): void {
    const ofFunction = (this.#counts[functionKey] ??= {});
    ofFunction[operation] = sumOf([ofFunction[operation], { calls: 1, ...counted }]);
  }
}

/** All of them together; those that are not there count nothing. */
export function sumOf(counts: readonly (CallCount | undefined)[]): CallCount {
  const sum = { calls: 0, items: 0, readUnits: 0, writeUnits: 0, sqsRequests: 0, fifoRequests: 0 };
  for (const count of counts) {
    for (const key of ['calls', 'items', 'readUnits', 'writeUnits', 'sqsRequests', 'fifoRequests'] as const) {
      sum[key] += count?.[key] ?? 0;
    }
  }
  return sum;
}

/** What a server answers is not to be had from it later, so what it writes is kept. */
function keepWritten(response: ServerResponse, chunks: Buffer[]): void {
  const keep = (chunk: unknown): void => {
    if (typeof chunk === 'string') chunks.push(Buffer.from(chunk));
    else if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
  };
  const [write, end] = [response.write.bind(response), response.end.bind(response)];
  response.write = ((...args: Parameters<typeof write>) => {
    keep(args[0]);
    return write(...args);
  }) as typeof write;
  response.end = ((...args: Parameters<typeof end>) => {
    keep(args[0]);
    return end(...args);
  }) as typeof end;
}

function parsed(chunks: readonly Buffer[]): unknown {
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? undefined : JSON.parse(text);
}
