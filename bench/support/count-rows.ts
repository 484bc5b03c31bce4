import type { ResultTable } from '../benchmark.ts';
import type { CallCounts } from './call-counts.ts';

/** The counts as rows of a table, for each thousand of something. */
export function countTable(title: string, counts: CallCounts, things: number): ResultTable {
  const perThousand = (count: number): number => Number(((1000 * count) / things).toFixed(1));
  const rows = Object.entries(counts)
    .flatMap(([functionKey, operations]) =>
      Object.entries(operations).map(
        ([operation, { calls, items, readUnits, writeUnits, sqsRequests, fifoRequests }]) => [
          functionKey,
          operation,
          ...[calls, items, readUnits, writeUnits, sqsRequests + fifoRequests].map(perThousand),
        ],
      ),
    )
    .toSorted(([a = '', b = ''], [c = '', d = '']) => `${a} ${b}`.localeCompare(`${c} ${d}`));
  const headings = ['function', 'operation', 'calls', 'rows or messages', 'read units', 'write units', 'SQS requests'];
  return { title, headings, rows };
}
