import { keyOf } from './log.ts';
import type { State } from './oracle.ts';
import type { Rule } from './scenario.ts';

/**
 * Jobs in groups that can be in each other's way: of the same record (one removes the links by which the other would
 * know what to remove, or the record); of a record and of a child that it removes; of records with the same company, if a
 * rule asks whether there is one. All others come to the same in every order: what one removes is gone for the other.
 */
export function sharers(state: State, jobs: readonly string[], ruleOf: (job: string) => Rule | undefined): string[][] {
  const groups: string[][] = [];
  for (const one of jobs) {
    const near = groups.filter((group) => group.some((other) => share(one, other) || share(other, one)));
    for (const group of near) groups.splice(groups.indexOf(group), 1);
    groups.push([...near.flat(), one]);
  }
  return groups;

  function share(a: string, b: string): boolean {
    const [mine, other] = [a, b].map((key) => state.records[state.jobs[key]?.record ?? '']);
    const [rule, otherRule] = [ruleOf(a), ruleOf(b)];
    if (!mine || !other || !rule || !otherRule) return false;
    if (keyOf(mine) === keyOf(other)) return true;
    const removesItems = rule.delete.some(
      (entry) => typeof entry === 'object' && 'items' in entry && entry.items.type === other.type,
    );
    if (removesItems && other.parents[mine.type] === mine.id) return true;
    return rule.where !== undefined && 'companyId' in rule.where && mine.company > 0 && mine.company === other.company;
  }
}
