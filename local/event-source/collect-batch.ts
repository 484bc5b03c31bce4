import type { Message } from '@aws-sdk/client-sqs';
import { pause } from './pause.ts';

/** One ReceiveMessage: at most `count` messages, after at most `waitSeconds` (whole seconds). */
export type Receive = (count: number, waitSeconds: number) => Promise<Message[]>;

const receiveLimit = 10;
const shortPauseMs = 20;

/**
 * One batch: empty when nothing came within `waitSeconds`, otherwise what came until `batchSize` was reached or
 * `windowMs` had passed since the first message. Without a window it is what a single receive gave, as on AWS.
 *
 * A receive is never cut off: messages on their way in its answer would stay invisible for the queue's whole time-out.
 * So `stop` is looked at between receives only.
 */
export async function collectBatch(options: {
  receive: Receive;
  batchSize: number;
  windowMs: number;
  waitSeconds: number;
  now: () => number;
  stop: AbortSignal;
}): Promise<Message[]> {
  const { receive, batchSize, windowMs, now } = options;
  const batch = await receive(Math.min(receiveLimit, batchSize), options.waitSeconds);
  if (batch.length === 0) return batch;

  const end = now() + windowMs;
  while (batch.length < batchSize && now() < end && !options.stop.aborted) {
    const waitSeconds = Math.min(options.waitSeconds, Math.floor((end - now()) / 1_000));
    // A queue that cannot be reached now must not lose the messages that are already here.
    const more = await receive(Math.min(receiveLimit, batchSize - batch.length), waitSeconds).catch(() => undefined);
    if (more === undefined) break;
    batch.push(...more);
    if (more.length === 0 && waitSeconds === 0)
      await pause(Math.max(0, Math.min(shortPauseMs, end - now())), options.stop);
  }
  return batch;
}
