import { itemListSchema, recordFields, recordSchema } from '../bitrix24/answers.ts';
import { type Command, maxBatchCommands } from '../bitrix24/batch.ts';
import { EntityType } from '../bitrix24/entity-types.ts';
import type { Semantics } from '../bitrix24/stages.ts';
import type { JudgedAnswer } from '../portals/judge.ts';
import { entityTypeOf } from '../rules/match.ts';
import type { Rule } from '../rules/schema.ts';
import type { PresentRecord } from './decide.ts';
import type { RecordKey } from './task.ts';

/** `crm.item.list` gives a page of 50 and no more (list-methods-pecularities.md). */
export const idsPerCommand = 50;
/** So many records of one type one batch call can read, and ask who we are. */
export const recordsPerCall = idsPerCommand * (maxBatchCommands - 1);

/** Records by `recordKey`. A record that nothing is known of is not in it. */
export type Records = ReadonlyMap<string, PresentRecord>;

export function recordKey({ entityTypeId, id }: RecordKey): string {
  return `${entityTypeId}:${id}`;
}

/** What a stage of a type without `stageSemanticId` means; undefined when it is not known. */
export type SemanticsOf = (entityTypeId: number, stageId: string) => Semantics | undefined;
const noneKnown: SemanticsOf = () => undefined;

/** The fields that the conditions of these rules look at, of one type of records. */
function conditionFields(entityTypeId: number, rules: readonly Pick<Rule, 'when' | 'where'>[]): string[] {
  const ofType = rules.filter(({ when }) => entityTypeOf(when.type) === entityTypeId);
  return ofType.flatMap(({ where }) => where.map(({ field }) => field));
}

/** `filter` and `select` for the records of a type, as everything reads them that asks rules about them. */
export function recordsCommand(
  entityTypeId: number,
  filter: Record<string, unknown>,
  rules: readonly Pick<Rule, 'when' | 'where'>[],
): Command {
  // Only deals and leads say themselves what their stage means, and leads have no pipelines.
  const absent = entityTypeId === EntityType.lead ? 'categoryId' : 'stageSemanticId';
  const known = recordFields.filter((field) => entityTypeId === EntityType.deal || field !== absent);
  const select = [...new Set([...known, ...conditionFields(entityTypeId, rules)])];
  const params = { entityTypeId, filter, select, order: { id: 'ASC' }, start: -1, useOriginalUfNames: 'Y' };
  return { method: 'crm.item.list', params };
}

/** The ids of the same type that one command asks for, by its key: `t2p0`, `t2p1`, `t1044p0`, … */
function pagesOf(wanted: readonly RecordKey[]): Map<string, { entityTypeId: number; ids: number[] }> {
  const pages = new Map<string, { entityTypeId: number; ids: number[] }>();
  for (const [entityTypeId, keys] of Map.groupBy(wanted, (key) => key.entityTypeId)) {
    const ids = [...new Set(keys.map(({ id }) => id))];
    for (let start = 0; start < ids.length; start += idsPerCommand) {
      pages.set(`t${entityTypeId}p${start / idsPerCommand}`, {
        entityTypeId,
        ids: ids.slice(start, start + idsPerCommand),
      });
    }
  }
  return pages;
}

/** The commands that read these records as they are now, with the fields that the rules look at. */
export function recordCommands(
  wanted: readonly RecordKey[],
  rules: readonly Pick<Rule, 'when' | 'where'>[],
): Map<string, Command> {
  return new Map(
    [...pagesOf(wanted)].map(
      ([key, { entityTypeId, ids }]) => [key, recordsCommand(entityTypeId, { '@id': ids }, rules)] as const,
    ),
  );
}

/**
 * The records that the answers to `recordCommands(wanted)` tell of. A record that was asked for and is not in the answer
 * is gone (or hidden from a user who is no administrator). One whose command failed, whose row cannot be read, or of
 * whose stage nobody knows what it means, is not in the map at all: nothing is known of it.
 */
export function readRecords(
  wanted: readonly RecordKey[],
  answers: ReadonlyMap<string, JudgedAnswer>,
  semanticsOf: SemanticsOf = noneKnown,
): { records: Records; failures: ReadonlyMap<string, JudgedAnswer> } {
  const records = new Map<string, PresentRecord>();
  const failures = new Map<string, JudgedAnswer>();
  for (const [key, { entityTypeId, ids }] of pagesOf(wanted)) {
    const answer = answers.get(key);
    const list = answer?.kind === 'result' ? itemListSchema.safeParse(answer.result) : undefined;
    if (list?.success !== true) {
      if (answer) for (const id of ids) failures.set(recordKey({ entityTypeId, id }), answer);
      continue;
    }
    let unread = 0;
    const asked = new Set(ids);
    for (const row of list.data.items) {
      const record = readRow(entityTypeId, row, semanticsOf);
      if (record === undefined) {
        unread += 1;
        asked.delete(Number(typeof row === 'object' && row !== null && 'id' in row ? row.id : Number.NaN));
      } else if (!ids.includes(record.id)) {
        unread += 1;
      } else if (asked.delete(record.id) && record.present) {
        records.set(recordKey({ entityTypeId, id: record.id }), record.present);
      }
    }
    // A row that cannot be read must not make its record count as gone, and which it is may not be readable either. Nor
    // does a list with rows that nobody asked for say that others are gone.
    if (unread === 0) for (const id of asked) records.set(recordKey({ entityTypeId, id }), { found: false });
  }
  return { records, failures };
}

/** Undefined when the row cannot be read; without `present` when it is not known what its stage means. */
export function readRow(
  entityTypeId: number,
  row: unknown,
  semanticsOf: SemanticsOf,
): { id: number; present?: Extract<PresentRecord, { found: true }> } | undefined {
  const parsed = recordSchema.safeParse(row);
  if (!parsed.success) return undefined;
  const { id, stageSemanticId, lastActivityTime, ...rest } = parsed.data;
  const semantics = stageSemanticId ?? semanticsOf(entityTypeId, rest.stageId);
  if (semantics === undefined) return { id };
  const activity = { lastActivityTime: lastActivityTime === null ? 0 : lastActivityTime };
  return {
    id,
    present: { found: true, entityTypeId, semantics, ...rest, ...activity, fields: row as Record<string, unknown> },
  };
}
