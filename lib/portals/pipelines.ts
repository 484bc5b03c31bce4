import * as z from 'zod';
import { type Command, maxBatchCommands } from '../bitrix24/batch.ts';
import { EntityType } from '../bitrix24/entity-types.ts';
import type { Semantics } from '../rules/match.ts';
import type { Pipeline } from '../rules/resolve.ts';
import type { JudgedAnswer } from './judge.ts';
import type { PortalSession } from './session.ts';

const categoriesSchema = z.object({
  categories: z.array(z.object({ id: z.coerce.number().pipe(z.int().min(0)), name: z.string() })),
});

const stagesSchema = z.array(
  z.object({
    STATUS_ID: z.string(),
    NAME: z.string(),
    /** S or F; null and, on some portals, P while in progress. */
    SEMANTICS: z.string().nullish().catch(undefined),
    EXTRA: z.object({ SEMANTICS: z.string().nullish() }).optional().catch(undefined),
  }),
);

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
    const commands = new Map(categories.map(({ id }) => [key(id), stagesOf(id)] as const));
    const answers = await session.batch(commands, { write: false });
    for (const { id, name } of categories) {
      pipelines.push({ pipelineId: id, pipelineName: name, stages: readStages(id, answers.get(key(id))) });
    }
  }
  return pipelines;
}

const key = (pipelineId: number) => `p${pipelineId}`;

function stagesOf(pipelineId: number): Command {
  const directory = pipelineId === 0 ? 'DEAL_STAGE' : `DEAL_STAGE_${pipelineId}`;
  return { method: 'crm.status.list', params: { filter: { ENTITY_ID: directory }, order: { SORT: 'ASC' } } };
}

function readStages(pipelineId: number, answer: JudgedAnswer | undefined): Pipeline['stages'] {
  const parsed = stagesSchema.safeParse(answer?.kind === 'result' ? answer.result : undefined);
  if (!parsed.success) {
    const why = answer?.kind === 'error' ? `: ${answer.row.meaning} ${answer.row.mend ?? ''}`.trimEnd() : '';
    throw new PipelinesUnreadable(`The stages of pipeline ${pipelineId} could not be read${why}`);
  }
  return parsed.data.map(({ STATUS_ID, NAME, SEMANTICS, EXTRA }) => ({
    code: STATUS_ID,
    name: NAME,
    semantics: semanticsOf(SEMANTICS, EXTRA?.SEMANTICS),
  }));
}

function semanticsOf(short: string | null | undefined, long: string | null | undefined): Semantics {
  if (short === 'F' || long === 'failure' || long === 'apology') return 'F';
  return short === 'S' || long === 'success' ? 'S' : 'P';
}
