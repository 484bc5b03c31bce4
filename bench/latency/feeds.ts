import { deployedFeed, type PlanFeed } from '../support/system.ts';

export type Feed = PlanFeed & { readonly maximumBatchingWindow: number };

export const deployedWindow = deployedFeed.maximumBatchingWindow;
export const deployedBatch = deployedFeed.batchSize;

/** AWS allows no batch of more than 10 without a window. */
export const feeds: readonly Feed[] = [
  { maximumBatchingWindow: 0, batchSize: 10 },
  { maximumBatchingWindow: 1 },
  { maximumBatchingWindow: 2 },
  { maximumBatchingWindow: deployedWindow },
];
