import * as z from 'zod';
import type { Table } from '../aws/table.ts';
import { waitFroms } from '../rules/schema.ts';

const instant = z.int();

/** How far the nightly look for records whose long wait is over has come with one rule. Times are ms since the epoch. */
export const waitMarkSchema = z.object({
  /** The wait that it is about. */
  waitMs: z.int().min(0),
  waitFrom: z.enum(waitFroms),
  /** Records from whose loss, or last activity, the wait counts have been named when that was before this moment. */
  upTo: instant.optional(),
  /** A look that is under way: which of the times, up to when, and the last id that is done. */
  pass: z.object({ field: z.int().min(0), to: instant, afterId: z.int().min(0) }).optional(),
});
export type WaitMark = z.infer<typeof waitMarkSchema>;

/** The rows `wait#<rule id>` of the table `portals`. */
export class WaitMarks {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** A row that cannot be read counts as none: the rule's records are looked through again. */
  async get(memberId: string, ruleId: string): Promise<WaitMark | undefined> {
    return waitMarkSchema.safeParse(await this.#table.get(key(memberId, ruleId))).data;
  }

  async put(memberId: string, ruleId: string, mark: WaitMark): Promise<void> {
    await this.#table.put(
      { ...key(memberId, ruleId), ...mark },
      // Of two at once, who is further ahead: the watermark of one wait never moves back.
      {
        if:
          'attribute_not_exists(#waitMs) OR #waitMs <> :waitMs OR #waitFrom <> :waitFrom OR ' +
          'attribute_not_exists(#upTo) OR #upTo <= :upTo',
        values: { waitMs: mark.waitMs, waitFrom: mark.waitFrom, upTo: mark.upTo ?? 0 },
      },
    );
  }
}

const key = (memberId: string, ruleId: string) => ({ memberId, sk: `wait#${ruleId}` });
