import { deal, type Deletion, lead, type Rule } from './scenario.ts';

const guards = [
  'open-deals',
  'won-deals',
  'open-leads',
  'open-items',
  'quotes',
  'invoices',
  'duplicates',
  'recent-activity',
];
const off = Object.fromEntries(guards.map((guard) => [guard, 'off']));

/** The rules as a person would write them; JSON is YAML. */
export function rulesFile(rules: readonly Rule[]): string {
  return JSON.stringify({
    version: 1,
    rules: rules.map(({ id, enabled, type, stages, pipelines, where, wait, from, mode, delete: entries }) => ({
      id,
      enabled,
      when: { type: type === deal ? 'deal' : type === lead ? 'lead' : type, stages, ...(pipelines && { pipelines }) },
      ...(where && { where }),
      wait: { for: wait, from },
      delete: entries,
      mode,
      // What keeps contacts and companies is tested by itself: the oracle knows nothing of it.
      ...(entries.some(isGuarded) && { guards: off }),
    })),
  });
}

function isGuarded(entry: Deletion): boolean {
  return typeof entry === 'object' ? 'contacts' in entry : entry === 'company' || entry === 'company-contacts';
}

/**
 * A wait of more than a week is ended by a nightly look, which asks `where` in the night before and after the wait alone:
 * which of those nights comes between two edits is not promised, so such rules have no conditions here.
 */
export function determined(rule: Rule): Rule {
  return rule.wait === '20d' ? { ...rule, where: undefined } : rule;
}
