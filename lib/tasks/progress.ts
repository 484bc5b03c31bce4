import type { RuleDeletion } from '../rules/schema.ts';
import { itemsPhase, phaseOf } from './deletion.ts';
import type { Deletion, Task } from './task.ts';

/** What a task is at: the deletions whose turn it is, and the types of items that have to be looked for first. */
export interface Turn {
  readonly phase: number;
  readonly open: readonly Deletion[];
  readonly toList: readonly number[];
}

/**
 * Whose turn it is: the first phase in which something has not ended. Undefined when all has ended.
 *
 * @param items how far the linked items of each type have been noted
 */
export function turnOf(
  entries: readonly RuleDeletion[],
  deletions: readonly Deletion[],
  items: Task['items'] = {},
): Turn | undefined {
  const unlisted = entries.flatMap((entry) =>
    entry.what === 'items' && items[entry.type]?.complete !== true ? [entry.type] : [],
  );
  const open = deletions.filter(({ outcome }) => outcome === undefined);
  const waiting = [...open.map(phaseOf), ...(unlisted.length > 0 ? [itemsPhase] : [])];
  if (waiting.length === 0) return undefined;
  const phase = Math.min(...waiting);
  return {
    phase,
    open: open.filter((deletion) => phaseOf(deletion) === phase),
    // One page after the other: what is noted has to end before more is.
    toList: phase === itemsPhase && !open.some((deletion) => phaseOf(deletion) === phase) ? unlisted : [],
  };
}

/** A task with more than this many deletions keeps a count of the items that are gone, not each of them. */
const mostListed = 400;

/** The same task in fewer words: thousands of linked items would not fit into one row. Their snapshots keep each. */
export function compact({ deletions = [], items = {} }: Pick<Task, 'deletions' | 'items'>): {
  deletions: Deletion[];
  items: NonNullable<Task['items']>;
} {
  if (deletions.length <= mostListed) return { deletions, items };
  const counted = { ...items };
  const kept = deletions.filter(({ what, entityTypeId, outcome }) => {
    const isGone = outcome?.result === 'deleted' || outcome?.result === 'already-gone';
    if (what !== 'items' || !isGone) return true;
    const before = counted[entityTypeId] ?? { after: 0, complete: false, gone: 0 };
    counted[entityTypeId] = { ...before, gone: before.gone + 1 };
    return false;
  });
  return { deletions: kept, items: counted };
}
