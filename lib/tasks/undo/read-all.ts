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
  /** What follows by `start`; absent: the method gives everything at once. */
  readonly paged?: true;
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
  let open = [...new Map(reads.map((read) => [read.key, { read, start: 0 }])).values()];
  for (let sent = 0; open.length > 0 && sent < mostBatches; sent += 1) {
    const now = open.slice(0, maxBatchCommands);
    open = open.slice(maxBatchCommands);
    const answers = await session.batch(new Map(now.map((page) => [page.read.key, commandOf(page)])), { write: false });
    const limit = limitAmong(answers.values());
    if (limit) throw new PortalBusy(limit.meaning, { until: clock() + (limit.waitMs ?? minute), verdict: limit });
    for (const { read, start } of now) {
      const answer = answers.get(read.key);
      const rows = answer?.kind === 'result' ? read.rows(answer.result) : undefined;
      if (!rows) {
        found.set(read.key, { kind: 'unknown', row: answer?.kind === 'error' ? answer.row : undefined });
        continue;
      }
      const before = found.get(read.key);
      found.set(read.key, { kind: 'rows', rows: [...(before?.kind === 'rows' ? before.rows : []), ...rows] });
      const next = answer?.kind === 'result' ? answer.next : undefined;
      // A full page without word of a next one is asked for it nevertheless: nothing may be cut in silence.
      const follows = read.paged === true && (next !== undefined || rows.length >= pageSize);
      if (follows) open.push({ read, start: Math.max(next ?? 0, start + pageSize) });
    }
  }
  for (const { read } of open) found.set(read.key, { kind: 'unknown', row: undefined });
  return found;
}

function commandOf({ read, start }: { read: ListRead; start: number }): Command {
  return { method: read.method, params: read.paged ? { ...read.params, start } : read.params };
}
