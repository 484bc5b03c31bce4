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
