import * as z from 'zod';
import { maxBatchCommands } from '../bitrix24/batch.ts';
import { EntityType } from '../bitrix24/entity-types.ts';
import { readStages, stagesCommand } from '../bitrix24/stages.ts';
import type { Pipeline } from '../rules/resolve.ts';
import type { JudgedAnswer } from './judge.ts';
import type { PortalSession } from './session.ts';

const categoriesSchema = z.object({
  categories: z.array(z.object({ id: z.coerce.number().pipe(z.int().min(0)), name: z.string() })),
});

/** Thrown when the portal's pipelines or stages could not be read. */
export class PipelinesUnreadable extends Error {
  override readonly name = 'PipelinesUnreadable';
  readonly code = 'PIPELINES_UNREADABLE';
}

/**
 * The deal pipelines of a portal with their stages, as far as the user of the credentials may see them.
 *
 * @throws PipelinesUnreadable, and what a PortalSession throws
 */
export async function readDealPipelines(session: PortalSession): Promise<Pipeline[]> {
  const answer = await session.call('crm.category.list', { entityTypeId: EntityType.deal }, { write: false });
  const parsed = categoriesSchema.safeParse(answer.result);
  if (!parsed.success) throw new PipelinesUnreadable("The portal's pipelines could not be read");

  const pipelines: Pipeline[] = [];
  for (let start = 0; start < parsed.data.categories.length; start += maxBatchCommands) {
    const categories = parsed.data.categories.slice(start, start + maxBatchCommands);
    const commands = new Map(categories.map(({ id }) => [key(id), stagesCommand(EntityType.deal, id)] as const));
    const answers = await session.batch(commands, { write: false });
    for (const { id, name } of categories) {
      pipelines.push({ pipelineId: id, pipelineName: name, stages: stagesIn(id, answers.get(key(id))) });
    }
  }
  return pipelines;
}

const key = (pipelineId: number) => `p${pipelineId}`;

function stagesIn(pipelineId: number, answer: JudgedAnswer | undefined): Pipeline['stages'] {
  const stages = readStages(answer?.kind === 'result' ? answer.result : undefined);
  if (stages) return stages;
  const why = answer?.kind === 'error' ? `: ${answer.row.meaning} ${answer.row.mend ?? ''}`.trimEnd() : '';
  throw new PipelinesUnreadable(`The stages of pipeline ${pipelineId} could not be read${why}`);
}
