import type { Command } from '../bitrix24/batch.ts';
import { EntityType } from '../bitrix24/entity-types.ts';
import { pipelineOfStage, readStages, type Semantics, stagesCommand } from '../bitrix24/stages.ts';
import type { JudgedAnswer } from '../portals/judge.ts';
import { canonicalStage } from '../rules/stage-code.ts';
import type { SemanticsOf } from './read-records.ts';

/** A stage that a record is, or was, in. */
export interface StageOf {
  readonly entityTypeId: number;
  readonly stageId: string;
}

const commandKey = (entityTypeId: number, pipelineId: number) => `stages${entityTypeId}p${pipelineId}`;

/** Whether records of the type say themselves what their stage means. */
export function saysSemantics(entityTypeId: number): boolean {
  return entityTypeId === EntityType.deal || entityTypeId === EntityType.lead;
}

/** Commands that read what these stages mean, where the records do not say it themselves: one for each pipeline. */
export function stageCommands(stages: Iterable<StageOf>): Map<string, Command> {
  const commands = new Map<string, Command>();
  for (const { entityTypeId, stageId } of stages) {
    if (saysSemantics(entityTypeId)) continue;
    const pipelineId = pipelineOfStage(entityTypeId, stageId);
    if (pipelineId === undefined) continue;
    commands.set(commandKey(entityTypeId, pipelineId), stagesCommand(entityTypeId, pipelineId));
  }
  return commands;
}

/**
 * What stages mean, by the answers to `stageCommands`. A stage that its pipeline does not have is in progress, as the
 * portal itself has it; one whose pipeline was not read is unknown.
 */
export function semanticsFrom(answers: ReadonlyMap<string, JudgedAnswer>): SemanticsOf {
  return (entityTypeId: number, stageId: string): Semantics | undefined => {
    const pipelineId = pipelineOfStage(entityTypeId, stageId);
    if (pipelineId === undefined) return undefined;
    const answer = answers.get(commandKey(entityTypeId, pipelineId));
    const stages = answer?.kind === 'result' ? readStages(answer.result) : undefined;
    if (stages === undefined || stages.length === 0) return undefined;
    return stages.find(({ code }) => canonicalStage(entityTypeId, pipelineId, code) === stageId)?.semantics ?? 'P';
  };
}
