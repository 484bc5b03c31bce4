import { EntityType } from '../bitrix24/entity-types.ts';

/**
 * A stage's code in its one form. Deals: bare in pipeline 0 (`LOSE`), with the pipeline's prefix in every other
 * (`C5:LOSE`). Leads: bare. Items of a smart process: with type and pipeline (`DT1044_3:FAIL`). The portal's own lists
 * give both forms.
 */
export function canonicalStage(entityTypeId: number, pipelineId: number, code: string): string {
  if (entityTypeId === EntityType.lead) return code;
  if (entityTypeId !== EntityType.deal) return code.includes(':') ? code : `DT${entityTypeId}_${pipelineId}:${code}`;
  const bare = code.replace(/^C0:/, '');
  return pipelineId === 0 || bare.includes(':') ? bare : `C${pipelineId}:${bare}`;
}
