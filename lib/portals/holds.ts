import * as z from 'zod';
import type { Item, Table } from '../aws/table.ts';
import type { Clock } from '../bitrix24/clock.ts';

/** Which record of a portal. */
export interface HeldRecord {
  readonly entityTypeId: number;
  readonly id: number;
}

/** A record that is never touched, by a person's word. Times in ms since the epoch. */
export const holdSchema = z.object({
  entityTypeId: z.int().positive(),
  id: z.int().positive(),
  by: z.string().max(200),
  at: z.int().positive(),
  why: z.string().max(300).optional(),
  /** Without it the hold lasts until somebody takes it away. */
  until: z.int().positive().optional(),
});
export type Hold = z.infer<typeof holdSchema>;

const prefix = 'hold#';
const holdKey = (memberId: string, { entityTypeId, id }: HeldRecord) => ({
  memberId,
  sk: `${prefix}${entityTypeId}#${id}`,
});
/** A batch read takes so many keys. */
const readAtOnce = 100;

/** The rows `hold#<entityTypeId>#<id>` of the table `portals`. */
export class HoldStore {
  readonly #table: Table;
  readonly #clock: Clock;

  constructor(table: Table, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  /** In place of an earlier hold on the same record. */
  async put(memberId: string, hold: Hold): Promise<void> {
    await this.#table.put({ ...holdKey(memberId, hold), ...hold });
    await this.#noteHeld(memberId);
  }

  /**
   * Holds a record until somebody takes that away, and leaves a hold that is there to whom it belongs: of one that would
   * end, only the end goes.
   */
  async keep(memberId: string, hold: Omit<Hold, 'until'>): Promise<void> {
    const key = holdKey(memberId, hold);
    if (!(await this.#table.put({ ...key, ...hold }, { if: 'attribute_not_exists(#memberId)' }))) {
      const { until, ...theirs } = holdSchema.safeParse(await this.#table.get(key)).data ?? {};
      // Also one that cannot be read is a hold without an end.
      if (until === undefined) return;
      const why = `${'why' in theirs ? `${theirs.why}; ` : ''}${hold.why ?? ''}`.slice(0, 300);
      const kept = until <= this.#clock() ? hold : { ...theirs, why };
      await this.#table.put({ ...key, ...kept }, { if: '#until = :until', values: { until } });
    }
    await this.#noteHeld(memberId);
  }

  async #noteHeld(memberId: string): Promise<void> {
    // After the hold itself: who reads the portal before this, and the holds before that, finds the number changed later.
    await this.#table.update(
      { memberId, sk: 'portal' },
      {
        set: 'SET #holdsPut = if_not_exists(#holdsPut, :none) + :one',
        if: 'attribute_exists(#memberId)',
        values: { none: 0, one: 1 },
      },
    );
  }

  /** False when there was none. */
  remove(memberId: string, record: HeldRecord): Promise<boolean> {
    return this.#table.delete(holdKey(memberId, record), { if: 'attribute_exists(#memberId)' });
  }

  /** Every hold of a portal, those that are over among them. */
  async list(memberId: string): Promise<Hold[]> {
    const holds: Hold[] = [];
    let last: Item | undefined;
    do {
      const page = await this.#table.query({
        where: '#memberId = :memberId AND begins_with(#sk, :prefix)',
        values: { memberId, prefix },
        startAfter: last,
      });
      holds.push(...page.items.flatMap((row) => holdSchema.safeParse(row).data ?? []));
      last = page.last;
    } while (last);
    return holds;
  }

  /** Of these records, those that are held now, as `type:id`. A hold that cannot be read is one. */
  async among(memberId: string, records: readonly HeldRecord[]): Promise<ReadonlySet<string>> {
    const keys = new Map(records.map((record) => [holdKey(memberId, record).sk, record]));
    const held = new Set<string>();
    const all = [...keys.keys()];
    for (let start = 0; start < all.length; start += readAtOnce) {
      const some = all.slice(start, start + readAtOnce);
      for (const row of await this.#table.getMany(some.map((sk) => ({ memberId, sk })))) {
        const record = keys.get(String(row['sk']));
        const { until = Infinity } = holdSchema.safeParse(row).data ?? {};
        if (record && until > this.#clock()) held.add(`${record.entityTypeId}:${record.id}`);
      }
    }
    return held;
  }
}
