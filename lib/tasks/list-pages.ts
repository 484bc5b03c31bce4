import { idsPerCommand } from './read-records.ts';

/**
 * Whether a page that was asked for by growing ids behind `after` has them so. Otherwise its last id says nothing of what
 * is still to come, and to go on behind it would pass records over.
 */
export function isInOrder(ids: readonly number[], after: number): boolean {
  return ids.every((id, index) => id > (ids[index - 1] ?? after));
}

/**
 * Whether nothing comes behind a page. Bitrix24's pages are of 50, so that a shorter one is the last; not when it names
 * a next one all the same. An empty one is, whatever it names: nothing has a greater id.
 */
export function isLastPage(rows: readonly unknown[], next: number | undefined): boolean {
  return rows.length === 0 || (rows.length < idsPerCommand && next === undefined);
}
