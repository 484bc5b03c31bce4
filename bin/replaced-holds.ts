import type { Hold } from '../lib/portals/holds.ts';
import { recordText } from './task-view.ts';
import { iso } from './time.ts';

/** A hold that is to stand in the place of another one. */
export interface Replacement {
  readonly former: Hold;
  readonly hold: Hold;
}

/** The hold on a record that is in force at `now`, of all holds of its portal. */
export function holdInForce(
  holds: readonly Hold[],
  { entityTypeId, id }: Pick<Hold, 'entityTypeId' | 'id'>,
  now: number,
): Hold | undefined {
  return holds.find(
    (one) => one.entityTypeId === entityTypeId && one.id === id && (one.until === undefined || one.until > now),
  );
}

/** Whether the record would be free sooner than it is now. */
export function endsSooner({ former, hold }: Replacement): boolean {
  return (hold.until ?? Infinity) < (former.until ?? Infinity);
}

/** `until 2027-01-31T11:59:59.000Z` */
export function lastsText({ until }: Pick<Hold, 'until'>): string {
  return until === undefined ? 'until somebody takes it away' : `until ${iso(until)}`;
}

/** `the hold on contact 7 by ada@laptop since …, until somebody takes it away: Lawsuit` */
export function formerText({ former }: Replacement): string {
  const why = former.why === undefined ? '' : `: ${former.why}`;
  return `the hold on ${recordText(former)} by ${former.by} since ${iso(former.at)}, ${lastsText(former)}${why}`;
}
