import type { Random } from '../bitrix24/clock.ts';
import { minute, second } from '../bitrix24/reactions.ts';

/** How often something that may work later is tried: about an hour in all. */
export const maxAttempts = 8;

const firstDelayMs = 30 * second;
/** No two tries are further apart, but for the jitter. */
export const longestDelayMs = 15 * minute;
const jitter = 0.2;

/** ms to wait after the attempt of that number (1 is the first): doubling, with ±20 % so that tries do not gather. */
export function backoffMs(attempt: number, random: Random): number {
  const delay = Math.min(longestDelayMs, firstDelayMs * 2 ** Math.max(0, attempt - 1));
  return Math.round(delay * (1 - jitter + 2 * jitter * random()));
}
