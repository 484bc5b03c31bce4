import { startSimulator } from '../../simulator/simulator.ts';
import type { Benchmark, BenchmarkResult } from '../benchmark.ts';
import { countTable } from '../support/count-rows.ts';
import { senderPatienceMs } from '../support/events.ts';
import { portalMs, type Size, stormSize } from './mass-edit.ts';
import { type Answers, answersOf, restFirstStorm, type StormOutcome, tidy24Storm } from './contenders.ts';

/**
 * So many postings at the same time. Who answers slowly is given more senders, so that the storm remains one. `receive` is
 * a single process here; on Lambda each posting would have an instance to itself.
 */
const atOnce = { patient: 50, impatient: 500 } as const;

const answerHeadings = ['handler', 'at once', '2xx', 'lost', 'p50 ms', 'p99 ms', 'max ms', 'events/s'];
const workHeadings = [
  'handler',
  'requests to read',
  'per 1,000 events',
  'to work',
  '503',
  'lost deals not clean',
  'others touched',
  'last clean after s',
];

/** 10,000 events within seconds, and what comes of them: tidy24, and a handler that works before it answers. */
export const storm: Benchmark = {
  title: '10,000 events for 3,000 deals within seconds: answers, REST requests, and until the last lost deal is clean',
  async run(progress): Promise<BenchmarkResult> {
    const size = stormSize();
    const outcomes: StormOutcome[] = [];
    for (const [name, run, parallel] of [
      ['tidy24', tidy24Storm, atOnce.patient],
      ['REST before the answer', restFirstStorm, atOnce.impatient],
    ] as const) {
      progress(`${name}, ${parallel} at once`);
      const simulator = await startSimulator();
      try {
        outcomes.push({ ...(await run(simulator, size, parallel)), name });
      } finally {
        await simulator.close();
      }
    }
    return resultOf(size, outcomes);
  },
};

function resultOf(size: Size, outcomes: readonly StormOutcome[]): BenchmarkResult {
  const [first] = outcomes;
  const counts = first?.counts ?? {};
  const { events, deals, lost } = size;
  return {
    settings: {
      ...size,
      ...prefixed(portalMs),
      senderPatienceMs,
      requestsPerSecond: 2,
      burst: 50,
      caps: 'out of the way',
    },
    tables: [
      {
        title: `Answers to ${events} events for ${deals} deals, of which ${lost} are lost`,
        headings: answerHeadings,
        rows: outcomes.map(({ name, atOnce: parallel, answers }) => [name, parallel, ...answerRow(answersOf(answers))]),
      },
      {
        title: 'What came of them on the portal',
        headings: workHeadings,
        rows: outcomes.map(({ name, rest, left, touched, cleanAfterMs }) => [
          name,
          rest.reading,
          ((1000 * rest.reading) / events).toFixed(2),
          rest.working,
          rest.refused,
          left,
          touched,
          left === 0 ? (cleanAfterMs / 1000).toFixed(1) : 'never',
        ]),
      },
      countTable(
        `Table and queue calls for 1,000 events of a storm, ${lost} of ${events} with a deletion`,
        counts,
        events,
      ),
    ],
  };
}

function answerRow({ accepted, lost, p50, p99, max, perSecond }: Answers): (string | number)[] {
  return [`${(100 * accepted).toFixed(1)} %`, lost, ...[p50, p99, max, perSecond].map((value) => Math.round(value))];
}

function prefixed({ read, deletion }: typeof portalMs): Record<string, number> {
  return { portalReadMs: read, portalDeletionMs: deletion };
}
