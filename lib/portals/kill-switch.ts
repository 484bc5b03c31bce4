import * as z from 'zod';
import type { Table } from '../aws/table.ts';
import type { Clock } from '../bitrix24/clock.ts';

const key = { memberId: '_deployment', sk: 'stop' };

/** That somebody has stopped all deletions of this deployment. */
export const stopSchema = z.object({
  /** ms since the epoch. */
  stoppedAt: z.int().positive(),
  by: z.string(),
  reason: z.string(),
});
export type Stop = z.infer<typeof stopSchema>;

/**
 * The stop of a whole deployment, one row of the table `portals`. It is read before each request that deletes, so that
 * after it at most the batch that is on its way goes through. Events are still taken in and planned.
 */
export class KillSwitch {
  readonly #table: Table;
  readonly #clock: Clock;

  constructor(table: Table, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  /** Undefined while work may go on. A row that cannot be read stops as well. */
  async stopped(): Promise<Stop | undefined> {
    const row = await this.#table.get(key);
    if (!row) return undefined;
    return (
      stopSchema.safeParse(row).data ?? { stoppedAt: 1, by: 'unknown', reason: 'The row of the stop is unreadable' }
    );
  }

  /** False when it is stopped already; who stopped it first stays noted. */
  async stop(by: string, reason: string): Promise<boolean> {
    return this.#table.put({ ...key, stoppedAt: this.#clock(), by, reason }, { if: 'attribute_not_exists(#memberId)' });
  }

  /** False when it was not stopped. */
  async start(): Promise<boolean> {
    return this.#table.delete(key, { if: 'attribute_exists(#memberId)' });
  }
}
