import type { Table } from '../aws/table.ts';
import type { Clock } from '../bitrix24/clock.ts';
import { shardOf, unreadId } from './due-ids.ts';
import { type Unread, unreadSchema } from './due-item.ts';
import { type Ask, askOf, mergedAsk } from './messages.ts';

export type Wish = Pick<Unread, 'record' | 'receivedAt' | 'source' | 'nextAt' | 'rules' | 'askedAt'> & {
  attempts?: number;
};

/** Wishes for one record at the same moment begin again so often, where they are to become one. */
const maxTries = 5;

/** The rows `unread` of the table `tasks`: records that are to be read. */
export class Wishes {
  readonly #table: Table;
  readonly #clock: Clock;
  readonly #newId: () => string;

  constructor(table: Table, clock: Clock, newId: () => string) {
    this.#table = table;
    this.#clock = clock;
    this.#newId = newId;
  }

  /**
   * Makes sure that the record is read at `nextAt`. Asked for before, it keeps the moment of the first event and the most
   * deliberate source: a person's, then reconciliation's, then an event's.
   */
  async want(memberId: string, wish: Wish): Promise<void> {
    const ask = askOf(wish);
    if (ask.source === 'operator' || ask.rules) {
      await this.#merge(memberId, wish);
      return;
    }
    const notOperator = 'attribute_not_exists(#source) OR #source <> :operator';
    // For all rules: whatever was named before is among them.
    const outranks =
      ask.source === 'reconcile' &&
      (await this.#write(memberId, wish, { ask, if: notOperator, values: { operator: 'operator' } }));
    if (!outranks) await this.#write(memberId, wish);
  }

  /** What names rules becomes one with what was wished before. */
  async #merge(memberId: string, wish: Wish): Promise<void> {
    const key = { taskId: unreadId(memberId, wish.record), sk: 'unread' };
    for (let tries = 0; tries < maxTries; tries += 1) {
      const row = await this.#table.get(key);
      const before = unreadSchema.safeParse(row).data;
      const ask = before ? mergedAsk(askOf(before), askOf(wish)) : askOf(wish);
      const written = await this.#write(memberId, wish, {
        ask,
        ...(row === undefined
          ? { if: 'attribute_not_exists(#taskId)' }
          : { if: '#stamp = :seen', values: { seen: row['stamp'] } }),
      });
      if (written) return;
    }
    throw new Error('A record to be read changes too often');
  }

  /** Without `ask` a row that is there goes on being asked for what it was. */
  async #write(
    memberId: string,
    wish: Wish,
    how: { ask?: Ask; if?: string; values?: Record<string, unknown> } = {},
  ): Promise<boolean> {
    const taskId = unreadId(memberId, wish.record);
    const { source = wish.source, rules, askedAt } = how.ask ?? {};
    const row = await this.#table.update(
      { taskId, sk: 'unread' },
      {
        set:
          'SET #memberId = :memberId, #record = :record, #receivedAt = if_not_exists(#receivedAt, :receivedAt), ' +
          `#source = ${how.ask ? ':source' : 'if_not_exists(#source, :source)'}, #stamp = :stamp, #attempts = :attempts, #shard = :shard, #nextAt = :nextAt, ` +
          '#createdAt = if_not_exists(#createdAt, :now)' +
          (askedAt === undefined ? '' : ', #askedAt = :askedAt') +
          (rules !== undefined ? ', #rules = :rules' : how.ask ? ' REMOVE #rules' : ''),
        ...(how.if !== undefined && { if: how.if }),
        values: {
          memberId,
          record: wish.record,
          receivedAt: wish.receivedAt,
          source,
          stamp: this.#newId(),
          attempts: wish.attempts ?? 0,
          shard: shardOf(taskId),
          nextAt: Math.ceil(wish.nextAt),
          now: this.#clock(),
          ...(askedAt !== undefined && { askedAt }),
          ...(rules !== undefined && { rules }),
          ...how.values,
        },
      },
    );
    return row !== undefined;
  }
}
