import { type EventMessage, mergedAsk, moreDeliberate } from './messages.ts';
import { recordKey } from './read-records.ts';
import type { RecordKey } from './task.ts';

/** The events of one record in a batch, folded to one. */
export interface Wanted {
  readonly record: RecordKey;
  receivedAt: number;
  source: EventMessage['source'];
  /** From `operator`: the rules that were named; undefined: all. */
  rules?: string[] | undefined;
  /** From `operator`: when the person asked, in ms since the epoch. */
  askedAt?: number | undefined;
  attempts: number;
  /** The unread rows that it comes from. */
  stamps: string[];
}

/** One entry a record. The earliest event tells what was news. */
export function fold(events: readonly EventMessage[]): Wanted[] {
  const wanted = new Map<string, Wanted>();
  for (const { entityTypeId, id, receivedAt, source, stamp, rules, askedAt = receivedAt, attempts = 0 } of events) {
    const record = { entityTypeId, id };
    const before = wanted.get(recordKey(record));
    const known = before ?? { record, receivedAt, source, attempts, stamps: [] };
    if (source === 'operator') {
      const ask = before?.askedAt === undefined ? undefined : { rules: before.rules, askedAt: before.askedAt };
      Object.assign(known, ask ? mergedAsk(ask, { rules, askedAt }) : { rules, askedAt });
    }
    known.attempts = Math.max(known.attempts, attempts);
    known.source = moreDeliberate(known.source, source);
    known.receivedAt = Math.min(known.receivedAt, receivedAt);
    if (stamp !== undefined) known.stamps.push(stamp);
    wanted.set(recordKey(record), known);
  }
  return [...wanted.values()];
}
