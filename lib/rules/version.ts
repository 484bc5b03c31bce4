import * as z from 'zod';
import type { Condition } from './conditions.ts';
import { entityTypeOf } from './match.ts';
import { keepsLess } from './guards.ts';
import { nothingProtected, protectSchema, protectsLess } from './protect.ts';
import { type Rule, ruleSchema, type RuleSet } from './schema.ts';

/** A rule as a portal keeps it. */
export const storedRuleSchema = ruleSchema.extend({
  /** The rule acts on losses from then on, in ms since the epoch. */
  since: z.int().min(0),
});
export type StoredRule = z.infer<typeof storedRuleSchema>;

/** One version of a portal's rules, as the table holds it. */
export const storedRulesSchema = z.strictObject({
  version: z.int().positive(),
  /** ms since the epoch. */
  pushedAt: z.int().min(0),
  pushedBy: z.string().max(200),
  /** The file as it was pushed. */
  source: z.string(),
  rules: z.array(storedRuleSchema),
  protect: protectSchema.default(nothingProtected),
});
export type StoredRules = z.infer<typeof storedRulesSchema>;

/**
 * The version that follows. A rule that is new, was switched off, or is about other records or deletions than before
 * acts only on losses from now on: pushing rules must not reach into the past. So does one that deletes more than before
 * because a guard is off, it observes no longer, or the file protects less: tasks that wait were made when people
 * relied on that. The order of lists changes nothing, nor does another time to wait or another description.
 *
 * @param ruleSet with stage codes (see `resolveRules`)
 * @param at ms since the epoch
 */
export function nextVersion(
  previous: StoredRules | undefined,
  ruleSet: RuleSet,
  source: string,
  at: number,
  by: string,
): StoredRules {
  const { protect } = ruleSet;
  const exposed = previous !== undefined && protectsLess(previous.protect, protect);
  const rules = ruleSet.rules.map((rule) => {
    const before = previous?.rules.find(({ id }) => id === rule.id);
    const continues =
      before?.enabled === true && reach(before) === reach(rule) && !deletesMore(before, rule) && !exposed;
    return { ...rule, since: continues ? before.since : at };
  });
  return { version: (previous?.version ?? 0) + 1, pushedAt: at, pushedBy: by, source, rules, protect };
}

/** Of the same records, for another reason than what the rule is about. */
function deletesMore(before: Rule, after: Rule): boolean {
  return (before.mode === 'observe' && after.mode === 'enforce') || keepsLess(before.guards, after.guards);
}

/** Bitrix24's numbers of the types of records that the rules are about, as far as they are switched on. */
export function typesOf(rules: readonly Pick<Rule, 'enabled' | 'when'>[]): number[] {
  const types = rules.filter(({ enabled }) => enabled).map(({ when }) => entityTypeOf(when.type));
  return [...new Set(types)].toSorted((a, b) => a - b);
}

/** What a rule is about, from when its wait counts and what it removes, as a text that is equal when they are. */
export function reach({ when, where, waitFrom, delete: deletions }: Rule): string {
  const { type, pipelines, stages } = when;
  return JSON.stringify([
    type,
    sorted(pipelines),
    stages === 'all-lost' ? stages : sorted(stages),
    sorted(where.map(conditionText)),
    waitFrom,
    sorted(deletions.map((entry) => JSON.stringify(sortedKeys(entry)))),
  ]);
}

/** One value is the same as a list of one. */
function conditionText({ equals, in: among, ...rest }: Condition): string {
  const named = [equals === undefined ? undefined : [equals], among]
    .filter((values) => values !== undefined)
    .map((values) => sorted(values.map((value) => JSON.stringify(value))));
  return JSON.stringify([sortedKeys(rest), sorted(named.map((values) => JSON.stringify(values)))]);
}

function sortedKeys(map: object): [string, unknown][] {
  return Object.entries(map).toSorted(([a], [b]) => a.localeCompare(b));
}

function sorted(list: readonly (string | number)[] | undefined): readonly string[] {
  return [...new Set(list)].map(String).toSorted();
}
