import type { RuleDeletion } from '../rules/schema.ts';
import { itemsPhase, phaseOf } from './deletion.ts';
import { toRanges } from './id-ranges.ts';
import type { Deletion, EndedItems, Outcome, Task } from './task.ts';

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
  const atTurn = open.filter((deletion) => phaseOf(deletion) === phase);
  // One page after the other: what is noted has to end before more is.
  return { phase, open: atTurn, toList: atTurn.length === 0 ? unlisted : [] };
}

/** A task with more than this many deletions keeps of the items that are gone their ids alone. */
const mostListed = 400;
/** So many characters of ids fit into the row beside everything else; what is gone after that is only counted. */
const mostCharacters = 120_000;

type Items = NonNullable<Task['items']>;

/** The same task in fewer words: thousands of linked items would not fit into one row. Their snapshots keep each. */
export function compact({ deletions = [], items = {} }: Pick<Task, 'deletions' | 'items'>): {
  deletions: Deletion[];
  items: Items;
} {
  if (deletions.length <= mostListed) return { deletions, items };
  const counted = { ...items };
  let room = mostCharacters - charactersIn(items);
  for (const [type, gone] of Map.groupBy(deletions.filter(isGoneItem), ({ entityTypeId }) => entityTypeId)) {
    const before = counted[type] ?? { after: 0, complete: false, gone: 0 };
    const ended = [...(before.ended ?? [])];
    for (const group of endedItems(gone)) {
      room -= charactersOf(group);
      if (room >= 0) ended.push(group);
    }
    counted[type] = { ...before, gone: before.gone + gone.length, ended };
  }
  return { deletions: deletions.filter((deletion) => !isGoneItem(deletion)), items: counted };
}

type GoneItem = Deletion & { readonly outcome: Outcome & Pick<EndedItems, 'result'> };

function isGoneItem(deletion: Deletion): deletion is GoneItem {
  const { what, outcome } = deletion;
  return what === 'items' && (outcome?.result === 'deleted' || outcome?.result === 'already-gone');
}

/** Items with the same outcome at the same moment together: those of one batch. */
function endedItems(gone: readonly GoneItem[]): EndedItems[] {
  const groups = Map.groupBy(gone, ({ outcome: { result, at, proof } }) => JSON.stringify([result, at, proof]));
  return [...groups.values()].flatMap((some) => {
    const ids = toRanges(some.map(({ id }) => id));
    return some.slice(0, 1).map(({ outcome: { result, at, proof } }) => ({ result, at, proof, ids }));
  });
}

function charactersIn(items: Items): number {
  return Object.values(items)
    .flatMap(({ ended = [] }) => ended)
    .reduce((sum, group) => sum + charactersOf(group), 0);
}

/** With the names of its fields. */
function charactersOf({ ids }: EndedItems): number {
  return ids.length + 60;
}
