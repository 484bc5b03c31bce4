import type { JudgedAnswer } from '../../portals/judge.ts';
import { isGuarded } from '../../rules/deletion-order.ts';
import type { Protect } from '../../rules/protect.ts';
import type { StoredRule } from '../../rules/version.ts';
import { deletionKey } from '../deletion.ts';
import { itemDeletions, itemsKey, readItems } from '../linked-items.ts';
import type { Targets } from '../targets.ts';
import type { Deletion, Task } from '../task.ts';
import { openOf, pagesOf, type Turning } from '../turning.ts';

/** A task with what it is about to delete. */
export interface Aim {
  readonly task: Pick<Task, 'taskId' | 'record' | 'deletions' | 'items'>;
  readonly rule: StoredRule;
  /** Those whose turn it is, and that are there to be deleted. */
  readonly open: readonly Deletion[];
  /** What they are about, and the companies whose contacts are to be unlinked. */
  readonly targets: Targets;
}

/** What guards and holds are asked about: what was found to be there. */
export function aimOf(one: Turning, targets: Targets, answers: ReadonlyMap<string, JudgedAnswer>): Aim {
  const { task, rule } = one;
  const known = new Map(targets);
  const items = pagesOf(one).flatMap((page) => {
    const linked = readItems(page, answers.get(itemsKey(page)));
    // Stryker disable next-line ArrayDeclaration: what has no target is left out below
    if (linked.kind === 'unknown') return [];
    return itemDeletions(page, linked).map((deletion, index) => {
      // Stryker disable next-line OptionalChaining: each deletion is of one item
      known.set(deletionKey(deletion), { kind: 'record', fields: linked.items[index]?.fields ?? {} });
      return deletion;
    });
  });
  const open = [...openOf(one), ...items].filter((deletion) => {
    const target = known.get(deletionKey(deletion));
    return target?.kind === 'record' || (target?.kind === 'links' && target.links.length > 0);
  });
  return { task, rule, open, targets: known };
}

/** Whether something has to be read from the portal to know what of it may be deleted. */
export function asksPortal({ open }: Aim, protect: Protect): boolean {
  return looksAtFields(protect) || open.some(({ what }) => isGuarded(what));
}

/** How many requests guards and protection need in a round, beyond the look, the details and the deletion. */
export function guardRequests(rules: readonly StoredRule[], protect: Protect): number {
  const guarded = rules.filter(({ delete: entries }) => entries.some(({ what }) => isGuarded(what)));
  if (guarded.length === 0) return looksAtFields(protect) ? 1 : 0;
  const types = guarded.some(({ guards }) => guards['open-items']) ? 1 : 0;
  return 1 + types + (guarded.some(({ guards }) => guards.duplicates) ? 1 : 0);
}

function looksAtFields({ holdField, responsible, sources }: Protect): boolean {
  return holdField !== undefined || responsible.length > 0 || sources.length > 0;
}
