import type { Rule } from './schema.ts';
import type { StoredRule } from './version.ts';

/** What one version of a portal's rules changes about the one before. */
export interface RuleChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly RuleChange[];
}

export interface RuleChange {
  readonly id: string;
  /** The keys of the file that say something else. */
  readonly keys: readonly string[];
  /** Whether the rule acts only on losses from this version on. */
  readonly begins: boolean;
}

/** `before`: undefined when there was no version before. */
export function changesBetween(before: readonly StoredRule[] = [], after: readonly StoredRule[]): RuleChanges {
  const idsOf = (rules: readonly Rule[]) => new Set(rules.map(({ id }) => id));
  const [old, now] = [idsOf(before), idsOf(after)];
  return {
    added: [...now].filter((id) => !old.has(id)),
    removed: [...old].filter((id) => !now.has(id)),
    changed: after.flatMap((rule) => {
      const was = before.find(({ id }) => id === rule.id);
      if (was === undefined) return [];
      const keys = changedKeys(was, rule);
      return keys.length === 0 ? [] : [{ id: rule.id, keys, begins: rule.since !== was.since }];
    }),
  };
}

/** Whether a rule that goes on acts sooner than before, so that what waits for it may be due. */
export function hasShorterWait(before: readonly StoredRule[] | undefined, after: readonly StoredRule[]): boolean {
  return after.some((rule) => {
    const was = before?.find(({ id }) => id === rule.id);
    return was !== undefined && was.since === rule.since && rule.enabled && rule.waitMs < was.waitMs;
  });
}

function changedKeys(before: Rule, after: Rule): string[] {
  const [old, now] = [partsOf(before), partsOf(after)];
  return Object.keys(now).filter((key) => JSON.stringify(old[key]) !== JSON.stringify(now[key]));
}

/** A rule by the keys of its file. */
function partsOf({
  description,
  enabled,
  when,
  where,
  waitMs,
  waitFrom,
  delete: entries,
  mode,
  comment,
  snapshot,
  guards,
}: Rule): Record<string, unknown> {
  return {
    description,
    enabled,
    ...when,
    where,
    wait: [waitMs, waitFrom],
    delete: entries,
    mode,
    comment,
    snapshot,
    guards,
  };
}
