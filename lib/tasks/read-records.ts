import { dealFields, dealSchema, itemListSchema } from '../bitrix24/answers.ts';
import { type Command, maxBatchCommands } from '../bitrix24/batch.ts';
import { EntityType } from '../bitrix24/entity-types.ts';
import type { JudgedAnswer } from '../portals/judge.ts';
import type { PresentRecord } from './decide.ts';

/** `crm.item.list` gives a page of 50 and no more (list-methods-pecularities.md). */
export const idsPerCommand = 50;
/** So many records one batch call can read, and ask who we are. */
export const recordsPerCall = idsPerCommand * (maxBatchCommands - 1);

/** The commands that read these deals as they are now; keys `deals0`, `deals1`, … */
export function dealCommands(ids: readonly number[]): Map<string, Command> {
  const commands = new Map<string, Command>();
  for (let start = 0; start < ids.length; start += idsPerCommand) {
    commands.set(`deals${commands.size}`, {
      method: 'crm.item.list',
      params: {
        entityTypeId: EntityType.deal,
        filter: { '@id': ids.slice(start, start + idsPerCommand) },
        select: dealFields,
        order: { id: 'ASC' },
        start: -1,
      },
    });
  }
  return commands;
}

/**
 * The records that the answers to `dealCommands(ids)` tell of. A deal that was asked for and is not in the answer is
 * gone (or hidden from a user who is no administrator). A deal whose command failed, or whose row cannot be read, is
 * not in the map at all: nothing is known of it.
 */
export function readDeals(
  ids: readonly number[],
  answers: ReadonlyMap<string, JudgedAnswer>,
): { records: Map<number, PresentRecord>; failures: JudgedAnswer[] } {
  const records = new Map<number, PresentRecord>();
  const failures: JudgedAnswer[] = [];
  for (let start = 0, index = 0; start < ids.length; start += idsPerCommand, index += 1) {
    const answer = answers.get(`deals${index}`);
    const list = answer?.kind === 'result' ? itemListSchema.safeParse(answer.result) : undefined;
    if (list?.success !== true) {
      if (answer) failures.push(answer);
      continue;
    }
    let unread = 0;
    const asked = new Set(ids.slice(start, start + idsPerCommand));
    for (const row of list.data.items) {
      const deal = dealSchema.safeParse(row);
      if (deal.success && asked.delete(deal.data.id)) {
        const { id, stageSemanticId: semantics, ...rest } = deal.data;
        records.set(id, {
          found: true,
          entityTypeId: EntityType.deal,
          semantics,
          companyId: 0,
          contactIds: [],
          fields: {},
          ...rest,
        });
      } else if (!deal.success) {
        unread += 1;
        asked.delete(Number(typeof row === 'object' && row !== null && 'id' in row ? row.id : Number.NaN));
      }
    }
    // A row that cannot be read must not make its deal count as gone, and which deal it is may not be readable either.
    if (unread === 0) for (const id of asked) records.set(id, { found: false });
  }
  return { records, failures };
}
