import { Bitrix24Error } from '../bitrix24/failures.ts';
import { minute, type Verdict } from '../bitrix24/reactions.ts';
import type { Portal } from './portal.ts';

/** So long it must have lasted at least, in ms: some answers within a second are one hiccup. */
const leastMs = 5 * minute;

/** What goes wrong with every request to a portal, since when, and how often. */
export type Trouble = NonNullable<Portal['trouble']>;

/**
 * Whether an answer is of the kind that a person has to look at when it does not end: a portal that cannot be reached, a
 * page that forbids, maintenance for days. It is not about one record.
 */
export function mayLast(error: unknown): error is Bitrix24Error {
  return error instanceof Bitrix24Error && error.row.escalate?.to === 'operator';
}

/** Whether it has lasted long enough for a person to be called. Times in ms since the epoch. */
export function hasLasted({ since, count }: Trouble, { escalate }: Verdict, now: number): boolean {
  if (escalate?.to !== 'operator') return false;
  const { afterAttempts, afterMs = leastMs } = escalate;
  return count >= (afterAttempts ?? 1) && now - since >= afterMs;
}
