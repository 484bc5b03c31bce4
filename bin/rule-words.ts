import type { Condition } from '../lib/rules/conditions.ts';
import { recentActivityMs, switchedGuards } from '../lib/rules/guards.ts';
import type { RuleChanges } from '../lib/rules/changes.ts';
import { inExecutionOrder, removesLinksOnly } from '../lib/rules/deletion-order.ts';
import type { Protect } from '../lib/rules/protect.ts';
import type { Rule, RuleDeletion } from '../lib/rules/schema.ts';
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

/**
 * A rule in one line, its deletions in the order of execution:
 * `spam: deals of pipeline 5 in C5:LOSE, where sourceId is WEB, after 30d: deal-contacts, contacts`
 */
export function ruleText(rule: Rule): string {
  const { id, enabled, when, where, waitMs, waitFrom } = rule;
  const stages = when.stages === 'all-lost' ? 'every lost stage' : when.stages.join(', ');
  const conditions = where.length === 0 ? '' : `, where ${where.map(conditionText).join(' and ')}`;
  const wait = `after ${waitText(waitMs)}${waitFrom === 'last-activity' ? ' without activity' : ''}`;
  const off = enabled ? '' : ' (switched off)';
  const what = `${deletionsText(rule.delete)}${guardsText(rule)}${rule.mode === 'observe' ? '; only observed' : ''}`;
  return `${id}${off}: ${recordsText(when)} in ${stages}${conditions}, ${wait}: ${what}`;
}

/** What is not as everybody expects: guards that are off, and another span than the usual one. */
function guardsText({ guards }: Rule): string {
  const recent = guards['recent-activity'];
  const off = [
    ...switchedGuards.filter((name) => !guards[name]),
    ...(recent === 0 ? ['recent-activity' as const] : []),
  ];
  const parts = [
    ...(off.length === 0 ? [] : [`WITHOUT the guards ${off.join(', ')}`]),
    ...(recent === 0 || recent === recentActivityMs ? [] : [`recent activity: ${waitText(recent)}`]),
  ];
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}

function recordsText({ type, pipelines }: Rule['when']): string {
  if (type === 'lead') return 'leads';
  const records = type === 'deal' ? 'deals' : `items of type ${type}`;
  return `${records} of ${pipelines === undefined ? 'every pipeline' : `pipeline ${pipelines.join(', ')}`}`;
}

function conditionText({ field, equals, in: among, empty, olderThanMs, atLeast, atMost }: Condition): string {
  const parts = [
    equals === undefined ? [] : [`is ${String(equals)}`],
    among === undefined ? [] : [`is ${among.join(' or ')}`],
    empty === undefined ? [] : [empty ? 'is empty' : 'is not empty'],
    olderThanMs === undefined ? [] : [`is older than ${waitText(olderThanMs)}`],
    atLeast === undefined ? [] : [`is ${atLeast} or more`],
    atMost === undefined ? [] : [`is ${atMost} or less`],
  ];
  return `${field} ${parts.flat().join(' and ')}`;
}

function deletionsText(deletions: readonly RuleDeletion[]): string {
  return inExecutionOrder(deletions).map(deletionText).join(', ');
}

function deletionText(entry: RuleDeletion): string {
  if (entry.what === 'items') return `items of type ${entry.type}`;
  if (entry.what === 'contacts' && entry.via !== 'crm.item.delete') return `contacts (by ${entry.via})`;
  return entry.what;
}

/** A line on each rule that deletes more than links, so that nobody overlooks it. */
export function recordsDeleted(rules: readonly Rule[]): string[] {
  return rules.flatMap(({ id, enabled, mode, delete: deletions }) => {
    const records = deletions.filter((entry) => !removesLinksOnly(entry));
    if (!enabled || mode === 'observe' || records.length === 0) return [];
    return [`${id} DELETES RECORDS, not only links: ${deletionsText(records)}.`];
  });
}

/** The same with the moment from which it acts. */
export function storedRuleText(rule: StoredRule): string {
  return `${ruleText(rule)}; for losses since ${iso(rule.since)}`;
}

/** `added a, b; changed c (wait); removed d`; a rule that begins anew is marked so. */
export function changesText({ added, removed, changed }: RuleChanges): string {
  const parts = [
    added.length === 0 ? [] : [`added ${added.join(', ')}`],
    changed.length === 0
      ? []
      : [
          `changed ${changed.map(({ id, keys, begins }) => `${id} (${keys.join(', ')}${begins ? '; begins anew' : ''})`).join(', ')}`,
        ],
    removed.length === 0 ? [] : [`removed ${removed.join(', ')}`],
  ];
  return parts.flat().join('; ') || 'no change';
}

/** What no rule touches, as a line; none when nothing is protected. */
export function protectText({ holdField, ids, responsible, sources }: Protect): string[] {
  const parts = [
    holdField === undefined ? [] : [`cards where ${holdField} is ticked`],
    Object.entries(ids).map(([type, list]) => `of type ${type}: ${list.join(', ')}`),
    responsible.length === 0 ? [] : [`records of the users ${responsible.join(', ')}`],
    sources.length === 0 ? [] : [`records from the sources ${sources.join(', ')}`],
  ].flat();
  return parts.length === 0 ? [] : [`Never touched: ${parts.join('; ')}.`];
}

/** A version of the rules as `--json` shows it, without its source. */
export function rulesView({ version, pushedAt, pushedBy, rules, protect }: StoredRules): Record<string, unknown> {
  return {
    version,
    pushedAt: iso(pushedAt),
    pushedBy,
    protect,
    rules: rules.map((rule) => ({ ...rule, since: iso(rule.since), summary: ruleText(rule) })),
  };
}
