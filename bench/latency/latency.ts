import type { Benchmark, ResultTable } from '../benchmark.ts';
import { percentile } from '../statistics.ts';
import { portalMs } from '../storm/mass-edit.ts';
import { busy } from './busy.ts';
import { deployedBatch, deployedWindow, type Feed, feeds } from './feeds.ts';
import { foldedStorms } from './folded.ts';
import { idle, type Measured } from './idle.ts';
import { stepNames } from './steps.ts';

/** Of the windows that are not deployed, at most. */
const fewerSamples = 50;

/** From one lost deal's event to its contact unlinked, idle and busy, and what the window of the events queue does. */
export const latency: Benchmark = {
  title: 'from the event of one lost deal to its contact unlinked: idle and busy, step by step, by batching window',
  async run(progress) {
    const samples = Number(process.env['TIDY24_SAMPLES'] ?? 200);
    progress('idle, each window in a system of its own, side by side');
    const idles = await Promise.all(
      feeds.map((feed) =>
        feed.maximumBatchingWindow === deployedWindow
          ? inTwoSystems(feed, samples)
          : idle(feed, Math.min(samples, fewerSamples)),
      ),
    );
    const deployed = idles[feeds.findIndex(({ maximumBatchingWindow }) => maximumBatchingWindow === deployedWindow)];
    progress('busy, a backlog of another portal and one of the same portal, side by side');
    const busies = await Promise.all(
      (['another portal', 'the same portal'] as const).map(async (where): Promise<[string, number[]]> => [
        `a backlog of ${where}`,
        await busy(where, samples),
      ]),
    );
    const storms = await foldedStorms(progress);
    return {
      settings: { samples, fewerSamples, portalReadMs: portalMs.read, portalDeletionMs: portalMs.deletion, wait: '0m' },
      tables: [
        totals([['idle', deployed?.totals ?? []], ...busies]),
        ...(deployed ? [steps(deployed)] : []),
        windows(idles),
        storms,
      ],
    };
  },
};

/** Half of the samples each, so that it takes half of the time. */
async function inTwoSystems(feed: Feed, samples: number): Promise<Measured> {
  const half = Math.ceil(samples / 2);
  const [one, other] = await Promise.all([idle(feed, half), idle(feed, samples - half)]);
  return { totals: [...one.totals, ...other.totals], steps: [...one.steps, ...other.steps] };
}

const figures = (values: readonly number[]): string[] =>
  [0.5, 0.99, 1].map((share) => percentile(values, share).toFixed(0));

function totals(rows: readonly [string, readonly number[]][]): ResultTable {
  return {
    title: `From event to effect in ms, window ${deployedWindow} s, as in serverless.yml`,
    headings: ['system', 'samples', 'p50', 'p99', 'max'],
    rows: rows.map(([name, values]) => [name, values.length, ...figures(values)]),
  };
}

function steps({ steps: all }: Measured): ResultTable {
  return {
    title: 'Step by step in ms, idle',
    headings: ['step', 'p50', 'p99', 'max'],
    rows: stepNames.map((name, index) => [name, ...figures(all.map((one) => one[index] ?? 0))]),
  };
}

function windows(idles: readonly Measured[]): ResultTable {
  return {
    title: 'What the window of the events queue does to one event alone, in ms',
    headings: ['window s', 'batch', 'samples', 'p50', 'p99', 'max'],
    rows: feeds.map(({ maximumBatchingWindow, batchSize = deployedBatch }, index) => [
      maximumBatchingWindow,
      batchSize,
      idles[index]?.totals.length ?? 0,
      ...figures(idles[index]?.totals ?? []),
    ]),
  };
}
