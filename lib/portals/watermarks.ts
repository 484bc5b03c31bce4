import * as z from 'zod';
import type { Table } from '../aws/table.ts';

const instant = z.int().positive();

/** How far reconciliation has come with one type of records. Times are ms since the epoch. */
export const watermarkSchema = z.object({
  /** Everything that was lost before this moment has been found. */
  until: instant.optional(),
  /** A round that is under way: when it began, and the last id that is done. */
  round: z.object({ startedAt: instant, afterId: z.int().min(0) }).optional(),
});
export type Watermark = z.infer<typeof watermarkSchema>;

/** The rows `reconciled#<entityTypeId>` of the table `portals`. */
export class Watermarks {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** A row that cannot be read counts as none: the type is looked through again. */
  async get(memberId: string, entityTypeId: number): Promise<Watermark> {
    return watermarkSchema.safeParse(await this.#table.get(key(memberId, entityTypeId))).data ?? {};
  }

  /** Where the round goes on, unless a newer one has ended. A mark that is a day ahead is no newer round but a mistake. */
  async keepRound(memberId: string, entityTypeId: number, round: NonNullable<Watermark['round']>): Promise<void> {
    await this.#table.update(key(memberId, entityTypeId), {
      set: 'SET #round = :round',
      if: isOlder,
      values: { round, startedAt: round.startedAt, mistaken: round.startedAt + aheadMs },
    });
  }

  /** The round that began at `startedAt` is over. The watermark never moves back, but from a mistake. */
  async endRound(memberId: string, entityTypeId: number, startedAt: number): Promise<void> {
    await this.#table.update(key(memberId, entityTypeId), {
      set: 'SET #until = :startedAt REMOVE #round',
      if: isOlder,
      values: { startedAt, mistaken: startedAt + aheadMs },
    });
  }
}

/** No round takes so long: what is further ahead of another was written by a clock that was ahead. */
export const aheadMs = 24 * 3600 * 1000;
const isOlder = 'attribute_not_exists(#until) OR #until < :startedAt OR #until > :mistaken';

const key = (memberId: string, entityTypeId: number) => ({ memberId, sk: `reconciled#${entityTypeId}` });
