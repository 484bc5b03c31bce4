import { type Command, maxBatchCommands } from '../../bitrix24/batch.ts';
import type { Clock } from '../../bitrix24/clock.ts';
import { minute, type Verdict } from '../../bitrix24/reactions.ts';
import type { PortalSession } from '../../portals/session.ts';
import { PortalBusy } from '../../portals/waiting.ts';
import { limitAmong } from '../look.ts';

/** A list that is wanted whole, however many pages it has. */
export interface ListRead extends Command {
  /** No digit at the beginning. */
  readonly key: string;
  /**
   * How what follows a page is asked for. By the field of the rows' ids, which rise: rows that come or go between two pages
   * hide none of the others. By `start` only where rows have no id. Absent: the method gives everything at once.
   */
  readonly paged?: 'id' | 'ID' | 'start';
  /** The rows of an answer; undefined when it cannot be read. */
  readonly rows: (result: unknown) => unknown[] | undefined;
}

/** All rows of a list, or why they are not known. */
export type Rows = { kind: 'rows'; rows: unknown[] } | { kind: 'unknown'; row: Verdict | undefined };

/** The portal's page, which is never longer. */
const pageSize = 50;
/** More batches are not sent for one snapshot or look: what is then unread is not known. */
const mostBatches = 20;

/**
 * Reads lists to their ends, as many pages at once as a batch holds.
 *
 * @returns the rows by the read's key
 * @throws as `PortalSession.batch`; PortalBusy also when a list met a limit
 */
export async function readAll(
  session: Pick<PortalSession, 'batch'>,
  reads: readonly ListRead[],
  clock: Clock,
): Promise<Map<string, Rows>> {
  const found = new Map<string, Rows>();
  let open: Page[] = [...new Map(reads.map((read) => [read.key, { read, after: 0 }])).values()];
  for (let sent = 0; open.length > 0 && sent < mostBatches; sent += 1) {
    const now = open.slice(0, maxBatchCommands);
    open = open.slice(maxBatchCommands);
    const answers = await session.batch(new Map(now.map((page) => [page.read.key, commandOf(page)])), { write: false });
    const limit = limitAmong(answers.values());
    if (limit) throw new PortalBusy(limit.meaning, { until: clock() + (limit.waitMs ?? minute), verdict: limit });
    for (const page of now) {
      const { key } = page.read;
      const answer = answers.get(key);
      const rows = answer?.kind === 'result' ? page.read.rows(answer.result) : undefined;
      const follows = rows && answer?.kind === 'result' ? afterPage(page, rows, answer.next) : 'unknown';
      if (!rows || follows === 'unknown') {
        found.set(key, { kind: 'unknown', row: answer?.kind === 'error' ? answer.row : undefined });
        continue;
      }
      const before = found.get(key);
      found.set(key, { kind: 'rows', rows: [...(before?.kind === 'rows' ? before.rows : []), ...rows] });
      if (follows !== 'nothing') open.push({ read: page.read, after: follows });
    }
  }
  for (const { read } of open) found.set(read.key, { kind: 'unknown', row: undefined });
  return found;
}

/** One page of a list: what comes after so many rows, or after this id. */
interface Page {
  readonly read: ListRead;
  readonly after: number;
}

function commandOf({ read: { method, params, paged }, after }: Page): Command {
  if (paged === undefined) return { method, params };
  if (paged === 'start') return { method, params: { ...params, start: after } };
  const { [`>${paged}`]: above = 0, ...filter } = filterOf(params);
  const from = Math.max(after, Number(above));
  return { method, params: { ...params, filter: from > 0 ? { ...filter, [`>${paged}`]: from } : filter, start: 0 } };
}

function filterOf({ filter }: ListRead['params']): Record<string, unknown> {
  return { ...(filter as Record<string, unknown> | undefined) };
}

/** After what the next page is asked for; `unknown` when the rows are not what was asked for. */
function afterPage(
  { read: { paged }, after }: Page,
  rows: readonly unknown[],
  next: number | undefined,
): number | 'nothing' | 'unknown' {
  if (paged === undefined) return 'nothing';
  // A full page without word of a next one is asked for it nevertheless: nothing may be cut in silence.
  const hasMore = next !== undefined || rows.length >= pageSize;
  if (paged === 'start') {
    const start = next ?? after + rows.length;
    return hasMore ? (start > after ? start : 'unknown') : 'nothing';
  }
  let last = after;
  for (const row of rows) {
    const id = Number((row as Record<string, unknown> | null)?.[paged]);
    // Also when the portal overlooks the condition and gives the same page for ever.
    if (!Number.isSafeInteger(id) || id <= last) return 'unknown';
    last = id;
  }
  return hasMore ? (last > after ? last : 'unknown') : 'nothing';
}
