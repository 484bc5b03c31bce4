import * as z from 'zod';
import type { Table } from '../aws/table.ts';
import type { Clock } from '../bitrix24/clock.ts';
import type { Caps } from './caps-schema.ts';

export const defaultCaps: Caps = { hour: 200, day: 1_000, spike: 3 };

export function capsOf({ caps }: { caps?: Caps | undefined }): Caps {
  return caps ?? defaultCaps;
}

/** In plain words what has happened and what a person must do. */
export function capReason({ cap, limit }: ExceededCap): string {
  const what = {
    hour: `the cap of ${limit} deletions in an hour is reached`,
    day: `the cap of ${limit} deletions in a day is reached`,
    spike: `${limit} deletions today are far more than on a usual day`,
  }[cap];
  return (
    `${what[0]?.toUpperCase()}${what.slice(1)}, and more are waiting. Look at the tasks; if they are right, ` +
    'run `tidy24 portals caps` with --release, or raise the cap.'
  );
}

/** A day with fewer deletions than this is never a spike. */
const leastSpike = 50;
/** Before so many days have had deletions, nobody knows what is usual. */
const daysToKnow = 7;
const daysKept = 14;
/** Other workers may write the same row; each try reads it again. */
const maxTries = 20;

const rowSchema = z.object({
  /** The hour or the day (UTC) that is counted, `2026-11-22T07` or `2026-11-22`. */
  window: z.string(),
  /** Deletions in it that count against the cap. */
  used: z.int().min(0),
  /** Deletions in it that a person has released: they no longer count. */
  released: z.int().min(0),
  /** Of days: how much was deleted on the last ones that had deletions, the newest last. */
  days: z.array(z.int()).optional(),
});
type Row = z.infer<typeof rowSchema>;
/** A row as it counts now, and as it is stored: of an earlier hour or day, perhaps. */
type Count = Row & { readonly stored: Row };

/** Which cap stands in the way. */
export type ExceededCap = { readonly cap: 'hour' | 'day' | 'spike'; readonly limit: number };

export interface Reservation {
  /** How many deletions may be sent. */
  readonly granted: number;
  /** Why it is not all that was asked for. */
  readonly exceeded?: ExceededCap | undefined;
}

export interface CapUse {
  readonly hour: number;
  readonly day: number;
  /** The most that today may have by the rule for spikes; undefined while nobody knows what is usual. */
  readonly spikeLimit?: number | undefined;
}

type Span = 'hour' | 'day';
const keyOf = (memberId: string, span: Span) => ({ memberId, sk: `cap#${span}` });

/**
 * Counts deletions in the rows `cap#hour` and `cap#day` of the table `portals`. What is to be deleted is reserved before
 * it is sent, so that a crash may count it twice and never too little, and by condition, so that no number of workers
 * gets past a cap.
 */
export class CapStore {
  readonly #table: Table;
  readonly #clock: Clock;

  constructor(table: Table, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  /** Takes as many of `wanted` deletions as the caps allow. */
  async reserve(memberId: string, caps: Caps, wanted: number): Promise<Reservation> {
    const hour = await this.#take(memberId, 'hour', wanted, () => ({ cap: 'hour', limit: caps.hour }));
    const day = await this.#take(memberId, 'day', hour.granted, (row) => dayCap(caps, row));
    if (day.granted < hour.granted) await this.#giveBack(memberId, 'hour', hour.granted - day.granted);
    return { granted: day.granted, exceeded: day.exceeded ?? hour.exceeded };
  }

  /** For deletions that surely were not sent. */
  async giveBack(memberId: string, count: number): Promise<void> {
    if (count === 0) return;
    await this.#giveBack(memberId, 'hour', count);
    await this.#giveBack(memberId, 'day', count);
  }

  /** A person has looked at it: this hour and this day begin to count anew. */
  async release(memberId: string): Promise<void> {
    for (const span of ['hour', 'day'] as const) {
      await this.#table.update(keyOf(memberId, span), {
        set: 'SET #released = #released + #used, #used = :none',
        if: 'attribute_exists(#window)',
        values: { none: 0 },
      });
    }
  }

  async use(memberId: string, caps: Caps): Promise<CapUse> {
    const [hour, day] = await Promise.all([this.#read(memberId, 'hour'), this.#read(memberId, 'day')]);
    const spikeLimit = spikeOf(caps, day);
    return { hour: hour?.used ?? 0, day: day?.used ?? 0, ...(spikeLimit !== undefined && { spikeLimit }) };
  }

  async #take(
    memberId: string,
    span: Span,
    wanted: number,
    capOf: (row: Count | undefined) => ExceededCap,
  ): Promise<Reservation> {
    for (let tries = 0; tries < maxTries; tries += 1) {
      const row = await this.#read(memberId, span);
      const cap = capOf(row);
      const granted = Math.max(0, Math.min(wanted, cap.limit - (row?.used ?? 0)));
      const exceeded = granted < wanted ? cap : undefined;
      if (granted === 0 || (await this.#add(memberId, span, row, granted))) return { granted, exceeded };
    }
    // So much contention is no reason to delete uncounted.
    return { granted: 0 };
  }

  async #add(memberId: string, span: Span, row: Count | undefined, count: number): Promise<boolean> {
    const updated = await this.#table.update(keyOf(memberId, span), {
      set:
        'SET #window = :window, #used = :used, #released = :released' +
        (row?.days === undefined ? '' : ', #days = :days'),
      if: row === undefined ? 'attribute_not_exists(#window)' : '#window = :seen AND #used = :before',
      values: {
        window: row?.window ?? this.#window(span),
        used: (row?.used ?? 0) + count,
        released: row?.released ?? 0,
        ...(row?.days !== undefined && { days: row.days }),
        ...(row !== undefined && { seen: row.stored.window, before: row.stored.used }),
      },
    });
    return updated !== undefined;
  }

  async #giveBack(memberId: string, span: Span, count: number): Promise<void> {
    await this.#table.update(keyOf(memberId, span), {
      set: 'SET #used = #used - :count',
      if: '#window = :window AND #used >= :count',
      values: { count, window: this.#window(span) },
    });
  }

  /** The row of the present hour or day, with what is stored when that is of an earlier one. */
  async #read(memberId: string, span: Span): Promise<Count | undefined> {
    const item = await this.#table.get(keyOf(memberId, span));
    if (!item) return undefined;
    const stored = rowSchema.parse(item);
    const window = this.#window(span);
    // A clock that is behind counts in the hour of the others.
    if (stored.window >= window) return { ...stored, stored };
    const count = stored.used + stored.released;
    const days = span === 'hour' ? undefined : [...(stored.days ?? []), ...(count > 0 ? [count] : [])].slice(-daysKept);
    return { window, used: 0, released: 0, ...(days !== undefined && { days }), stored };
  }

  #window(span: Span): string {
    return new Date(this.#clock()).toISOString().slice(0, span === 'hour' ? 13 : 10);
  }
}

function spikeOf({ spike }: Caps, row: Row | undefined): number | undefined {
  const days = row?.days ?? [];
  if (spike === null || days.length < daysToKnow) return undefined;
  const usual = days.reduce((sum, count) => sum + count, 0) / days.length;
  return Math.max(leastSpike, Math.floor(usual * spike));
}

function dayCap(caps: Caps, row: Row | undefined): ExceededCap {
  const spike = spikeOf(caps, row);
  return spike !== undefined && spike < caps.day ? { cap: 'spike', limit: spike } : { cap: 'day', limit: caps.day };
}
