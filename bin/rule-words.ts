import type { Rule } from '../lib/rules/schema.ts';
import type { StoredRule, StoredRules } from '../lib/rules/version.ts';
import { iso } from './time.ts';

const units = [
  ['y', 365 * 86_400_000],
  ['w', 7 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
] as const;

/** `30d`: a span in the largest unit of the rules file that gives a whole number. */
export function waitText(ms: number): string {
  const [unit, length] = units.find(([, size]) => ms >= size && ms % size === 0) ?? ['m', 60_000];
  return `${ms / length}${unit}`;
}

/** A rule in one line: `spam: deals of pipeline 5 in C5:LOSE, after 30d: deal-contacts`. */
export function ruleText({ id, enabled, when, waitMs, delete: deletions }: Rule): string {
  const pipelines = when.pipelines === undefined ? 'every pipeline' : `pipeline ${when.pipelines.join(', ')}`;
  const stages = when.stages === 'all-lost' ? 'every lost stage' : when.stages.join(', ');
  const off = enabled ? '' : ' (switched off)';
  return `${id}${off}: deals of ${pipelines} in ${stages}, after ${waitText(waitMs)}: ${deletions.map(({ what }) => what).join(', ')}`;
}

/** The same with the moment from which it acts. */
export function storedRuleText(rule: StoredRule): string {
  return `${ruleText(rule)}; for losses since ${iso(rule.since)}`;
}

/** A version of the rules as `--json` shows it, without its source. */
export function rulesView({ version, pushedAt, pushedBy, rules }: StoredRules): Record<string, unknown> {
  return {
    version,
    pushedAt: iso(pushedAt),
    pushedBy,
    rules: rules.map((rule) => ({ ...rule, since: iso(rule.since), summary: ruleText(rule) })),
  };
}
