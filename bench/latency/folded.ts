import { startSimulator } from '../../simulator/simulator.ts';
import type { ResultTable } from '../benchmark.ts';
import { tidy24Storm } from '../storm/contenders.ts';
import type { Size } from '../storm/mass-edit.ts';
import { deployedBatch, type Feed, feeds } from './feeds.ts';

/** Lambda begins with so many, and each gathers a batch of its own. */
const pollers = 5;
const atOnce = 50;
/** Smaller than the storm of the benchmark `storm`: without a window it asks for more than the portal's bucket holds. */
const size: Size = { events: 3_000, deals: 900, lost: 60 };
/** Besides those of `feeds`: smaller batches. */
const storms: readonly Feed[] = [
  ...feeds,
  { maximumBatchingWindow: 2, batchSize: 500 },
  { maximumBatchingWindow: 5, batchSize: 500 },
];

/** How many requests to the portal the same storm is folded to, by window and batch. */
export async function foldedStorms(progress: (text: string) => void): Promise<ResultTable> {
  const rows: (string | number)[][] = [];
  for (const feed of storms) {
    const { maximumBatchingWindow: window, batchSize = deployedBatch } = feed;
    progress(`a storm with a window of ${window} s, batches of ${batchSize}`);
    rows.push([window, batchSize, ...(await folded(feed))]);
  }
  return {
    title: `What window and batch do to a storm of ${size.events} events for ${size.deals} deals, with ${pollers} pollers as Lambda begins with`,
    headings: ['window s', 'batch', 'invocations of plan', 'REST requests per 1,000 events'],
    rows,
  };
}

async function folded(feed: Feed): Promise<(string | number)[]> {
  const simulator = await startSimulator();
  try {
    const { rest, invocations } = await tidy24Storm(simulator, size, atOnce, { ...feed, pollers });
    const plans = invocations.filter(({ functionKey }) => functionKey === 'plan').length;
    return [plans, ((1000 * rest.reading) / size.events).toFixed(1)];
  } finally {
    await simulator.close();
  }
}
