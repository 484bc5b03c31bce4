import { lead, deal, type Rule } from './scenario.ts';

/** The rules as a person would write them; JSON is YAML. */
export function rulesFile(rules: readonly Rule[]): string {
  return JSON.stringify({
    version: 1,
    rules: rules.map(({ id, enabled, type, stages, pipelines, where, wait, from, delete: entries }) => ({
      id,
      enabled,
      when: { type: type === deal ? 'deal' : type === lead ? 'lead' : type, stages, ...(pipelines && { pipelines }) },
      ...(where && { where }),
      wait: { for: wait, from },
      delete: entries,
    })),
  });
}
