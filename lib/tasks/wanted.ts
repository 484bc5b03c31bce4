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
