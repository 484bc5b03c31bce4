import { EntityType, quoteTypeId } from '../../lib/bitrix24/entity-types.ts';
import { nextId, type Pipeline, type PortalState, type Stage } from '../state.ts';
import { defaultStages, type NewStage } from './default-stages.ts';
import { hasStages, SMART_INVOICE } from './record-types.ts';

/** P in progress, S won, F lost. */
export type Semantics = 'P' | 'S' | 'F';

/** The stages of every pipeline, and what they mean. */
export class StageDirectory {
  readonly #state: PortalState;
  /** By type and stage code. Filters ask for every record of a list. */
  readonly #meanings = new Map<string, Semantics>();

  constructor(state: PortalState) {
    this.#state = state;
  }

  hasStages(entityTypeId: number): boolean {
    return hasStages(this.#state, entityTypeId);
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
      system: /^(NEW|WON|LOSE|CONVERTED|JUNK|SUCCESS|FAIL)$/.test(code) || entityTypeId === SMART_INVOICE,
      categoryId,
    };
    this.#state.stages.push(added);
    this.#meanings.clear();
    return added;
  }

  /** Records keep their stage, whatever it means from now on. */
  sortStage(entityTypeId: number, categoryId: number, code: string, sort: number): void {
    this.#require(entityTypeId, categoryId, code).sort = sort;
    this.#meanings.clear();
  }

  /** A pipeline without its success stage does not exist. Records stay where they are, in a stage that is none any more. */
  removeStage(entityTypeId: number, categoryId: number, code: string): void {
    const stage = this.#require(entityTypeId, categoryId, code);
    if (isSuccess(stage)) throw new Error('The success stage of a pipeline cannot be removed');
    this.#state.stages = this.#state.stages.filter((other) => other !== stage);
    this.#meanings.clear();
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
    if (isSuccess(stage)) return 'S';
    if (isFailure(stage)) return 'F';
    const success = this.inDirectory(stage.entityId).find(isSuccess);
    return success !== undefined && stage.sort > success.sort ? 'F' : 'P';
  }

  semanticsOf(entityTypeId: number, statusId: string): Semantics {
    const key = `${entityTypeId} ${statusId}`;
    const known = this.#meanings.get(key);
    if (known) return known;
    const stage = this.find(entityTypeId, statusId);
    const meaning = stage ? this.semantics(stage) : 'P';
    this.#meanings.set(key, meaning);
    return meaning;
  }

  /** By its code with or without the pipeline's prefix. */
  #require(entityTypeId: number, categoryId: number, code: string): Stage {
    const full = [code, `${stagePrefix(entityTypeId, categoryId)}${code}`];
    const stage = this.stages(entityTypeId, categoryId).find((candidate) => full.includes(candidate.statusId));
    if (!stage) throw new Error(`Pipeline ${categoryId} of type ${entityTypeId} has no stage ${code}`);
    return stage;
  }
}

function isSuccess(stage: Stage): boolean {
  return (isInvoice(stage) ? /^P$/ : /^(WON|CONVERTED|SUCCESS|APPROVED)$/).test(bareCode(stage));
}

function isFailure(stage: Stage): boolean {
  return (isInvoice(stage) ? /^D$/ : /^(LOSE|JUNK|FAIL|DECLAINED)$/).test(bareCode(stage));
}

function isInvoice(stage: Stage): boolean {
  return stage.entityId.startsWith('SMART_INVOICE_STAGE_');
}

function bareCode(stage: Stage): string {
  return stage.statusId.slice(stage.statusId.indexOf(':') + 1);
}

/** The directory of a pipeline's stages, as crm.status.list names it. */
export function stageEntityId(entityTypeId: number, categoryId: number): string {
  if (entityTypeId === EntityType.lead) return 'STATUS';
  if (entityTypeId === quoteTypeId) return 'QUOTE_STATUS';
  if (entityTypeId === EntityType.deal) return categoryId === 0 ? 'DEAL_STAGE' : `DEAL_STAGE_${categoryId}`;
  if (entityTypeId === SMART_INVOICE) return `SMART_INVOICE_STAGE_${categoryId}`;
  return `DYNAMIC_${entityTypeId}_STAGE_${categoryId}`;
}

function stagePrefix(entityTypeId: number, categoryId: number): string {
  if (entityTypeId === EntityType.lead || entityTypeId === quoteTypeId) return '';
  if (entityTypeId === EntityType.deal) return categoryId === 0 ? '' : `C${categoryId}:`;
  return `DT${entityTypeId}_${categoryId}:`;
}
