import { randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';

/** Thrown where AWS would end an invocation that ran past its function's time-out. */
export class FunctionTimedOut extends Error {
  override readonly name = 'FunctionTimedOut';
}

/** The bare part of Lambda's handler that is used here. */
export type Handler<Event> = (event: Event, context: Context) => unknown;

/**
 * Runs a handler in this process as Lambda would: event and answer pass through JSON, the context knows how much time
 * is left, and an answer after `timeoutSeconds` comes too late.
 *
 * @example startEventSourceMapping({ ..., invoke: inProcess(handler, { functionName: 'worker', timeoutSeconds: 300 }) })
 */
export function inProcess<Event>(
  handler: Handler<Event>,
  options: { functionName: string; timeoutSeconds: number; now?: () => number },
): (event: Event) => Promise<unknown> {
  return async (event) => {
    let timer: NodeJS.Timeout | undefined;
    const timedOut = new Promise<never>((_resolve, reject) => {
      const message = `${options.functionName}: Task timed out after ${options.timeoutSeconds} seconds`;
      timer = setTimeout(() => reject(new FunctionTimedOut(message)), options.timeoutSeconds * 1_000);
    });
    try {
      const answer = await Promise.race([handler(throughJson(event), lambdaContext(options)), timedOut]);
      return answer === undefined ? null : throughJson(answer);
    } finally {
      clearTimeout(timer);
    }
  };
}

function throughJson<T>(value: T): T {
  const copy: T = JSON.parse(JSON.stringify(value));
  return copy;
}

function unsupported(): never {
  throw new Error('A handler answers with its promise; done, fail and succeed are not there any more.');
}

/** A context as a function gets it at the start of an invocation. `now` is in ms since the epoch. */
export function lambdaContext(options: { functionName: string; timeoutSeconds: number; now?: () => number }): Context {
  const { functionName, timeoutSeconds, now = Date.now } = options;
  const end = now() + timeoutSeconds * 1_000;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:eu-central-1:000000000000:function:${functionName}`,
    memoryLimitInMB: '512',
    awsRequestId: randomUUID(),
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'local',
    getRemainingTimeInMillis: () => Math.max(0, end - now()),
    done: unsupported,
    fail: unsupported,
    succeed: unsupported,
  };
}
