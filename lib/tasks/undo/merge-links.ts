import type { ContactLink } from '../../bitrix24/answers.ts';
import { EntityType } from '../../bitrix24/entity-types.ts';

/**
 * The links of a record with those put back that are missing: each where it was in the order, and what a person has
 * linked since left as it is. Undefined when nothing is missing: then nothing is written.
 *
 * @param kept as they were, with the present ids of their contacts
 * @param isBack which of them are to be linked again
 */
export function mergeLinks(
  ownerTypeId: number,
  kept: readonly ContactLink[],
  present: readonly ContactLink[],
  isBack: (contactId: number) => boolean,
): ContactLink[] | undefined {
  const there = new Map(present.map((link) => [link.CONTACT_ID, link]));
  const missing = kept.filter(({ CONTACT_ID }) => !there.has(CONTACT_ID) && isBack(CONTACT_ID));
  if (missing.length === 0) return undefined;
  const keptRows = new Map(kept.map((link) => [link.CONTACT_ID, link]));
  const rows = [...present, ...missing].map((link) => keptRows.get(link.CONTACT_ID) ?? link);
  const sorted = rows
    .map((link, index) => ({ link, sort: link.SORT ?? 10 * (index + 1) }))
    .toSorted((a, b) => a.sort - b.sort)
    .map(({ link, sort }) => ({ CONTACT_ID: link.CONTACT_ID, SORT: sort, IS_PRIMARY: link.IS_PRIMARY ?? 'N' }));
  // A contact's primary company is a matter of the contact: each row has its own flag.
  if (ownerTypeId === EntityType.company) return sorted;
  const primary = primaryOf(sorted, present, keptRows);
  return sorted.map((link) => ({ ...link, IS_PRIMARY: link.CONTACT_ID === primary ? 'Y' : 'N' }));
}

/** The one it was, unless a person has put a new contact into its place. */
function primaryOf(
  rows: readonly ContactLink[],
  present: readonly ContactLink[],
  keptRows: ReadonlyMap<number, ContactLink>,
): number | undefined {
  const isPrimary = ({ IS_PRIMARY }: Partial<ContactLink>) => IS_PRIMARY === 'Y';
  const now = present.find(isPrimary);
  if (now && !keptRows.has(now.CONTACT_ID)) return now.CONTACT_ID;
  // Stryker disable next-line OptionalChaining: something is missing, so there is a row
  return (rows.find(({ CONTACT_ID }) => isPrimary(keptRows.get(CONTACT_ID) ?? {})) ?? now ?? rows[0])?.CONTACT_ID;
}
