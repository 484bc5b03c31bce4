import type { Rule } from './schema.ts';
import { canonicalStage } from './stage-code.ts';

const dealEntityTypeId = 2;

/** What the portal says of a stage: in progress, won (success), lost (failure). */
export type Semantics = 'P' | 'S' | 'F';

/** The present state of a record, as far as rules look at it. */
export interface RecordState {
  readonly entityTypeId: number;
  /** The pipeline's number; 0 is the main one. */
  readonly categoryId: number;
  readonly stageId: string;
  readonly semantics: Semantics;
}

/**
 * Whether the rule is about this record. Lost is the stage's semantics `F` and nothing else: a stage that is named in
 * the rule and is no longer a lost one does not match. The rule's stages must be codes (see `resolveStages`).
 */
export function matches(rule: Pick<Rule, 'enabled' | 'when'>, record: RecordState): boolean {
  if (!rule.enabled || record.entityTypeId !== dealEntityTypeId || record.semantics !== 'F') return false;
  const { pipelines, stages } = rule.when;
  if (pipelines !== undefined && !pipelines.includes(record.categoryId)) return false;
  if (stages === 'all-lost') return true;
  const stage = canonicalStage(record.categoryId, record.stageId);
  return stages.some((code) => canonicalStage(0, code) === stage);
}
