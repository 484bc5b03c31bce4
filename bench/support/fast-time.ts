import { setTimeout as delay } from 'node:timers/promises';
import type { Sleep } from '../../lib/bitrix24/clock.ts';

const RealDate = globalThis.Date;
const realTimeout = globalThis.setTimeout;

/**
 * Lets this process live `factor` times as fast: `Date` runs on from `origin` at that speed, for everything that asks it
 * (functions, queues, tables, portals). Gives what sets it right again. `origin` is now unless another process lives
 * faster since then (ms since the epoch, real time), and the two are to agree.
 */
export function liveFaster(factor: number, origin: number = RealDate.now()): () => void {
  const started = performance.now() - (RealDate.now() - origin);
  const now = (): number => Math.floor(origin + (performance.now() - started) * factor);
  class FastDate extends RealDate {
    constructor(...args: readonly unknown[]) {
      super(...((args.length === 0 ? [now()] : args) as [number]));
    }
    static override now(): number {
      return now();
    }
  }
  globalThis.Date = FastDate as unknown as DateConstructor;
  return () => {
    globalThis.Date = RealDate;
  };
}

/** While `work` runs, timers of the global object end `factor` times as early: for clients that wait by them. */
export async function withFastTimers<T>(factor: number, work: () => Promise<T>): Promise<T> {
  const fast = (handler: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): NodeJS.Timeout =>
    realTimeout(handler, ms / factor, ...args);
  globalThis.setTimeout = Object.assign(fast, { __promisify__: delay }) as unknown as typeof setTimeout;
  try {
    return await work();
  } finally {
    globalThis.setTimeout = realTimeout;
  }
}

/**
 * A sleep that is right on the whole, as a portal of its own machine would be: a timer ends a little late, and what one
 * sleep was late the following are shorter.
 */
export function punctualSleep(): Sleep {
  let late = 0;
  return async (ms, signal) => {
    const wait = Math.max(0, ms - late);
    late -= ms - wait;
    const began = performance.now();
    await delay(wait, undefined, signal && { signal });
    late += performance.now() - began - wait;
  };
}
