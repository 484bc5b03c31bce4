import type { Benchmark } from '../benchmark.ts';
import { percentile } from '../statistics.ts';
import type { Kind } from './lost-portal.ts';
import { playRound, type Round } from './round.ts';
import { setting } from './setting.ts';

const odd: readonly Kind[] = ['loaded', 'slow', 'paused'];

/** Alone twice: how far the two are apart is what the machine alone makes of the same work. */
const rounds: readonly { readonly name: string; readonly beside: readonly Kind[] }[] = [
  { name: 'alone', beside: [] },
  { name: 'beside the three', beside: odd },
  { name: 'alone again', beside: [] },
];

/** 50 portals at once: what a loaded, a slow and a paused one cost the other 47. */
export const portals: Benchmark = {
  title: 'whether a portal with 100 times the load, a slow one and a paused one slow 47 others down',
  run: async (progress) => {
    const chosen = setting();
    const played: { name: string; round: Round }[] = [];
    for (const { name, beside } of rounds) {
      progress(`${name}, ${chosen.scale} times as fast as real time`);
      played.push({ name, round: await playRound(chosen, beside) });
    }
    return {
      tables: [normalTable(played, chosen.normal), oddTable(played)],
      settings: { ...chosen, caps: 'out of the way', plan: 'ordinary', timesAre: "seconds of the portals' own time" },
    };
  },
};

const headings = [
  'round',
  'p50',
  'p99',
  'max',
  'p50 to alone',
  'longest run of the clock',
  'CPU: portals, queues, tables',
  'CPU: functions',
];

function normalTable(played: readonly { name: string; round: Round }[], normal: number) {
  const [first] = played;
  const median = first ? percentile(first.round.seconds, 0.5) : Number.NaN;
  return {
    title: `The ${normal} normal portals: seconds until the last deletion of each`,
    headings,
    rows: played.map(({ name, round: { seconds, load, longestRelease } }) => [
      name,
      percentile(seconds, 0.5).toFixed(1),
      percentile(seconds, 0.99).toFixed(1),
      Math.max(...seconds).toFixed(1),
      (percentile(seconds, 0.5) / median).toFixed(3),
      longestRelease.toFixed(1),
      `${(100 * load.surroundings).toFixed(0)} %`,
      `${(100 * load.functions).toFixed(0)} %`,
    ]),
  };
}

function oddTable(played: readonly { name: string; round: Round }[]) {
  return {
    title: 'The three odd ones, when the last normal portal was clean',
    headings: ['portal', 'deletions asked for', 'deals clean'],
    rows: played.flatMap(({ round }) => round.others.map(({ kind, asked, cleaned }) => [kind, asked, cleaned])),
  };
}
