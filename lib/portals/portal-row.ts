import type { Item, Table } from '../aws/table.ts';
import { type Portal, portalSchema } from './portal.ts';
import { UnreadableRow } from './unreadable-row.ts';

/** Where a portal's own row is in the table `portals`. */
export const portalKey = (memberId: string) => ({ memberId, sk: 'portal' });

/** @throws UnreadableRow */
export function parsePortal(row: Item): Portal {
  const parsed = portalSchema.safeParse(row);
  if (!parsed.success) throw new UnreadableRow(`The portal's row cannot be read: ${String(row['memberId'])}`);
  return parsed.data;
}

/** @throws UnreadableRow, TableUnavailable */
export async function readPortal(table: Pick<Table, 'get'>, memberId: string): Promise<Portal | undefined> {
  const row = await table.get(portalKey(memberId));
  return row && parsePortal(row);
}
