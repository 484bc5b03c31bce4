import * as z from 'zod';
import type { Table } from '../aws/table.ts';
import type { Clock } from '../bitrix24/clock.ts';
import { type MethodUse, methodUseSchema, type PortalLimits } from '../bitrix24/limits.ts';

const rateKey = (memberId: string) => ({ memberId, sk: 'budget#rate' });
const operatingKey = (memberId: string) => ({ memberId, sk: 'budget#operating' });

/** Rows of the table, so far as they can be read: a method whose use is malformed counts as never measured. */
const operatingRowSchema = z.record(z.string(), z.unknown()).transform((row) => {
  const uses = new Map<string, MethodUse>();
  for (const [method, value] of Object.entries(row)) {
    const use = methodUseSchema.safeParse(value);
    if (use.success) uses.set(method, use.data);
  }
  return uses;
});

/**
 * What a portal allows and how much of it is used, shared by all functions through the rows `budget#rate` and
 * `budget#operating` of the table `portals`, because Lambdas share nothing else.
 */
export class BudgetStore {
  readonly #table: Table;
  readonly #clock: Clock;

  constructor(table: Table, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  /**
   * Takes requests out of the portal's leaky bucket, all of them or none. The row holds when the bucket will be empty
   * (`emptyAt`), so that one conditional write decides, without a read before it.
   *
   * @returns undefined when they were granted, else when to ask again, in ms since the epoch
   */
  async takeRequests(
    memberId: string,
    { requestsPerSecond, burst }: PortalLimits,
    count: number,
  ): Promise<number | undefined> {
    const now = this.#clock();
    const drainMs = 1000 / requestsPerSecond;
    // More than the bucket holds can never be had at once.
    const taken = Math.min(count, burst) * drainMs;
    const room = burst * drainMs - taken;
    const notBlocked = '(attribute_not_exists(#blockedUntil) OR #blockedUntil <= :now)';

    const fromEmpty = await this.#table.update(rateKey(memberId), {
      set: 'SET #emptyAt = :next',
      if: `(attribute_not_exists(#emptyAt) OR #emptyAt < :now) AND ${notBlocked}`,
      values: { now, next: now + taken },
    });
    if (fromEmpty) return undefined;

    const added = await this.#table.update(rateKey(memberId), {
      set: 'SET #emptyAt = #emptyAt + :taken',
      if: `#emptyAt BETWEEN :now AND :full AND ${notBlocked}`,
      values: { now, full: now + room, taken },
    });
    if (added) return undefined;

    const row = await this.#table.get(rateKey(memberId));
    const blockedUntil = Number(row?.['blockedUntil'] ?? 0);
    const emptyAt = Number(row?.['emptyAt'] ?? now);
    return Math.ceil(Math.max(now + drainMs, blockedUntil, emptyAt - room));
  }

  /** The portal refused us: nobody asks it anything before `until`. */
  async blockRequests(memberId: string, until: number): Promise<void> {
    await this.#table.update(rateKey(memberId), {
      set: 'SET #blockedUntil = :until',
      if: 'attribute_not_exists(#blockedUntil) OR #blockedUntil < :until',
      values: { until },
    });
  }

  /** The use of each method that has been measured. */
  async operating(memberId: string): Promise<Map<string, MethodUse>> {
    return operatingRowSchema.parse((await this.#table.get(operatingKey(memberId))) ?? {});
  }

  /** Notes the use of these methods; others stay as they are. */
  async setOperating(memberId: string, uses: ReadonlyMap<string, MethodUse>): Promise<void> {
    const entries = [...uses].map(([method, use], index) => ({ method, use, name: `m${index}` }));
    if (entries.length === 0) return;
    await this.#table.update(operatingKey(memberId), {
      set: `SET ${entries.map(({ name }) => `#${name} = :${name}`).join(', ')}`,
      aliases: Object.fromEntries(entries.map(({ name, method }) => [name, method])),
      values: Object.fromEntries(entries.map(({ name, use }) => [name, use])),
    });
  }
}
