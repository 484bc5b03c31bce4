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

  /** Where the round goes on, unless a newer one has ended. */
  async keepRound(memberId: string, entityTypeId: number, round: NonNullable<Watermark['round']>): Promise<void> {
    await this.#table.update(key(memberId, entityTypeId), {
      set: 'SET #round = :round',
      if: 'attribute_not_exists(#until) OR #until < :startedAt',
      values: { round, startedAt: round.startedAt },
    });
  }

  /** The round that began at `startedAt` is over. The watermark never moves back. */
  async endRound(memberId: string, entityTypeId: number, startedAt: number): Promise<void> {
    await this.#table.update(key(memberId, entityTypeId), {
      set: 'SET #until = :startedAt REMOVE #round',
      if: 'attribute_not_exists(#until) OR #until < :startedAt',
      values: { startedAt },
    });
  }
}

const key = (memberId: string, entityTypeId: number) => ({ memberId, sk: `reconciled#${entityTypeId}` });
