import { gunzipSync, gzipSync } from 'node:zlib';
import * as z from 'zod';
import type { Item, Table } from '../aws/table.ts';
import { contactLinksSchema } from '../bitrix24/answers.ts';
import type { Clock, Random } from '../bitrix24/clock.ts';
import { keptCompaniesSchema, keptNameSchema, keptOwnerSchema, keptRecordSchema } from './undo/kept.ts';

/** What a task is about to remove, complete enough to put it back. */
export const snapshotSchema = z.object({
  v: z.literal(1),
  takenAt: z.int().positive(),
  dealContacts: z.array(z.object({ dealId: z.int(), links: contactLinksSchema })).default([]),
  companyContacts: z.array(z.object({ companyId: z.int(), links: contactLinksSchema })).default([]),
  records: z.array(keptRecordSchema).default([]),
  /** The records that the contacts among these were linked to, and the contacts of these themselves. */
  owners: z.array(keptOwnerSchema).default([]),
  names: z.array(keptNameSchema).default([]),
  /** Which of a contact's companies are new when this is taken back: that one was chosen by a person. */
  companies: z.array(keptCompaniesSchema).optional(),
  /** By type: the highest id that there was. What is restored or made anew later has a higher one, a double has not. */
  highest: z.record(z.string(), z.int()).optional(),
  /** `ids`: no field of a record is kept, only which there were and what was linked. */
  depth: z.enum(['full', 'ids']).default('full'),
});
export type Snapshot = z.infer<typeof snapshotSchema>;

const partSchema = z.object({
  part: z.int(),
  data: z.instanceof(Uint8Array),
  /** In the first part of a snapshot: the keys of the others, in their order. */
  more: z.array(z.int()).optional(),
  /** Seconds since the epoch. The table forgets days later; we do at once. */
  expiresAt: z.int(),
});

/** DynamoDB takes rows of 400 KB; this leaves room for the keys. */
const partBytes = 380_000;
/** Undo is possible for so many days after a snapshot was taken, unless the deployment says otherwise. */
export const undoDays = 30;
const dayMs = 24 * 3600 * 1000;
/** The same in ms. */
export const keptMs = undoDays * dayMs;
/** Snapshots of one task at most. Their first parts have the keys 0 to 999, the other parts have keys above. */
export const mostSnapshots = 1_000;

/**
 * The table `snapshots`: compressed, in parts. A task that finds more to remove than before takes one more snapshot;
 * none is ever overwritten.
 */
export class SnapshotStore {
  readonly #table: Table;
  readonly #clock: Clock;
  readonly #random: Random;

  readonly #keptMs: number;

  /** `days`: how long snapshots are kept (`undoDays`). */
  constructor(table: Table, clock: Clock, random: Random, days: number = undoDays) {
    this.#table = table;
    this.#keptMs = days * dayMs;
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * Stores the snapshot of that number (0 is the first); false when there is one of that number. Its first part is written last: where it
   * is, the others are. They have keys that nobody else writes to, so that two writers cannot mix theirs.
   */
  async put(taskId: string, number: number, snapshot: z.input<typeof snapshotSchema>): Promise<boolean> {
    const bytes = gzipSync(JSON.stringify(snapshot));
    const expiresAt = Math.floor((this.#clock() + this.#keptMs) / 1000);
    const more: number[] = [];
    for (let start = partBytes; start < bytes.length; start += partBytes) {
      const part = await this.#putElsewhere(taskId, bytes.subarray(start, start + partBytes), expiresAt);
      more.push(part);
    }
    return this.#table.put(
      { taskId, part: number, data: bytes.subarray(0, partBytes), expiresAt, ...(more.length > 0 && { more }) },
      { if: 'attribute_not_exists(#taskId)' },
    );
  }

  /** The task's snapshots, the first one first; none when there are none or their time is over. */
  async get(taskId: string): Promise<Snapshot[]> {
    const parts = new Map<number, z.infer<typeof partSchema>>();
    let last: Item | undefined;
    do {
      const page = await this.#table.query({ where: '#taskId = :taskId', values: { taskId }, startAfter: last });
      for (const row of page.items.map((item) => partSchema.parse(item))) parts.set(row.part, row);
      last = page.last;
    } while (last);

    const alive = [...parts.values()].filter(({ expiresAt }) => expiresAt * 1000 > this.#clock());
    return alive
      .filter(({ part }) => part < mostSnapshots)
      .toSorted((a, b) => a.part - b.part)
      .map(({ data, more = [] }) => {
        const chunks = [data, ...more.map((part) => partSchema.parse(parts.get(part)).data)];
        return snapshotSchema.parse(JSON.parse(gunzipSync(Buffer.concat(chunks)).toString('utf8')));
      });
  }

  /** Until when a task with so many snapshots keeps the last of them, in ms since the epoch; undefined: no more. */
  async keptUntil(taskId: string, snapshots: number): Promise<number | undefined> {
    const row = await this.#table.get({ taskId, part: snapshots - 1 });
    const until = row && partSchema.parse(row).expiresAt * 1000;
    return until !== undefined && until > this.#clock() ? until : undefined;
  }

  /** Erases one snapshot, on which nobody has relied. */
  async eraseOne(taskId: string, number: number): Promise<void> {
    const row = await this.#table.get({ taskId, part: number });
    const { more = [] } = partSchema.safeParse(row).data ?? {};
    for (const part of [number, ...more]) await this.#table.delete({ taskId, part });
  }

  /** Erases every part of every snapshot of the task, and gives how many there were. */
  async erase(taskId: string): Promise<number> {
    let erased = 0;
    for (;;) {
      // From the start each time: what is written meanwhile goes as well.
      const page = await this.#table.query({ where: '#taskId = :taskId', values: { taskId } });
      if (page.items.length === 0) return erased;
      // A row that this version cannot read is erased all the same.
      for (const row of page.items) await this.#table.delete({ taskId, part: Number(row['part']) });
      erased += page.items.length;
    }
  }

  async #putElsewhere(taskId: string, data: Uint8Array, expiresAt: number): Promise<number> {
    for (let tries = 0; tries < 10; tries += 1) {
      const part = mostSnapshots + Math.floor(this.#random() * 1_000_000_000);
      if (await this.#table.put({ taskId, part, data, expiresAt }, { if: 'attribute_not_exists(#taskId)' }))
        return part;
    }
    throw new Error('No free key was found for a part of a snapshot');
  }
}
