import * as z from 'zod';
import { pipelineOfStage, type Semantics, type StageRow } from '../bitrix24/stages.ts';
import { canonicalStage } from '../rules/stage-code.ts';

const stageSchema = z.object({
  /** In its one form; see canonicalStage. */
  code: z.string(),
  semantics: z.enum(['P', 'S', 'F']),
  /** Of a lost stage: when it was found to be one. It may have been one before. */
  lostSince: z.int().min(0).optional(),
  /** Of one that was not lost when it, or its pipeline, was last read before: when that was. */
  notLostAt: z.int().min(0).optional(),
});
type Stage = z.infer<typeof stageSchema>;

/** What the stages of one type of records mean, as a portal told at `readAt`. Times are ms since the epoch. */
export const stageDirectorySchema = z.object({
  entityTypeId: z.int().positive(),
  /** Taken before the portal was asked. */
  readAt: z.int().positive(),
  pipelines: z.array(z.object({ id: z.int().min(0), stages: z.array(stageSchema) })),
});
export type StageDirectory = z.infer<typeof stageDirectorySchema>;

/** The stages of each pipeline of a type, by the pipeline's number, as just read. */
export type ReadPipelines = ReadonlyMap<number, readonly StageRow[]>;

/**
 * The directory as it is now, with what is known from before: since when a stage is lost never moves while it stays one.
 * A stage that is new in a pipeline that was known may have been in progress first.
 */
export function nextDirectory(
  entityTypeId: number,
  before: StageDirectory | undefined,
  read: ReadPipelines,
  at: number,
): StageDirectory {
  // Later than the one before, whatever the clocks say: a directory is replaced by its `readAt`.
  const readAt = Math.max(at, (before?.readAt ?? 0) + 1);
  const pipelines = [...read].map(([id, rows]) => {
    const known = before?.pipelines.find((pipeline) => pipeline.id === id);
    const stages = rows.map(({ code: anyForm, semantics }): Stage => {
      const code = canonicalStage(entityTypeId, id, anyForm);
      if (semantics !== 'F') return { code, semantics };
      if (!before || !known) return { code, semantics, lostSince: readAt };
      const stage = known.stages.find((other) => other.code === code);
      if (stage?.semantics === 'F') return { ...stage, lostSince: stage.lostSince ?? readAt };
      return { code, semantics, lostSince: readAt, notLostAt: before.readAt };
    });
    return { id, stages };
  });
  return { entityTypeId, readAt, pipelines };
}

/** A stage by its code in any form. */
export function stageOf(
  { entityTypeId, pipelines }: StageDirectory,
  { categoryId, stageId }: { categoryId: number; stageId: string },
): Stage | undefined {
  const code = canonicalStage(entityTypeId, categoryId, stageId);
  return pipelines.flatMap(({ stages }) => stages).find((stage) => stage.code === code);
}

/**
 * What a stage of a smart process means. One that its pipeline does not have is in progress, as the portal itself has
 * it; one of an unknown pipeline is unknown.
 */
export function semanticsIn(directory: StageDirectory, stageId: string): Semantics | undefined {
  const categoryId = pipelineOfStage(directory.entityTypeId, stageId);
  const pipeline = directory.pipelines.find(({ id }) => id === categoryId);
  return pipeline && (pipeline.stages.find(({ code }) => code === stageId)?.semantics ?? 'P');
}

/** The codes of every lost stage. */
export function lostStages({ pipelines }: StageDirectory): string[] {
  return pipelines.flatMap(({ stages }) => stages.filter(({ semantics }) => semantics === 'F').map(({ code }) => code));
}
