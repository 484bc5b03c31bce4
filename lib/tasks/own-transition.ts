import * as z from 'zod';
import type { Command } from '../bitrix24/batch.ts';
import { minute } from '../bitrix24/reactions.ts';
import type { JudgedAnswer } from '../portals/judge.ts';
import { type StageDirectory, stageOf } from '../portals/stage-directory.ts';
import { canonicalStage } from '../rules/stage-code.ts';
import type { PresentRecord } from './decide.ts';

export type FoundRecord = Extract<PresentRecord, { found: true }>;

/** The portal's clock and ours may differ by so much. */
const skewMs = 10 * minute;

/**
 * Whether a lost record came to its stage when that was a lost one, by what the directory knows of the stage. `ask`: it
 * moved before the stage was known to be a lost one, or the directory knows it otherwise; its history tells.
 */
export function movedIntoLoss(record: FoundRecord, directory: StageDirectory): boolean | 'ask' {
  const stage = stageOf(directory, record);
  if (stage?.semantics !== 'F') return 'ask';
  const { lostSince = Number.POSITIVE_INFINITY, notLostAt = 0 } = stage;
  if (record.movedTime > lostSince + skewMs) return true;
  return record.movedTime < notLostAt - skewMs ? false : 'ask';
}

/** The newest stages that the record has been in. */
export function historyCommand({ entityTypeId }: FoundRecord, id: number): Command {
  const params = { entityTypeId, filter: { OWNER_ID: id }, order: { ID: 'DESC' }, start: -1 };
  return { method: 'crm.stagehistory.list', params };
}

/** Leads name the columns otherwise (crm-stage-history-list.md). */
const historySchema = z.object({
  items: z.array(
    z.object({
      STAGE_ID: z.string().optional(),
      STATUS_ID: z.string().optional(),
      STAGE_SEMANTIC_ID: z.string().nullish(),
      STATUS_SEMANTIC_ID: z.string().nullish(),
    }),
  ),
});

/**
 * By the answer to `historyCommand`: whether the record's last move to its stage was one into a lost stage. A history
 * without that move tells of none. Undefined when it cannot be read.
 */
export function lostByHistory(record: FoundRecord, answer: JudgedAnswer | undefined): boolean | undefined {
  const read = historySchema.safeParse(answer?.kind === 'result' ? answer.result : undefined);
  if (!read.success) return undefined;
  const { entityTypeId, categoryId, stageId } = record;
  const stage = canonicalStage(entityTypeId, categoryId, stageId);
  const move = read.data.items.find(({ STAGE_ID, STATUS_ID }) => {
    const code = STAGE_ID ?? STATUS_ID;
    return code !== undefined && canonicalStage(entityTypeId, categoryId, code) === stage;
  });
  return (move?.STAGE_SEMANTIC_ID ?? move?.STATUS_SEMANTIC_ID) === 'F';
}
