import type { Item, Table } from '../aws/table.ts';
import type { Clock } from '../bitrix24/clock.ts';
import type { Origin } from '../portals/origin.ts';
import { choreSchema } from './due-item.ts';
import { AppHints, choreRow } from './app-hints.ts';
import { choreId } from './due-ids.ts';

/** Rows read at a time. */
const pageSize = 100;

/** A row of the table `tasks` that belongs to a portal. */
export interface RowKey {
  readonly taskId: string;
  readonly sk: string;
}

/** Why a portal is to be finished with: an event told that the app was removed, or a person said so at that moment (ms). */
export type UninstallCause = { readonly removal: Origin } | { readonly byHand: number };

export interface Uninstall {
  readonly cause: UninstallCause;
  readonly doneTo?: number | undefined;
}

/** What is to be done because of what became of the app at a portal, in the table `tasks`, and when it is done. */
export class AppChores extends AppHints {
  readonly #table: Table;
  readonly #clock: Clock;

  constructor(table: Table, clock: Clock) {
    super(table, clock);
    this.#table = table;
    this.#clock = clock;
  }

  /** The look has been taken, and the next is at `nextAt`, unless one was asked for after `startedAt`. Both in ms. */
  async nextCheck(memberId: string, nextAt: number, startedAt: number): Promise<void> {
    await this.#table.put(
      { ...choreRow(memberId, 'check-app', this.#clock()), nextAt: Math.ceil(nextAt) },
      { if: 'attribute_not_exists(#taskId) OR #createdAt <= :startedAt', values: { startedAt } },
    );
  }

  /** Keeps a person's wish to disconnect the portal, in place of a removal that waits. `at`: ms since the epoch. */
  async wantDisconnect(memberId: string, at: number): Promise<void> {
    await this.#table.put({ ...choreRow(memberId, 'uninstall', this.#clock()), byHand: at });
  }

  /** What waits, if anything does, and up to which `createdAt` its rows have not been dealt with. */
  async uninstall(memberId: string): Promise<Uninstall | undefined> {
    const row = await this.#table.get({ taskId: choreId(memberId, 'uninstall'), sk: 'chore' });
    if (!row) return undefined;
    const { removal, byHand, doneTo } = choreSchema.parse(row);
    if (byHand !== undefined) return { cause: { byHand }, doneTo };
    return removal && { cause: { removal }, doneTo };
  }

  /** The rest of a removal is to be done at once, from rows of `doneTo` on backwards. */
  async continueUninstall(memberId: string, doneTo: number): Promise<void> {
    await this.#table.update(
      { taskId: choreId(memberId, 'uninstall'), sk: 'chore' },
      {
        set: 'SET #doneTo = :doneTo, #nextAt = :now',
        if: 'attribute_exists(#removal) OR attribute_exists(#byHand)',
        values: { doneTo, now: this.#clock() },
      },
    );
  }

  /** It has been dealt with. A later one stays. */
  async endUninstall(memberId: string, cause: UninstallCause): Promise<void> {
    const condition =
      'byHand' in cause
        ? { if: '#byHand = :at', values: { at: cause.byHand } }
        : {
            if: '#removal.#tokenDigest = :digest AND #removal.#receivedAt = :receivedAt',
            values: { digest: cause.removal.tokenDigest, receivedAt: cause.removal.receivedAt },
          };
    await this.#table.delete({ taskId: choreId(memberId, 'uninstall'), sk: 'chore' }, condition);
  }

  /** All rows that a portal had by `until` (ms since the epoch), ended tasks too, the newest first, page by page. */
  async *rowsOf(memberId: string, until: number): AsyncGenerator<{ keys: RowKey[]; oldest: number }> {
    let last: Item | undefined;
    do {
      const page = await this.#table.query({
        index: 'byPortal',
        where: '#memberId = :memberId AND #createdAt <= :until',
        values: { memberId, until },
        limit: pageSize,
        startAfter: last,
        descending: true,
      });
      yield {
        keys: page.items.map(({ taskId, sk }) => ({ taskId: String(taskId), sk: String(sk) })),
        oldest: Number(page.items.at(-1)?.['createdAt'] ?? 0),
      };
      last = page.last;
    } while (last);
  }

  /** Drops a record that was to be read, or a chore, unless it was asked for again. A task is ended instead. */
  async drop({ taskId, sk }: RowKey, until: number): Promise<void> {
    await this.#table.delete(
      { taskId, sk },
      { if: '#sk <> :task AND #createdAt <= :until', values: { task: 'task', until } },
    );
  }
}
