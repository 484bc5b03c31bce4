import { fork } from 'node:child_process';
import * as z from 'zod';
import type { Benchmark, ResultTable } from '../benchmark.ts';
import { type Cell, cells, operating, perReadCall } from './cells.ts';
import { patience } from './measure-cells.ts';

const cellSchema = z.union([z.string(), z.number()]);
const messageSchema = z.union([
  z.strictObject({ progress: z.string() }),
  z.strictObject({
    tables: z.array(
      z.strictObject({ title: z.string(), headings: z.array(z.string()), rows: z.array(z.array(cellSchema)) }),
    ),
  }),
]);

/** 2,000 lost deals of one portal, as fast as it lets anyone: tidy24, a plain loop and the official SDK. */
export const drain: Benchmark = {
  title: 'how fast 2,000 lost deals are cleaned on one portal, against what the portal lets anyone do',
  run: async (progress) => {
    const stop = new AbortController();
    try {
      const plans = [...new Set(cells().map(({ plan }) => plan))];
      const tables = await Promise.all(plans.map((plan) => measurePlan(plan, progress, stop.signal)));
      return {
        tables: tables.flat(),
        settings: {
          perReadCallSeconds: perReadCall,
          operatingSeconds: operating.seconds,
          windowSeconds: operating.windowSeconds,
          stoppedAfterBounds: patience,
          atOnce: `${plans.length} (the plans side by side, each in a process of its own)`,
          caps: 'out of the way',
        },
      };
    } finally {
      stop.abort();
    }
  },
};

/** The plans are measured side by side: most of the time a client waits for its portal, and the two share nothing. */
function measurePlan(
  plan: Cell['plan'],
  progress: (text: string) => void,
  signal: AbortSignal,
): Promise<readonly ResultTable[]> {
  const child = fork(new URL('plan-process.ts', import.meta.url), [plan], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    signal,
  });
  return new Promise((resolve, reject) => {
    child.on('message', (message) => {
      const said = messageSchema.parse(message);
      if ('progress' in said) progress(said.progress);
      else resolve(said.tables);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The process for ${plan} portals has ended with ${String(code)}`)));
  });
}
