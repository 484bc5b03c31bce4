import { type Books, wrongInTheEnd } from './accounts.ts';
import { fates } from './fates.ts';
import { bounds, judgeMemory, leakedResources, mostSockets } from './memory.ts';
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

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

/** What happened, what became of it, and what of that is wrong. */
export function reportOf(soak: Soak, books: Books): Report {
  const { deeds, troubles, samples, rests, failures } = soak;
  const posted = soak.members.flatMap(({ portal }) => portal.postedEvents);
  const answers = Map.groupBy(posted, ({ outcome }) => String(outcome));
  const unanswered = posted.filter(({ outcome }) => outcome !== 200 && outcome !== 'dropped').length;
  const memory = judgeMemory(samples.map(({ minutes, functions }) => ({ minutes, bytes: functions.heapUsed })));
  const start = rests.get('start')?.resources ?? {};
  const leaked = [...rests]
    .filter(([name]) => name !== 'start')
    .flatMap(([name, { resources }]) => leakedResources(start, resources).map((text) => `${name}: ${text}`));
  const sockets = Math.max(...samples.map(({ functions }) => functions.resources['TCPSocketWrap'] ?? 0));

  const wrong = [
    ...wrongInTheEnd(deeds.followed, books, soak.unreadable),
    ...(unanswered > 0 ? [`${unanswered} events were not answered with 200`] : []),
    ...failures.map((text) => `a function threw a batch away: ${text}`),
    ...(soak.refusals > 0 ? [`${soak.refusals} requests ran into a limit of a portal`] : []),
    ...(memory.isFlat ? [] : ['memory is not flat']),
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
    {
      title: 'Memory of the functions, after a forced collection',
      headings: ['first sample', 'first of the 2nd half', 'last', 'trend of the 2nd half', 'at most', 'around them'],
      rows: [
        [
          ...[samples.at(0), samples[Math.floor(samples.length / 2)], samples.at(-1)].map(
            (one) => `${megabytes(one?.functions.heapUsed ?? 0)} MB`,
          ),
          `${megabytes(memory.growthBytes)} MB, ${(memory.bytesPerMinute / 1e3).toFixed(0)} KB/min`,
          `${megabytes(bounds.growthBytes)} MB, last ${bounds.lastToFirst} of the first`,
          `${megabytes(samples.at(-1)?.surroundings ?? 0)} MB`,
        ],
      ],
    },
    {
      title: 'Open resources of the functions, at rest',
      headings: ['moment', 'resources', 'RSS, MB'],
      rows: [...rests].map(([name, { resources, rss }]) => [name, JSON.stringify(resources), megabytes(rss)]),
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

function sizes(groups: readonly (readonly [string, readonly unknown[]])[]): Map<string, number> {
  return new Map(groups.map(([name, some]) => [name, some.length]));
}

function countTable(title: string, of: string, counts: ReadonlyMap<string, number>): Table {
  const rows = [...counts].toSorted(([, a], [, b]) => b - a).map(([name, count]) => [name, String(count)]);
  return { title, headings: [of, 'count'], rows };
}
