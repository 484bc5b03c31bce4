import type { Item, Table } from '../aws/table.ts';
import type { Clock } from '../bitrix24/clock.ts';
import type { Origin } from '../portals/origin.ts';
import { choreId, shardOf } from './due-ids.ts';
import type { Chore } from './due-item.ts';

/**
 * What an event says of the app at a portal, kept by one write in the table `tasks`. The clock sends the row to
 * `reconcile` until it is ended there, whatever dies in between.
 */
export class AppHints {
  readonly #table: Pick<Table, 'put'>;
  readonly #clock: Clock;

  constructor(table: Pick<Table, 'put'>, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  /** Asks for a look at the app now, which is otherwise daily: the same hint again adds nothing until it is sent. */
  async wantCheck(memberId: string): Promise<void> {
    const now = this.#clock();
    await this.#table.put(choreRow(memberId, 'check-app', now), {
      if: 'attribute_not_exists(#taskId) OR #nextAt > :now',
      values: { now },
    });
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
    const row = choreRow(memberId, 'uninstall', this.#clock());
    await this.#table.put({ ...row, removal }, proved ? undefined : unlessAnother);
  }
}

/** The row of a chore that is due at once. */
export function choreRow(memberId: string, chore: Chore['chore'], now: number): Item {
  const taskId = choreId(memberId, chore);
  return { taskId, sk: 'chore', memberId, chore, shard: shardOf(taskId), nextAt: now, createdAt: now };
}
