import { itemListSchema } from '../../bitrix24/answers.ts';
import type { Command } from '../../bitrix24/batch.ts';
import type { JudgedAnswer } from '../../portals/judge.ts';
import { lostStages, type StageDirectory } from '../../portals/stage-directory.ts';
import type { Rule } from '../../rules/schema.ts';
import type { PresentRecord } from '../decide.ts';
import { isInOrder, isLastPage } from '../list-pages.ts';
import { readRow, recordsCommand, type SemanticsOf } from '../read-records.ts';
import { saysSemantics } from '../stage-semantics.ts';
import { idOf } from '../targets.ts';

/** The lost records of one type, by conditions in Bitrix24's notation. */
export interface LostSearch {
  readonly entityTypeId: number;
  readonly filter: Readonly<Record<string, unknown>>;
}

export interface LostPage {
  readonly records: readonly { id: number; record: Extract<PresentRecord, { found: true }> }[];
  /** Rows that cannot be read. */
  readonly unread: number;
  /** The last id of the page. */
  readonly last: number;
  readonly isLast: boolean;
}

/** Thrown when the portal's answer tells nothing about which records are lost. */
export class LostUnreadable extends Error {
  override readonly name = 'LostUnreadable';
  readonly code = 'LOST_UNREADABLE';
}

/**
 * Undefined when the type has no lost stage.
 *
 * @param since ms since the epoch: only what was moved to its stage since then
 * @throws LostUnreadable when it is not known which stages are lost
 */
export function lostSearch(
  entityTypeId: number,
  directory: StageDirectory | undefined,
  since: number | undefined,
): LostSearch | undefined {
  const moved = since === undefined ? {} : { '>=movedTime': new Date(since).toISOString() };
  if (saysSemantics(entityTypeId)) return { entityTypeId, filter: { stageSemanticId: 'F', ...moved } };
  if (!directory) throw new LostUnreadable(`The stages of type ${entityTypeId} cannot be read`);
  const stages = lostStages(directory);
  return stages.length === 0 ? undefined : { entityTypeId, filter: { '@stageId': stages, ...moved } };
}

/** The page behind an id. */
export function pageCommand({ entityTypeId, filter }: LostSearch, after: number, rules: readonly Rule[]): Command {
  return recordsCommand(entityTypeId, { ...filter, '>id': after }, rules);
}

/** @throws LostUnreadable */
export function readPage(
  { entityTypeId }: LostSearch,
  after: number,
  answer: JudgedAnswer | undefined,
  semanticsOf: SemanticsOf,
): LostPage {
  if (answer?.kind === 'error') {
    throw new LostUnreadable(`The lost records of type ${entityTypeId} cannot be read: ${answer.row.meaning}`);
  }
  const list = itemListSchema.safeParse(answer?.kind === 'result' ? answer.result : undefined);
  if (!list.success) throw new LostUnreadable(`The portal gave a page of type ${entityTypeId} that cannot be read`);
  const { items } = list.data;
  const ids = items.flatMap((row) => idOf(row) ?? []);
  if (ids.length < items.length || !isInOrder(ids, after)) {
    throw new LostUnreadable(`The portal does not page the records of type ${entityTypeId} by id`);
  }
  const read = items.map((row) => readRow(entityTypeId, row, semanticsOf));
  const records = read.flatMap((row) => (row?.present ? [{ id: row.id, record: row.present }] : []));
  return {
    records,
    unread: items.length - records.length,
    last: Math.max(after, ...ids),
    isLast: isLastPage(items, answer?.kind === 'result' ? answer.next : undefined),
  };
}
