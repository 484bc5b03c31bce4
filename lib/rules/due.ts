import { matches, type RecordState } from './match.ts';
import type { Rule } from './schema.ts';

/**
 * When a rule acts on a record that was lost at `movedTime`; all ms since the epoch. Counted from the last activity,
 * the wait begins no earlier than the loss: otherwise a deal that was quiet for long would be gone the moment it is lost.
 */
export function dueAt(
  { waitMs, waitFrom }: Pick<Rule, 'waitMs' | 'waitFrom'>,
  { movedTime, lastActivityTime }: { movedTime: number; lastActivityTime?: number | undefined },
): number {
  const from = waitFrom === 'loss' ? movedTime : Math.max(movedTime, lastActivityTime ?? movedTime);
  return from + waitMs;
}

/**
 * Whether the rule is about this record when its wait is over, or now if that is later: a record may have to grow old
 * enough for `older-than` in the same time.
 *
 * @param overlooked fields whose conditions do not count
 */
export function matchesWhenDue(
  rule: Pick<Rule, 'enabled' | 'when' | 'where' | 'waitMs' | 'waitFrom'>,
  record: RecordState & Parameters<typeof dueAt>[1],
  now: number,
  overlooked?: ReadonlySet<string>,
): boolean {
  return matches(rule, record, Math.max(now, dueAt(rule, record)), overlooked);
}
