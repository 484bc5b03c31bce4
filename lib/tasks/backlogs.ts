import * as z from 'zod';
import type { Table } from '../aws/table.ts';
import type { Clock } from '../bitrix24/clock.ts';
import { choreId, shardOf } from './due-ids.ts';

const instant = z.int().positive();

/** What a person asked for: records that were lost since some moment, found and named type by type. Times in ms. */
export const backlogSchema = z.object({
  since: instant,
  /** Only these rules act; absent: all. */
  rules: z.array(z.string()).optional(),
  /** Who asked. */
  by: z.string(),
  startedAt: instant,
  /** By entityTypeId: the last id that is named, and how many have been. */
  types: z.record(z.string(), z.object({ afterId: z.int().min(0), found: z.int().min(0), done: z.boolean() })),
  /** How often in a row nothing could be found, and why. */
  failures: z.int().min(0),
  trouble: z.string().optional(),
  endedAt: instant.optional(),
  ended: z.enum(['finished', 'stopped', 'failed']).optional(),
});
export type Backlog = z.infer<typeof backlogSchema>;

export interface Step {
  readonly entityTypeId: number;
  readonly from: number;
  readonly to: number;
  readonly found: number;
  readonly done: boolean;
}

/**
 * The chore `backlog` of a portal, in the table `tasks`. While it runs it is due at some moment; afterwards the row stays,
 * to tell what came of it.
 */
export class Backlogs {
  readonly #table: Table;
  readonly #clock: Clock;

  constructor(table: Table, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  async get(memberId: string): Promise<Backlog | undefined> {
    const row = await this.#table.get(key(memberId));
    return row && backlogSchema.parse(row['backlog']);
  }

  /** False when one runs already. */
  async start(
    memberId: string,
    { since, rules, by, types }: Pick<Backlog, 'since' | 'rules' | 'by'> & { types: readonly number[] },
  ): Promise<boolean> {
    const now = this.#clock();
    const { taskId, sk } = key(memberId);
    const backlog: Backlog = {
      since,
      ...(rules && { rules }),
      by,
      startedAt: now,
      types: Object.fromEntries(types.map((type) => [String(type), { afterId: 0, found: 0, done: false }])),
      failures: 0,
    };
    const row = {
      taskId,
      sk,
      memberId,
      chore: 'backlog',
      backlog,
      shard: shardOf(taskId),
      nextAt: now,
      createdAt: now,
    };
    return this.#table.put(row, { if: 'attribute_not_exists(#taskId) OR attribute_not_exists(#nextAt)' });
  }

  /** Notes a page that is on the queue. False when it was noted before, or the backlog has ended. */
  async advance(memberId: string, { startedAt }: Backlog, step: Step): Promise<boolean> {
    const { entityTypeId, from, to, found, done } = step;
    const row = await this.#table.update(key(memberId), {
      set:
        'SET #backlog.#types.#type.#afterId = :to, #backlog.#types.#type.#done = :done, #backlog.#failures = :none, ' +
        '#backlog.#types.#type.#found = #backlog.#types.#type.#found + :found REMOVE #backlog.#trouble',
      if: `${runs} AND #backlog.#types.#type.#afterId = :from`,
      aliases: { type: String(entityTypeId) },
      values: { startedAt, from, to, found, done, none: 0 },
    });
    return row !== undefined;
  }

  /** Goes on at `nextAt`. */
  async later(memberId: string, { startedAt }: Backlog, nextAt: number): Promise<void> {
    await this.#table.update(key(memberId), {
      set: 'SET #nextAt = :nextAt',
      if: runs,
      values: { startedAt, nextAt: Math.ceil(nextAt) },
    });
  }

  async failed(memberId: string, { startedAt }: Backlog, trouble: string): Promise<void> {
    await this.#table.update(key(memberId), {
      set: 'SET #backlog.#failures = #backlog.#failures + :one, #backlog.#trouble = :trouble',
      if: runs,
      values: { startedAt, one: 1, trouble: trouble.slice(0, 600) },
    });
  }

  /** False when it had ended before. */
  async end(memberId: string, { startedAt }: Backlog, ended: NonNullable<Backlog['ended']>): Promise<boolean> {
    const row = await this.#table.update(key(memberId), {
      set: 'SET #backlog.#ended = :ended, #backlog.#endedAt = :now REMOVE #shard, #nextAt',
      if: runs,
      values: { startedAt, ended, now: this.#clock() },
    });
    return row !== undefined;
  }
}

const runs = 'attribute_exists(#nextAt) AND #backlog.#startedAt = :startedAt';
const key = (memberId: string) => ({ taskId: choreId(memberId, 'backlog'), sk: 'chore' });
