import type { Item, Table } from '../aws/table.ts';
import type { Clock } from '../bitrix24/clock.ts';
import type { Origin } from '../portals/origin.ts';
import { type Chore, choreId, choreSchema } from './due-item.ts';
import { shardOf } from './task.ts';

/** Rows read at a time. */
const pageSize = 100;

/** A row of the table `tasks` that belongs to a portal. */
export interface RowKey {
  readonly taskId: string;
  readonly sk: string;
}

/**
 * What is to be done because of what became of the app at a portal, in the table `tasks`. An event is kept by one write;
 * the clock sends the row to `reconcile` until it is ended there, whatever dies in between.
 */
export class AppChores {
  readonly #table: Table;
  readonly #clock: Clock;

  constructor(table: Table, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  /** Asks for a look at the app, once until that has been done: the same hint again adds nothing. */
  async wantCheck(memberId: string): Promise<void> {
    await this.#table.put(this.#row(memberId, 'check-app'), { if: 'attribute_not_exists(#taskId)' });
  }

  /**
   * Keeps a removal of the app. Another one that waits is replaced only when this one is `proved` by what is known of
   * the portal, so that a forged one cannot push a true one aside.
   */
  async wantUninstall(memberId: string, removal: Origin, { proved }: { proved: boolean }): Promise<void> {
    const unlessAnother = {
      if: 'attribute_not_exists(#taskId) OR #removal.#tokenDigest = :digest',
      values: { digest: removal.tokenDigest },
    };
    await this.#table.put({ ...this.#row(memberId, 'uninstall'), removal }, proved ? undefined : unlessAnother);
  }

  /** The removal that waits, if there is one. */
  async uninstall(memberId: string): Promise<Origin | undefined> {
    const row = await this.#table.get({ taskId: choreId(memberId, 'uninstall'), sk: 'chore' });
    return row && choreSchema.parse(row).removal;
  }

  /** The removal has been dealt with. A later one stays. */
  async endUninstall(memberId: string, { tokenDigest, receivedAt }: Origin): Promise<void> {
    await this.#table.delete(
      { taskId: choreId(memberId, 'uninstall'), sk: 'chore' },
      {
        if: '#removal.#tokenDigest = :digest AND #removal.#receivedAt = :receivedAt',
        values: { digest: tokenDigest, receivedAt },
      },
    );
  }

  /** All rows that a portal had by `until` (ms since the epoch), ended tasks too, the oldest first, page by page. */
  async *rowsOf(memberId: string, until: number): AsyncGenerator<RowKey[]> {
    let last: Item | undefined;
    do {
      const page = await this.#table.query({
        index: 'byPortal',
        where: '#memberId = :memberId AND #createdAt <= :until',
        values: { memberId, until },
        limit: pageSize,
        startAfter: last,
      });
      yield page.items.map(({ taskId, sk }) => ({ taskId: String(taskId), sk: String(sk) }));
      last = page.last;
    } while (last);
  }

  /** Drops a record that was to be read, or a chore. A task is ended instead. */
  async drop({ taskId, sk }: RowKey): Promise<void> {
    await this.#table.delete({ taskId, sk }, { if: '#sk <> :task', values: { task: 'task' } });
  }

  #row(memberId: string, chore: Chore['chore']): Item {
    const taskId = choreId(memberId, chore);
    const now = this.#clock();
    return {
      taskId,
      sk: 'chore',
      memberId,
      chore,
      shard: shardOf(taskId),
      nextAt: now,
      createdAt: now,
    };
  }
}
