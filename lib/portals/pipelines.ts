import * as z from 'zod';
import type { Command } from '../bitrix24/batch.ts';
import { EntityType } from '../bitrix24/entity-types.ts';
import { readStages, stagesCommand } from '../bitrix24/stages.ts';
import type { Pipeline } from '../rules/directory.ts';
import { DirectoryUnreadable, resultOf } from './ask.ts';
import type { JudgedAnswer } from './judge.ts';

/** A pipeline without its stages. */
export interface PipelineName {
  readonly entityTypeId: number;
  readonly id: number;
  readonly name: string;
}

const categoriesSchema = z.object({
  categories: z.array(z.object({ id: z.coerce.number().pipe(z.int().min(0)), name: z.string() })),
});

const categoriesKey = (entityTypeId: number) => `categories${entityTypeId}`;
const stagesKey = ({ entityTypeId, id }: PipelineName) => `stages${entityTypeId}p${id}`;

/** The commands that ask for the pipelines of these types. Leads have none, but stages as if they had one. */
export function pipelineCommands(types: Iterable<number>): Map<string, Command> {
  const asked = [...types].filter((type) => type !== EntityType.lead);
  return new Map(
    asked.map((entityTypeId) => [
      categoriesKey(entityTypeId),
      { method: 'crm.category.list', params: { entityTypeId } },
    ]),
  );
}

/**
 * The pipelines of a type, as far as the user of the credentials may see them.
 *
 * @throws DirectoryUnreadable
 */
export function readPipelines(entityTypeId: number, answers: ReadonlyMap<string, JudgedAnswer>): PipelineName[] {
  if (entityTypeId === EntityType.lead) return [{ entityTypeId, id: 0, name: 'leads' }];
  const answer = answers.get(categoriesKey(entityTypeId));
  const parsed = categoriesSchema.safeParse(resultOf(answer));
  if (!parsed.success) throw new DirectoryUnreadable(`The pipelines of type ${entityTypeId}`, answer);
  return parsed.data.categories.map(({ id, name }) => ({ entityTypeId, id, name }));
}

/** The commands that ask for the stages of these pipelines. */
export function stageCommands(pipelines: readonly PipelineName[]): Map<string, Command> {
  return new Map(
    pipelines.map((pipeline) => [stagesKey(pipeline), stagesCommand(pipeline.entityTypeId, pipeline.id)] as const),
  );
}

/** @throws DirectoryUnreadable */
export function withStages(pipeline: PipelineName, answers: ReadonlyMap<string, JudgedAnswer>): Pipeline {
  const answer = answers.get(stagesKey(pipeline));
  const stages = readStages(resultOf(answer));
  if (!stages) throw new DirectoryUnreadable(`The stages of pipeline ${pipeline.id} (${pipeline.name})`, answer);
  return { pipelineId: pipeline.id, pipelineName: pipeline.name, stages };
}
