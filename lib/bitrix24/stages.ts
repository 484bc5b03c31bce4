import * as z from 'zod';
import type { Command } from './batch.ts';
import { EntityType } from './entity-types.ts';

/** What the portal says of a stage: in progress, won (success), lost (failure). */
export type Semantics = 'P' | 'S' | 'F';

/** One stage as `crm.status.list` gives it; `code` is unique within its directory alone. */
export interface StageRow {
  readonly code: string;
  readonly name: string;
  readonly semantics: Semantics;
}

/** The directory that holds the stages of a pipeline (crm-status-list.md). Leads have one, whatever the pipeline. */
export function stageDirectoryId(entityTypeId: number, categoryId: number): string {
  switch (entityTypeId) {
    case EntityType.lead:
      return 'STATUS';
    case EntityType.deal:
      return categoryId === 0 ? 'DEAL_STAGE' : `DEAL_STAGE_${categoryId}`;
    case EntityType.smartInvoice:
      return `SMART_INVOICE_STAGE_${categoryId}`;
    default:
      return `DYNAMIC_${entityTypeId}_STAGE_${categoryId}`;
  }
}

/** One directory a call; an unknown one is an empty list. */
export function stagesCommand(entityTypeId: number, categoryId: number): Command {
  const filter = { ENTITY_ID: stageDirectoryId(entityTypeId, categoryId) };
  return { method: 'crm.status.list', params: { filter, order: { SORT: 'ASC' } } };
}

const stagesSchema = z.array(
  z.object({
    STATUS_ID: z.string(),
    NAME: z.string(),
    /** S or F; null and, on some portals, P while in progress. */
    SEMANTICS: z.string().nullish().catch(undefined),
    EXTRA: z.object({ SEMANTICS: z.string().nullish() }).optional().catch(undefined),
  }),
);

/** The stages in an answer to `stagesCommand`; undefined when it cannot be read. */
export function readStages(result: unknown): StageRow[] | undefined {
  return stagesSchema.safeParse(result).data?.map(({ STATUS_ID, NAME, SEMANTICS, EXTRA }) => ({
    code: STATUS_ID,
    name: NAME,
    semantics: semanticsOf(SEMANTICS, EXTRA?.SEMANTICS),
  }));
}

function semanticsOf(short: string | null | undefined, long: string | null | undefined): Semantics {
  if (short === 'F' || long === 'failure' || long === 'apology') return 'F';
  return short === 'S' || long === 'success' ? 'S' : 'P';
}

/** The pipeline that a smart-process stage's code names: `DT1044_3:FAIL` is of pipeline 3. */
export function pipelineOfStage(entityTypeId: number, code: string): number | undefined {
  const [, type, pipeline] = /^DT(\d+)_(\d+):/.exec(code) ?? [];
  return Number(type) === entityTypeId ? Number(pipeline) : undefined;
}
