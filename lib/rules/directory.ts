import type { StageRow } from '../bitrix24/stages.ts';
import { entityTypeOf } from './match.ts';
import type { Protect } from './protect.ts';
import type { Rule } from './schema.ts';
import { touchedTypes } from './touched-types.ts';

/** One pipeline of the portal with its stages, codes in either form. Leads have one, with the number 0. */
export interface Pipeline {
  readonly pipelineId: number;
  readonly pipelineName: string;
  readonly stages: readonly StageRow[];
}

/** A type of records that the portal has. */
export interface PortalType {
  readonly entityTypeId: number;
  readonly title: string;
  /** Undefined when the portal does not say. */
  readonly hasStages?: boolean | undefined;
}

/** A field as `crm.item.fields` describes it; a user field by its code. */
export interface PortalField {
  readonly name: string;
  /** `string`, `enumeration`, `crm_status`, …: data-types.md */
  readonly type: string;
  readonly title: string;
  /** Of a list, when the portal gives them: what its values are. */
  readonly items?: readonly { readonly id: string; readonly text: string }[] | undefined;
}

/** What a portal has, as far as its user may see it and rules need it; by the number of the type. */
export interface Directory {
  /** Every smart process, and the types that every portal has. */
  readonly types: readonly PortalType[];
  readonly pipelines: ReadonlyMap<number, readonly Pipeline[]>;
  readonly fields: ReadonlyMap<number, readonly PortalField[]>;
}

/** What has to be read from a portal for rules to be resolved; by the number of the type. */
export interface DirectoryNeeds {
  /** Types whose pipelines and stages are needed. */
  readonly pipelines: ReadonlySet<number>;
  /** Types whose fields are, with the names that conditions use. */
  readonly fields: ReadonlyMap<number, ReadonlySet<string>>;
}

export function directoryNeeds(
  rules: readonly Pick<Rule, 'when' | 'where' | 'delete'>[],
  { holdField, sources }: Pick<Protect, 'holdField' | 'sources'>,
): DirectoryNeeds {
  const fields = new Map<number, Set<string>>();
  const need = (type: number, names: readonly string[]): void => {
    fields.set(type, new Set([...(fields.get(type) ?? []), ...names]));
  };
  for (const rule of rules) {
    const names = rule.where.map(({ field }) => field);
    if (names.length > 0) need(entityTypeOf(rule.when.type), names);
    for (const entry of rule.delete) if (entry.what === 'items') need(entry.type, []);
    if (holdField === undefined && sources.length === 0) continue;
    for (const type of touchedTypes(rule)) need(type, sources.length > 0 ? ['sourceId'] : []);
  }
  return { pipelines: new Set(rules.map(({ when }) => entityTypeOf(when.type))), fields };
}
