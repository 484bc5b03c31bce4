import { EntityType } from '../bitrix24/entity-types.ts';
import type { Semantics } from '../bitrix24/stages.ts';
import { holds } from './conditions.ts';
import type { RecordType, Rule } from './schema.ts';
import { canonicalStage } from './stage-code.ts';

/** The present state of a record, as far as rules look at it. */
export interface RecordState {
  readonly entityTypeId: number;
  /** The pipeline's number; 0 is the deals' main one, and what leads have. */
  readonly categoryId: number;
  readonly stageId: string;
  readonly semantics: Semantics;
  /** Its own fields, as `crm.item.list` gives them with user fields under their codes. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Bitrix24's number of a rule's type of records. */
export function entityTypeOf(type: RecordType): number {
  return typeof type === 'number' ? type : EntityType[type];
}

/** Whether the rule is about records of this stage. Lost is the stage's semantics `F` and nothing else. */
function matchesStage({ when }: Pick<Rule, 'when'>, record: RecordState): boolean {
  if (record.entityTypeId !== entityTypeOf(when.type) || record.semantics !== 'F') return false;
  const { pipelines, stages } = when;
  if (pipelines !== undefined && !pipelines.includes(record.categoryId)) return false;
  if (stages === 'all-lost') return true;
  const { entityTypeId, categoryId, stageId } = record;
  const stage = canonicalStage(entityTypeId, categoryId, stageId);
  return stages.some((code) => canonicalStage(entityTypeId, 0, code) === stage);
}

/**
 * Whether the rule is about this record: its type, its pipeline, its stage, which must be a lost one at present, and
 * the fields that `where` looks at. The rule's stages must be codes (see `resolveRules`).
 *
 * @param now ms since the epoch
 * @param overlooked fields whose conditions do not count
 */
export function matches(
  rule: Pick<Rule, 'enabled' | 'when' | 'where'>,
  record: RecordState,
  now: number,
  overlooked?: ReadonlySet<string>,
): boolean {
  return (
    rule.enabled &&
    matchesStage(rule, record) &&
    rule.where.every(
      (condition) =>
        overlooked?.has(condition.field) === true || holds(condition, valueOf(record, condition.field), now),
    )
  );
}

/** Of the record itself, and of nothing that it inherits. */
function valueOf({ fields }: RecordState, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}
