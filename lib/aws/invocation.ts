import type middy from '@middy/core';
import type { Telemetry } from './telemetry.ts';

/**
 * The middleware that every handler has: metrics are written out at the end, and an error is logged once, by its name
 * and message, which our errors keep free of secrets.
 */
export function invocation({ log, flush }: Telemetry): middy.MiddlewareObj {
  return {
    after: () => {
      flush();
    },
    onError: ({ error }) => {
      const { name, message } = error ?? new Error('unknown');
      log.error('invocation failed', { error: name, reason: message });
      flush();
    },
  };
}

/** When this invocation will be cut off, in ms since the epoch. */
export function deadlineOf(context: { getRemainingTimeInMillis: () => number }, now: number): number {
  return now + context.getRemainingTimeInMillis();
}
