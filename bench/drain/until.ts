import { setTimeout as delay } from 'node:timers/promises';

/** Longer than any run should take, in real ms. */
const longestMs = 1_800_000;

/** Looks every few ms. Throws when it does not come true within half an hour. */
export async function until(isTrue: () => boolean, what: string): Promise<void> {
  const end = performance.now() + longestMs;
  while (!isTrue()) {
    if (performance.now() > end) throw new Error(`Not within half an hour: ${what}`);
    await delay(5);
  }
}
