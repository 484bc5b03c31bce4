import { maxBatchCommands } from '../../lib/bitrix24/batch.ts';

/** What a portal allows, and how long its calls take. Times in seconds. */
export interface Portal {
  readonly perSecond: number;
  readonly burst: number;
  readonly operatingSeconds: number;
  readonly windowSeconds: number;
  /** One deletion. */
  readonly perDeletion: number;
  /** The request that reads the records of one batch again. */
  readonly perRead: number;
}

/** Operating time is kept in so many baskets over the window; the oldest leaves it as a whole. */
const baskets = 10;
/** No request may take longer: the portal cuts it at 60 s. */
const longestBatch = 45;
const tiny = 1e-6;

/**
 * The least seconds in which any client can delete `count` records of one portal when it reads each of them again
 * before, in one serial stream of requests, without once being refused: each batch is read and then deleted, at full
 * size, and waits for nothing but the rate of requests and the operating time.
 */
export function leastSeconds(count: number, portal: Portal): number {
  const { perSecond, burst, operatingSeconds, windowSeconds, perDeletion, perRead } = portal;
  const basketSeconds = windowSeconds / baskets;
  const used = new Map<number, number>();
  const size = Math.max(1, Math.min(maxBatchCommands, Math.floor(longestBatch / perDeletion)));
  let [now, requests, left] = [0, 0, count];

  const usedAt = (time: number): number => {
    const current = Math.floor(time / basketSeconds);
    return [...used].reduce((sum, [index, seconds]) => (index > current - baskets ? sum + seconds : sum), 0);
  };
  const request = (): void => {
    requests += 1;
    now = Math.max(now, (requests - burst) / perSecond);
  };
  while (left > 0) {
    request();
    now += perRead;
    request();
    for (let nth = 0; nth < size && left > 0; nth += 1) {
      // A call may cross the limit, if it has not been crossed when it begins. Sums of fractions are off by a little.
      while (usedAt(now) > operatingSeconds + tiny) {
        now = (Math.floor(now / basketSeconds) + 1) * basketSeconds;
      }
      const basket = Math.floor(now / basketSeconds);
      used.set(basket, (used.get(basket) ?? 0) + perDeletion);
      now += perDeletion;
      left -= 1;
    }
  }
  return now;
}
