import { describe, expect, it } from '@jest/globals';
import type { Message } from '@aws-sdk/client-sqs';
import { collectBatch } from '../../../local/event-source/collect-batch.ts';

/** A queue that gives `arrivals` one after the other, each receive taking `stepMs` of a clock that it moves. */
function scripted(arrivals: (number | Error)[], stepMs: number) {
  let now = 0;
  const asked: { count: number; waitSeconds: number }[] = [];
  const receive = async (count: number, waitSeconds: number): Promise<Message[]> => {
    asked.push({ count, waitSeconds });
    now += stepMs;
    const next = arrivals.shift() ?? 0;
    if (next instanceof Error) throw next;
    return Array.from({ length: next }, () => ({}));
  };
  return { receive, asked, now: () => now };
}

const stop = new AbortController().signal;

describe('a batch', () => {
  it('without a window is what one receive gave', async () => {
    const queue = scripted([3, 4], 1);
    const batch = await collectBatch({ ...queue, batchSize: 10, windowMs: 0, waitSeconds: 1, stop });
    expect(batch).toHaveLength(3);
  });

  it('is gathered until it is full, and never asks for more than fits', async () => {
    const queue = scripted([10, 10, 5, 9], 1);
    const batch = await collectBatch({ ...queue, batchSize: 25, windowMs: 60_000, waitSeconds: 1, stop });
    expect(batch).toHaveLength(25);
    expect(queue.asked.map(({ count }) => count)).toEqual([10, 10, 5]);
  });

  it('is gathered until the window has passed since its first message', async () => {
    const queue = scripted([1, 1, 1, 1, 1, 1], 500);
    const batch = await collectBatch({ ...queue, batchSize: 100, windowMs: 2_000, waitSeconds: 1, stop });
    expect(batch).toHaveLength(5);
  });

  it('does not wait past the window for a last message', async () => {
    const queue = scripted([1, 0, 0], 700);
    await collectBatch({ ...queue, batchSize: 100, windowMs: 2_000, waitSeconds: 20, stop });
    expect(queue.asked.map(({ waitSeconds }) => waitSeconds)).toEqual([20, 2, 1, 0]);
  });

  it('is not lost when the queue becomes unreachable on the way', async () => {
    const queue = scripted([4, new Error('gone')], 1);
    const batch = await collectBatch({ ...queue, batchSize: 100, windowMs: 2_000, waitSeconds: 1, stop });
    expect(batch).toHaveLength(4);
  });
});
