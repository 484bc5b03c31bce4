import { EntityType } from '../bitrix24/entity-types.ts';
import type { Pipeline } from './directory.ts';
import type { Report } from './finding.ts';
import { entityTypeOf } from './match.ts';
import { didYouMean } from './nearest.ts';
import type { Rule } from './schema.ts';
import { canonicalStage } from './stage-code.ts';

type When = Rule['when'];

interface Stage {
  readonly code: string;
  readonly name: string;
  readonly lost: boolean;
  readonly pipeline: Pipeline;
}

/** The same with stage codes in place of names, of the pipelines of the rule's type. */
export function resolveStages(when: When, directory: readonly Pipeline[], report: Report): When {
  const { type, pipelines, stages } = when;
  const entityTypeId = entityTypeOf(type);
  pipelines?.forEach((id, index) => {
    if (directory.some(({ pipelineId }) => pipelineId === id)) return;
    const list = directory.map(({ pipelineId, pipelineName }) => `${pipelineId} ${pipelineName}`).join(', ');
    const path = `when.pipelines[${index}]`;
    report({ path, message: `the portal has no pipeline ${id}`, hint: `its user may see ${list}` });
  });
  if (stages === 'all-lost') return when;

  const all = directory.flatMap((pipeline) => stagesOf(entityTypeId, pipeline));
  const chosen = all.filter(({ pipeline }) => pipelines?.includes(pipeline.pipelineId) ?? true);
  const codes = stages.flatMap((text, index) => {
    const found = find(text, entityTypeId, chosen);
    const path = `when.stages[${index}]`;
    if (found.length === 0) report({ path, ...unknownStage(text, entityTypeId, chosen, all) });
    const notLost = found.find(({ lost }) => !lost);
    if (notLost !== undefined) {
      const message = `${JSON.stringify(text)} is not a lost stage${inPipeline(' in', entityTypeId, notLost)}`;
      report({ path, message, ...lostOnes(found) });
    }
    return found.map(({ code }) => code);
  });
  return { ...when, stages: [...new Set(codes)] };
}

function stagesOf(entityTypeId: number, pipeline: Pipeline): Stage[] {
  return pipeline.stages.map(({ code, name, semantics }) => ({
    code: canonicalStage(entityTypeId, pipeline.pipelineId, code),
    name: name.trim().normalize(),
    lost: semantics === 'F',
    pipeline,
  }));
}

/** By code, which is unique, and only then by name: a stage that bears another's code as its name changes nothing. */
function find(text: string, entityTypeId: number, stages: readonly Stage[]): Stage[] {
  const byCode = stages.filter(({ code }) => code === canonicalStage(entityTypeId, 0, text));
  return byCode.length > 0 ? byCode : stages.filter(({ name }) => name === text.normalize());
}

function unknownStage(
  text: string,
  entityTypeId: number,
  chosen: readonly Stage[],
  all: readonly Stage[],
): { message: string; hint?: string } {
  const elsewhere = find(text, entityTypeId, all)[0];
  if (elsewhere !== undefined) {
    const meant = chosen.filter(({ code }) => code.endsWith(`:${text}`)).map(({ code }) => JSON.stringify(code));
    return {
      message: `${JSON.stringify(text)} is a stage${inPipeline(' of', entityTypeId, elsewhere)}, which the rule does not name`,
      ...(meant.length === 0 ? {} : { hint: `did you mean ${meant.join(', ')}?` }),
    };
  }
  const lost = chosen.filter((stage) => stage.lost);
  // Of smart processes only the last part of a code is the same in every pipeline.
  const bare = lost.filter(({ code }) => code.endsWith(`:${text}`)).map(({ code }) => JSON.stringify(code));
  const hint = bare.length > 0 ? { hint: `did you mean ${bare.join(', ')}?` } : undefined;
  return {
    message:
      entityTypeId === EntityType.lead
        ? `the portal's leads have no stage ${JSON.stringify(text)}`
        : `no pipeline of the rule has a stage ${JSON.stringify(text)}`,
    ...(hint ??
      didYouMean(
        text,
        lost.flatMap(({ code, name }) => [name, code]),
      )),
  };
}

/** Leads have no pipelines that could be named. */
function inPipeline(word: string, entityTypeId: number, { pipeline }: Stage): string {
  if (entityTypeId === EntityType.lead) return ' of leads';
  return `${word} pipeline ${pipeline.pipelineId} (${pipeline.pipelineName})`;
}

function lostOnes(found: readonly Stage[]): { hint?: string } {
  const codes = found.filter(({ lost }) => lost).map(({ code }) => code);
  return codes.length === 0 ? {} : { hint: `for the lost one write ${codes.join(', ')}` };
}
