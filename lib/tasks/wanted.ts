import { minute } from '../bitrix24/reactions.ts';
import { type Ask, askOf, type EventMessage, mergedAsk } from './messages.ts';
import { recordKey } from './read-records.ts';
import type { RecordKey } from './task.ts';

/** The events of one record in a batch, folded to one. */
export interface Wanted extends Ask {
  readonly record: RecordKey;
  /** ms since the epoch. */
  readonly receivedAt: number;
  readonly attempts: number;
  /** The unread rows that it comes from. */
  readonly stamps: readonly string[];
}

/** Whether it could not be read before: then it comes from a row. */
export function isReadAgain({ stamps }: Pick<Wanted, 'stamps'>): boolean {
  return stamps.length > 0;
}

/** Who has waited for so long is read before those who come. */
const longWaitedMs = 10 * minute;

/**
 * In which order records are to be read, because requests may not suffice for all: who has waited long, then the newest,
 * so that who comes after thousands need not wait until they have been read. What a person asked for out of the past
 * comes last.
 */
export function inReadingOrder(wanted: readonly Wanted[], now: number): Wanted[] {
  const rank = ({ source, receivedAt }: Wanted): number =>
    source === 'operator' ? 2 : now - receivedAt > longWaitedMs ? 0 : 1;
  return wanted.toSorted((a, b) => rank(a) - rank(b) || b.receivedAt - a.receivedAt);
}

/** One entry a record. The earliest event tells what was news. */
export function fold(events: readonly EventMessage[]): Wanted[] {
  const wanted = new Map<string, Wanted>();
  for (const event of events) {
    const { entityTypeId, id, receivedAt, stamp, attempts = 0 } = event;
    const record = { entityTypeId, id };
    const before = wanted.get(recordKey(record));
    wanted.set(recordKey(record), {
      ...(before ? mergedAsk(before, askOf(event)) : askOf(event)),
      record,
      receivedAt: Math.min(before?.receivedAt ?? receivedAt, receivedAt),
      attempts: Math.max(before?.attempts ?? attempts, attempts),
      stamps: [...(before?.stamps ?? []), ...(stamp === undefined ? [] : [stamp])],
    });
  }
  return [...wanted.values()];
}
