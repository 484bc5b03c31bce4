import { portalTimeIn } from '../../bitrix24/portal-time.ts';
import type { KeptRecord, KeptRow } from './kept.ts';

/** What may differ although nobody has changed the record: its ids, its links, what the portal counts. */
const changing =
  /^(id|fm|contactIds?|companyIds?|leadId|parentId\d+|updated(Time|By)|moved(Time|By)|lastActivity(Time|By)|lastCommunication.*|isReturnCustomer|isRepeatedApproach)$/;

/**
 * Whether a record with a new id is the one that was deleted: it has its name, and either its telephone number, e-mail
 * address or origin, or everything else as well. The bin keeps the moment of creation; a record that was made before the
 * deletion at another moment is somebody else's double.
 *
 * @param since ms since the epoch: when the deletion had not yet begun
 */
export function isSame(kept: KeptRecord, row: KeptRow, since: number): boolean {
  const { fields } = kept;
  const [was, is] = [portalTimeIn(fields['createdTime']), portalTimeIn(row['createdTime'])];
  const isTheTime = was !== undefined && was === is;
  if (!isTheTime && (is === undefined || is < Math.floor(since / 1000) * 1000)) return false;
  const hasName = ['title', 'name', 'lastName'].every((name) => text(fields[name]) === text(row[name]));
  if (!hasName) return false;
  if (sharesAddress(fields, row) || hasOrigin(fields, row)) return true;
  return isTheTime && looksAlike(fields, row);
}

function looksAlike(fields: KeptRow, row: KeptRow): boolean {
  return Object.keys(fields)
    .filter((name) => !changing.test(name))
    .every((name) => JSON.stringify(fields[name] ?? null) === JSON.stringify(row[name] ?? null));
}

function hasOrigin(fields: KeptRow, row: KeptRow): boolean {
  return ['originatorId', 'originId'].every(
    (name) => text(fields[name]) !== '' && text(fields[name]) === text(row[name]),
  );
}

function sharesAddress(fields: KeptRow, row: KeptRow): boolean {
  const theirs = new Set(normalAddresses(row));
  return normalAddresses(fields).some((address) => theirs.has(address));
}

function normalAddresses(row: KeptRow): string[] {
  return phonesAndMails(row).flatMap(([type, values]) => values.map((value) => `${type} ${normal(type, value)}`));
}

/** Telephone numbers and e-mail addresses, as `fm` has them. */
export function phonesAndMails({ fm }: KeptRow): ['PHONE' | 'EMAIL', string[]][] {
  const entries = (Array.isArray(fm) ? fm : []) as readonly KeptRow[];
  const of = (type: string) =>
    entries.flatMap((entry) => (entry?.['typeId'] === type ? text(entry['value']) || [] : []));
  return [
    ['PHONE', of('PHONE')],
    ['EMAIL', of('EMAIL')],
  ];
}

function normal(type: string, value: string): string {
  const trimmed = value.trim();
  // Stryker disable next-line MethodExpression: one case is as good as the other
  const folded = trimmed.toLowerCase();
  // A telephone number without digits is compared as it is written.
  return type === 'PHONE' ? value.replaceAll(/\D/g, '') || folded : folded;
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
