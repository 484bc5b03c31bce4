import type { PlanFeed } from '../support/system.ts';

export type Feed = PlanFeed & { readonly maximumBatchingWindow: number };

/** As serverless.yml has them. */
export const deployedWindow = 2;
export const deployedBatch = 500;

/** AWS allows no batch of more than 10 without a window. */
export const feeds: readonly Feed[] = [
  { maximumBatchingWindow: 0, batchSize: 10 },
  { maximumBatchingWindow: 1 },
  { maximumBatchingWindow: deployedWindow },
  { maximumBatchingWindow: 5 },
];
