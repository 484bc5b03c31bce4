import { fork } from 'node:child_process';
import * as z from 'zod';
import type { Benchmark, ResultTable } from '../benchmark.ts';
import { tableSchema } from '../results.ts';
import { type Cell, cells, operating, perReadCall } from './cells.ts';
import { patience } from './measure-cell.ts';

const messageSchema = z.union([z.strictObject({ progress: z.string() }), z.strictObject({ table: tableSchema })]);
/** So many cells at the same time: most of the time a client waits for its portal, and cells share nothing. */
const atOnce = 4;

/** 2,000 lost deals of one portal, as fast as it lets anyone: tidy24, a plain loop and the official SDK. */
export const drain: Benchmark = {
  title: 'how fast 2,000 lost deals are cleaned on one portal, against what the portal lets anyone do',
  run: async (progress) => {
    const stop = new AbortController();
    try {
      const wanted = cells();
      const tables = new Map<Cell, ResultTable>();
      // Those that take longest come first.
      const next = wanted.toSorted((a, b) => realSeconds(b) - realSeconds(a))[Symbol.iterator]();
      const measureSome = async (): Promise<void> => {
        for (const cell of next) tables.set(cell, await measureOne(cell, progress, stop.signal));
      };
      await Promise.all(Array.from({ length: atOnce }, measureSome));
      return {
        tables: wanted.flatMap((cell) => tables.get(cell) ?? []),
        settings: {
          perReadCallSeconds: perReadCall,
          operatingSeconds: operating.seconds,
          windowSeconds: operating.windowSeconds,
          stoppedAfterBounds: patience,
          cellsAtOnce: atOnce,
          caps: 'out of the way',
        },
      };
    } finally {
      stop.abort();
    }
  },
};

function realSeconds({ deals, perDeletion, scale }: Cell): number {
  return (deals * perDeletion) / scale;
}

function measureOne({ name }: Cell, progress: (text: string) => void, signal: AbortSignal): Promise<ResultTable> {
  const child = fork(new URL('cell-process.ts', import.meta.url), [name], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    signal,
  });
  return new Promise((resolve, reject) => {
    child.on('message', (message) => {
      const said = messageSchema.parse(message);
      if ('progress' in said) progress(said.progress);
      else resolve(said.table);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The process for ${name} has ended with ${String(code)}`)));
  });
}
