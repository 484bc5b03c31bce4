import { setTimeout } from 'node:timers/promises';

/** Waits `ms`, or until `signal` is aborted. Never rejects: what follows has to look at the signal anyway. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch(() => undefined);
}
