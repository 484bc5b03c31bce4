import type { Measurement } from '../../bench/support/deployed/process-messages.ts';
import { type Books, wrongInTheEnd } from './accounts.ts';
import { fates } from './fates.ts';
import { bounds, grownAtRest, judgeMemory, leakedResources, mostSockets, type Sample } from './memory.ts';
import type { Soak } from './soak.ts';

interface Table {
  readonly title: string;
  readonly headings: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Report {
  readonly tables: readonly Table[];
  /** Empty when the soak was passed. */
  readonly wrong: readonly string[];
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

type Samples = Soak['samples'];

/** What scripts hold: the heap, and the buffers outside it. */
const held = ({ heapUsed, external }: Measurement): number => heapUsed + external;
const ofScripts = ({ functions }: Samples[number]): number => held(functions);

const inTime = (samples: Samples, bytesOf: (sample: Samples[number]) => number): Sample[] =>
  samples.map((sample) => ({ minutes: sample.minutes, bytes: bytesOf(sample) }));

/** What happened, what became of it, and what of that is wrong. */
export function reportOf(soak: Soak, books: Books): Report {
  const { deeds, troubles, samples, rests, failures } = soak;
  const posted = soak.members.flatMap(({ portal }) => portal.postedEvents);
  const answers = Map.groupBy(posted, ({ outcome }) => String(outcome));
  const unanswered = posted.filter(({ outcome }) => outcome !== 200 && outcome !== 'dropped').length;
  const memory = judgeMemory(inTime(samples, ofScripts));
  const start = rests.get('start')?.resources ?? {};
  const leaked = [...rests]
    .filter(([name]) => name !== 'start')
    .flatMap(([name, { resources }]) => leakedResources(start, resources).map((text) => `${name}: ${text}`));
  const [middle, end] = [rests.get('middle'), rests.get('end')];
  if (!middle || !end) throw new RangeError('Memory at rest was not measured');
  const grown = grownAtRest(held(middle), held(end));
  const sockets = Math.max(...samples.map(({ functions }) => functions.resources['TCPSocketWrap'] ?? 0));

  const wrong = [
    ...wrongInTheEnd(deeds.followed, books, soak.unreadable),
    ...(unanswered > 0 ? [`${unanswered} events were not answered with 200`] : []),
    ...failures.map((text) => `a function threw a batch away: ${text}`),
    ...(soak.refusals > 0 ? [`${soak.refusals} requests ran into a limit of a portal`] : []),
    ...(memory.isFlat ? [] : ['memory is not flat']),
    ...(grown === undefined ? [] : [grown]),
    ...leaked.map((text) => `resources have leaked, ${text}`),
    ...(sockets > mostSockets ? [`${sockets} sockets were open at once`] : []),
  ];
  const byFate = Map.groupBy(deeds.followed, ({ fate }) => fate);
  const byStatus = Map.groupBy(books.tasks, ({ status }) => status);
  const tables = [
    countTable('What happened', 'deed', deeds.counts),
    countTable('What went wrong at the portals', 'trouble', troubles.counts()),
    countTable(
      'Deals, by what had to become of them',
      'deal',
      sizes(fates.map((fate) => [fate, byFate.get(fate) ?? []])),
    ),
    countTable('Tasks in the end', 'status', sizes([...byStatus])),
    countTable('Events, by the answer they got', 'answer', sizes([...answers])),
    countTable('Dead-letter queues', 'queue', sizes([...books.letters])),
    memoryTable(samples),
    {
      title: 'The functions at rest: open resources, and memory after a forced collection',
      headings: ['moment', 'resources', 'heap', 'heap and buffers outside it, which is judged', 'RSS'],
      rows: [...rests].map(([name, measurement]) => [
        name,
        JSON.stringify(measurement.resources),
        ...[measurement.heapUsed, held(measurement), measurement.rss].map(megabytes),
      ]),
    },
    {
      title: 'Otherwise',
      headings: ['what', 'figure'],
      rows: [
        ['requests to the portals', String(soak.requests)],
        ['of these, refused by a limit of the portal', String(soak.refusals)],
        ['most sockets open at once', String(sockets)],
        ['seconds from the end of the load until all was done', (soak.settledAfterMs / 1000).toFixed(0)],
      ],
    },
  ];
  return { tables, wrong };
}

/** What the whole process has (RSS) is told only: it keeps what it once had, for what comes next. */
function memoryTable(samples: Samples): Table {
  const kinds: [string, (sample: Samples[number]) => number][] = [
    ['heap', ({ functions }) => functions.heapUsed],
    ['heap and buffers outside it, which is judged', ofScripts],
    ['the whole process (RSS)', ({ functions }) => functions.rss],
    ['heap of the process around it', ({ surroundings }) => surroundings],
  ];
  return {
    title:
      'Memory of the functions, after a forced collection; ' +
      `at most ${megabytes(bounds.growthBytes)}, and ${bounds.lastToFirst} of the first of the 2nd half`,
    headings: ['what', 'first sample', 'first of the 2nd half', 'last', 'trend of the 2nd half'],
    rows: kinds.map(([name, bytesOf]) => {
      const { growthBytes, bytesPerMinute } = judgeMemory(inTime(samples, bytesOf));
      const [first = 0, middle = 0, last = 0] = [0, Math.floor(samples.length / 2), samples.length - 1].map((index) =>
        samples[index] ? bytesOf(samples[index]) : 0,
      );
      return [
        name,
        ...[first, middle, last].map(megabytes),
        `${megabytes(growthBytes)}, ${(bytesPerMinute / 1e3).toFixed(0)} KB/min`,
      ];
    }),
  };
}

function sizes(groups: readonly (readonly [string, readonly unknown[]])[]): Map<string, number> {
  return new Map(groups.map(([name, some]) => [name, some.length]));
}

function countTable(title: string, of: string, counts: ReadonlyMap<string, number>): Table {
  const rows = [...counts].toSorted(([, a], [, b]) => b - a).map(([name, count]) => [name, String(count)]);
  return { title, headings: [of, 'count'], rows };
}
