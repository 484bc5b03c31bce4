import { itemListSchema } from '../bitrix24/answers.ts';
import type { Command } from '../bitrix24/batch.ts';
import type { Verdict } from '../bitrix24/reactions.ts';
import type { JudgedAnswer } from '../portals/judge.ts';
import { isInOrder, isLastPage } from './list-pages.ts';
import { idOf, wholeRecords } from './targets.ts';
import type { Deletion, RecordKey } from './task.ts';

/** A page of the items of one type that have a record as their parent. */
export interface ItemsPage {
  readonly parent: RecordKey;
  /** The items' type. */
  readonly type: number;
  /** Only items with a greater id. */
  readonly after: number;
}

/** Items as they are now, or why they are not known. */
export type LinkedItems =
  | { kind: 'items'; items: readonly { id: number; fields: Readonly<Record<string, unknown>> }[]; isLast: boolean }
  | { kind: 'unknown'; row: Verdict | undefined };

export function itemsKey({ parent, type }: ItemsPage): string {
  return `items${type}of${parent.entityTypeId}n${parent.id}`;
}

/** In pages by id, so that what cannot be deleted is passed over and nothing twice. */
export function itemsCommand({ parent, type, after }: ItemsPage): Command {
  const filter = { [`parentId${parent.entityTypeId}`]: parent.id, '>id': after };
  const params = { entityTypeId: type, filter, order: { id: 'ASC' }, start: -1, ...wholeRecords };
  return { method: 'crm.item.list', params };
}

/**
 * The items in the answer to `itemsCommand(page)`. Each row must say itself that the record is its parent: a portal that
 * overlooked the filter would give us the items of everybody. Nor does a page in another order count.
 */
export function readItems(page: ItemsPage, answer: JudgedAnswer | undefined): LinkedItems {
  const unknown = { kind: 'unknown', row: answer?.kind === 'error' ? answer.row : undefined } as const;
  const list = answer?.kind === 'result' ? itemListSchema.safeParse(answer.result).data : undefined;
  if (!list) return unknown;
  const items = list.items.flatMap((row) => {
    const id = idOf(row);
    const fields = row as Record<string, unknown>;
    return id !== undefined && isChildOf(page.parent, fields) ? [{ id, fields }] : [];
  });
  const ids = items.map(({ id }) => id);
  if (items.length < list.items.length || !isInOrder(ids, page.after)) return unknown;
  return { kind: 'items', items, isLast: isLastPage(items, answer?.kind === 'result' ? answer.next : undefined) };
}

/** Whether the record is still the item's parent; undefined when the item does not say. */
export function isChildOf(parent: RecordKey, fields: Readonly<Record<string, unknown>>): boolean | undefined {
  const value = fields[`parentId${parent.entityTypeId}`];
  return value === undefined ? undefined : Number(value) === parent.id;
}

export function itemDeletions({ type }: ItemsPage, { items }: Extract<LinkedItems, { kind: 'items' }>): Deletion[] {
  return items.map(({ id }) => ({ what: 'items', method: 'crm.item.delete', entityTypeId: type, id }));
}
