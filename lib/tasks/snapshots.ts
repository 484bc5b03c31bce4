import { gunzipSync, gzipSync } from 'node:zlib';
import * as z from 'zod';
import type { Table } from '../aws/table.ts';
import { contactLinksSchema } from '../bitrix24/answers.ts';
import type { Clock } from '../bitrix24/clock.ts';

/** What a task is about to remove, complete enough to put it back. */
export const snapshotSchema = z.object({
  v: z.literal(1),
  takenAt: z.int().positive(),
  dealContacts: z.array(z.object({ dealId: z.int(), links: contactLinksSchema })),
});
export type Snapshot = z.infer<typeof snapshotSchema>;

const partSchema = z.object({
  data: z.instanceof(Uint8Array),
  parts: z.int().positive(),
  /** Seconds since the epoch. The table forgets days later; we do at once. */
  expiresAt: z.int(),
});

/** DynamoDB takes rows of 400 KB; this leaves room for the keys. */
const partBytes = 380_000;
/** Undo is possible for so long, in ms. */
const keptMs = 30 * 24 * 3600 * 1000;

/** The table `snapshots`: compressed, in parts. The first snapshot of a task is never overwritten. */
export class SnapshotStore {
  readonly #table: Table;
  readonly #clock: Clock;

  constructor(table: Table, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  /**
   * Stores the snapshot unless the task has one. Part 0 is written last: where it is, the others are.
   *
   * @returns how many parts the task's snapshot has
   */
  async putFirst(taskId: string, snapshot: Snapshot): Promise<number> {
    const bytes = gzipSync(JSON.stringify(snapshot));
    const parts = Math.ceil(bytes.length / partBytes);
    const first = parts > 1 && (await this.#table.get({ taskId, part: 0 }));
    if (first) return partSchema.parse(first).parts;
    for (let part = parts - 1; part >= 0; part -= 1) {
      const stored = await this.#table.put(
        {
          taskId,
          part,
          parts,
          data: bytes.subarray(part * partBytes, (part + 1) * partBytes),
          expiresAt: Math.floor((this.#clock() + keptMs) / 1000),
        },
        part === 0 ? { if: 'attribute_not_exists(#taskId)' } : undefined,
      );
      if (!stored) return partSchema.parse(await this.#table.get({ taskId, part: 0 })).parts;
    }
    return parts;
  }

  /** Undefined when there is none, or its time is over. */
  async get(taskId: string): Promise<Snapshot | undefined> {
    const first = await this.#table.get({ taskId, part: 0 });
    if (!first) return undefined;
    const chunks = [partSchema.parse(first)];
    if (chunks.some(({ expiresAt }) => expiresAt * 1000 <= this.#clock())) return undefined;
    for (let part = 1; part < (chunks[0]?.parts ?? 0); part += 1) {
      chunks.push(partSchema.parse(await this.#table.get({ taskId, part })));
    }
    const text = gunzipSync(Buffer.concat(chunks.map(({ data }) => data))).toString('utf8');
    return snapshotSchema.parse(JSON.parse(text));
  }
}
