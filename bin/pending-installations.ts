import * as z from 'zod';
import type { Item, Table } from '../lib/aws/table.ts';
import { installationLifetime } from '../lib/portals/credentials.ts';

/** An app that was installed on a portal and is not proved yet. */
export interface PendingInstallation {
  readonly memberId: string;
  /** As the installation says; not proved either. */
  readonly domain: string;
  /** ms since the epoch. */
  readonly receivedAt: number;
}

/** Of a row of the table `credentials` nothing else is looked at: the rest is secret. */
const rowSchema = z.object({
  memberId: z.string().startsWith('pending#'),
  installations: z.array(z.object({ domain: z.string(), receivedAt: z.number() })),
});

/** The installations that wait for their app's id and secret, the newest of each portal. Reads the whole table. */
export async function pendingInstallations(credentials: Table, now: number): Promise<PendingInstallation[]> {
  const rows: Item[] = [];
  let last: Item | undefined;
  do {
    const page = await credentials.scan({ where: '#kind = :kind', values: { kind: 'pending' }, startAfter: last });
    rows.push(...page.items);
    last = page.last;
  } while (last);
  return rows.flatMap((row) => {
    const parsed = rowSchema.safeParse(row);
    const newest = parsed.data?.installations.findLast(({ receivedAt }) => receivedAt + installationLifetime > now);
    if (!parsed.success || !newest) return [];
    return [{ memberId: parsed.data.memberId.slice('pending#'.length), ...newest }];
  });
}
