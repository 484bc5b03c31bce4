import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import { nextId, type Pipeline, type PortalState, type Stage } from '../state.ts';

/** P in progress, S won, F lost. */
export type Semantics = 'P' | 'S' | 'F';

export interface NewStage {
  /** With or without the pipeline's prefix: `UC_7K2M` and `C5:UC_7K2M` are the same in pipeline 5. */
  readonly id: string;
  readonly name: string;
  /** Default: the place in the list × 10. */
  readonly sort?: number;
}

const DEAL_STAGES: readonly NewStage[] = [
  { id: 'NEW', name: 'New' },
  { id: 'PREPARATION', name: 'Preparing documents' },
  { id: 'PREPAYMENT_INVOICE', name: 'Prepayment invoice' },
  { id: 'EXECUTING', name: 'In progress' },
  { id: 'FINAL_INVOICE', name: 'Final invoice' },
  { id: 'WON', name: 'Deal won' },
  { id: 'LOSE', name: 'Deal lost' },
  { id: 'APOLOGY', name: 'Analyse the failure' },
];

const LEAD_STAGES: readonly NewStage[] = [
  { id: 'NEW', name: 'Unassigned' },
  { id: 'IN_PROCESS', name: 'In work' },
  { id: 'PROCESSED', name: 'Processed' },
  { id: 'CONVERTED', name: 'Good lead' },
  { id: 'JUNK', name: 'Junk lead' },
];

const ITEM_STAGES: readonly NewStage[] = [
  { id: 'NEW', name: 'Start' },
  { id: 'PREPARATION', name: 'Preparation' },
  { id: 'CLIENT', name: 'Waiting for client' },
  { id: 'SUCCESS', name: 'Success' },
  { id: 'FAIL', name: 'Failure' },
];

/** The stages of every pipeline, and what they mean. */
export class StageDirectory {
  readonly #state: PortalState;

  constructor(state: PortalState) {
    this.#state = state;
  }

  /** Leads, deals and dynamic items have stages; contacts and companies do not. */
  static hasStages(entityTypeId: number): boolean {
    return entityTypeId !== EntityType.contact && entityTypeId !== EntityType.company;
  }

  addPipeline(pipeline: Pipeline, stages: readonly NewStage[] = defaultStages(pipeline.entityTypeId)): Pipeline {
    const existing = this.pipeline(pipeline.entityTypeId, pipeline.id);
    if (existing) throw new Error(`Pipeline ${pipeline.id} of type ${pipeline.entityTypeId} exists`);
    this.#state.pipelines.push(pipeline);
    const last = this.#state.lastIds[`pipeline:${pipeline.entityTypeId}`] ?? 0;
    this.#state.lastIds[`pipeline:${pipeline.entityTypeId}`] = Math.max(last, pipeline.id);
    for (const [index, stage] of stages.entries()) {
      this.addStage(pipeline.entityTypeId, pipeline.id, { sort: (index + 1) * 10, ...stage });
    }
    return pipeline;
  }

  addStage(entityTypeId: number, categoryId: number, stage: NewStage): Stage {
    const prefix = stagePrefix(entityTypeId, categoryId);
    const code = stage.id.startsWith(prefix) ? stage.id.slice(prefix.length) : stage.id;
    const added: Stage = {
      id: nextId(this.#state, 'stage'),
      entityId: stageEntityId(entityTypeId, categoryId),
      statusId: `${prefix}${code}`,
      name: stage.name,
      sort: stage.sort ?? 500,
      system: /^(NEW|WON|LOSE|CONVERTED|JUNK|SUCCESS|FAIL)$/.test(code),
      categoryId,
    };
    this.#state.stages.push(added);
    return added;
  }

  pipeline(entityTypeId: number, id: number): Pipeline | undefined {
    return this.pipelines(entityTypeId).find((pipeline) => pipeline.id === id);
  }

  pipelines(entityTypeId: number): Pipeline[] {
    return this.#state.pipelines.filter((pipeline) => pipeline.entityTypeId === entityTypeId);
  }

  /** In the order of SORT. */
  stages(entityTypeId: number, categoryId: number): Stage[] {
    return this.inDirectory(stageEntityId(entityTypeId, categoryId));
  }

  inDirectory(entityId: string): Stage[] {
    return this.#state.stages
      .filter((stage) => stage.entityId === entityId)
      .toSorted((a, b) => a.sort - b.sort || a.id - b.id);
  }

  /** The pipeline a stage code belongs to: the code alone tells, because its prefix names the pipeline. */
  find(entityTypeId: number, statusId: string): Stage | undefined {
    const directories = new Set(this.pipelines(entityTypeId).map(({ id }) => stageEntityId(entityTypeId, id)));
    if (entityTypeId === EntityType.lead) directories.add('STATUS');
    return this.#state.stages.find((stage) => stage.statusId === statusId && directories.has(stage.entityId));
  }

  /** The success stage means S, the failure stage and every stage sorted after success F: sorting anew changes meanings. */
  semantics(stage: Stage): Semantics {
    const code = stage.statusId.slice(stage.statusId.indexOf(':') + 1);
    if (/^(WON|CONVERTED|SUCCESS)$/.test(code)) return 'S';
    if (/^(LOSE|JUNK|FAIL)$/.test(code)) return 'F';
    const success = this.inDirectory(stage.entityId).find((other) =>
      /(^|:)(WON|CONVERTED|SUCCESS)$/.test(other.statusId),
    );
    return success !== undefined && stage.sort > success.sort ? 'F' : 'P';
  }

  semanticsOf(entityTypeId: number, statusId: string): Semantics {
    const stage = this.find(entityTypeId, statusId);
    return stage ? this.semantics(stage) : 'P';
  }
}

/** The directory of a pipeline's stages, as crm.status.list names it. */
export function stageEntityId(entityTypeId: number, categoryId: number): string {
  if (entityTypeId === EntityType.lead) return 'STATUS';
  if (entityTypeId === EntityType.deal) return categoryId === 0 ? 'DEAL_STAGE' : `DEAL_STAGE_${categoryId}`;
  if (entityTypeId === 31) return `SMART_INVOICE_STAGE_${categoryId}`;
  return `DYNAMIC_${entityTypeId}_STAGE_${categoryId}`;
}

function stagePrefix(entityTypeId: number, categoryId: number): string {
  if (entityTypeId === EntityType.lead) return '';
  if (entityTypeId === EntityType.deal) return categoryId === 0 ? '' : `C${categoryId}:`;
  return `DT${entityTypeId}_${categoryId}:`;
}

function defaultStages(entityTypeId: number): readonly NewStage[] {
  if (entityTypeId === EntityType.lead) return LEAD_STAGES;
  return entityTypeId === EntityType.deal ? DEAL_STAGES : ITEM_STAGES;
}
