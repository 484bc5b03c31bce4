import * as z from 'zod';
import type { Item, Table } from '../aws/table.ts';
import type { Clock } from '../bitrix24/clock.ts';

/** What concerns no portal, or one that was not known before, stands under this in place of a member id. */
export const deploymentAudit = '_deployment';

/** What one person did by the command line. Written before it is done, and once more when it has ended. */
export const auditEntrySchema = z.object({
  /** Of the portal, or `deploymentAudit`. */
  memberId: z.string(),
  sk: z.string(),
  /** ms since the epoch. */
  at: z.int().positive(),
  by: z.string(),
  /** `portals mode` */
  command: z.string(),
  /** Its arguments, without anything that may be a secret. */
  args: z.array(z.string()),
  /** The portal that an entry of the deployment was about, as it turned out. */
  portal: z.string().optional(),
  /** Absent: the command was killed, or is still at work. */
  endedAt: z.int().positive().optional(),
  result: z.enum(['done', 'failed']).optional(),
  /** Why it failed. */
  text: z.string().optional(),
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;

/** Rows without an end of their period sort behind every row of a time. */
const prefix = 'audit#';
/** Entries of one answer at most. */
export const mostAuditEntries = 10_000;

export interface AuditPeriod {
  /** Only of this portal. */
  readonly memberId?: string | undefined;
  /** ms since the epoch. */
  readonly since: number;
  readonly until: number;
}

export interface AuditPage {
  /** The newest first. */
  readonly entries: readonly AuditEntry[];
  /** How many rows cannot be read. */
  readonly unreadable: number;
  /** There are more than one answer holds: these are the newest. */
  readonly more: boolean;
}

/** The rows `audit#<time>#<id>` of the table `portals`. Nothing ever changes or removes one that has ended. */
export class AuditLog {
  readonly #table: Table;
  readonly #clock: Clock;
  readonly #newId: () => string;

  constructor(table: Table, clock: Clock, newId: () => string) {
    this.#table = table;
    this.#clock = clock;
    this.#newId = newId;
  }

  /** Notes what is about to be done. */
  async begin(what: Pick<AuditEntry, 'memberId' | 'by' | 'command' | 'args'>): Promise<AuditEntry> {
    const at = this.#clock();
    const entry = { ...what, sk: `${prefix}${new Date(at).toISOString()}#${this.#newId()}`, at };
    await this.#table.put(entry, { if: 'attribute_not_exists(#sk)' });
    return entry;
  }

  /** Notes how it ended, once. */
  async end(
    { memberId, sk }: AuditEntry,
    { result, text, portal }: { result: 'done' | 'failed'; text?: string | undefined; portal?: string | undefined },
  ): Promise<void> {
    await this.#table.update(
      { memberId, sk },
      {
        set:
          'SET #endedAt = :now, #result = :result' +
          (text === undefined ? '' : ', #text = :text') +
          (portal === undefined ? '' : ', #portal = :portal'),
        if: 'attribute_exists(#sk) AND attribute_not_exists(#endedAt)',
        values: {
          now: this.#clock(),
          result,
          ...(text !== undefined && { text }),
          ...(portal !== undefined && { portal }),
        },
      },
    );
  }

  /** Without a portal the whole table is read: for an operator's command, never for a function. */
  async list({ memberId, since, until }: AuditPeriod): Promise<AuditPage> {
    const rows =
      memberId === undefined
        ? await this.#scan()
        : [
            ...(await this.#query(memberId, since, until)),
            ...(await this.#query(deploymentAudit, since, until)).filter(({ portal }) => portal === memberId),
          ];
    const parsed = rows.map((row) => auditEntrySchema.safeParse(row));
    const entries = parsed
      .flatMap(({ data }) => (data && data.at >= since && data.at <= until ? [data] : []))
      .toSorted((a, b) => (a.sk < b.sk ? 1 : -1));
    return {
      entries: entries.slice(0, mostAuditEntries),
      unreadable: parsed.filter(({ success }) => !success).length,
      more: entries.length > mostAuditEntries,
    };
  }

  async #query(memberId: string, since: number, until: number): Promise<Item[]> {
    const rows: Item[] = [];
    let last: Item | undefined;
    do {
      const page = await this.#table.query({
        where: '#memberId = :memberId AND #sk BETWEEN :since AND :until',
        values: { memberId, since: prefix + iso(since), until: `${prefix}${iso(until)}~` },
        startAfter: last,
        descending: true,
      });
      rows.push(...page.items);
      last = rows.length > mostAuditEntries ? undefined : page.last;
    } while (last);
    return rows;
  }

  async #scan(): Promise<Item[]> {
    const rows: Item[] = [];
    let last: Item | undefined;
    do {
      const page = await this.#table.scan({ where: 'begins_with(#sk, :prefix)', values: { prefix }, startAfter: last });
      rows.push(...page.items);
      last = page.last;
    } while (last);
    return rows;
  }
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
