import type { ContactLink } from '../../bitrix24/answers.ts';
import { EntityType } from '../../bitrix24/entity-types.ts';

/**
 * The links of a record with those put back that are missing: each where it was in the order, and what a person has
 * linked since left as it is. Undefined when nothing is missing: then nothing is written.
 *
 * @param kept as they were, with the present ids of their contacts
 * @param isBack which of them are to be linked again
 * @param wasEmptied whether the record had lost all its links by us, and nothing has come back yet: then what is linked now
 *   was chosen by a person
 */
export function mergeLinks(
  ownerTypeId: number,
  kept: readonly ContactLink[],
  present: readonly ContactLink[],
  isBack: (contactId: number) => boolean,
  wasEmptied = false,
): ContactLink[] | undefined {
  const there = new Map(present.map((link) => [link.CONTACT_ID, link]));
  const missing = kept.filter(({ CONTACT_ID }) => !there.has(CONTACT_ID) && isBack(CONTACT_ID));
  if (missing.length === 0) return undefined;
  const keptRows = new Map(kept.map((link) => [link.CONTACT_ID, link]));
  const rows = [
    ...present.map((link) => ({ ...link, SORT: keptRows.get(link.CONTACT_ID)?.SORT ?? link.SORT })),
    ...missing,
  ];
  const sorted = rows
    .map((link, index) => ({ link, sort: link.SORT ?? 10 * (index + 1) }))
    .toSorted((a, b) => a.sort - b.sort)
    .map(({ link, sort }) => ({ CONTACT_ID: link.CONTACT_ID, SORT: sort, IS_PRIMARY: link.IS_PRIMARY ?? 'N' }));
  // A contact's primary company is a matter of the contact: each row has its own flag.
  if (ownerTypeId === EntityType.company) return sorted;
  const was = kept.find(isPrimary)?.CONTACT_ID;
  const now = present.find(isPrimary)?.CONTACT_ID;
  const isChosen = now !== undefined && (wasEmptied || isByPerson(now, was, kept, there));
  const primary = isChosen
    ? now
    : // Stryker disable next-line OptionalChaining: something is missing, so there is a row
      [was, now, sorted[0]?.CONTACT_ID].find((id) => rows.some((one) => one.CONTACT_ID === id));
  return sorted.map((link) => ({ ...link, IS_PRIMARY: link.CONTACT_ID === primary ? 'Y' : 'N' }));
}

const isPrimary = ({ IS_PRIMARY }: ContactLink): boolean => IS_PRIMARY === 'Y';

/** Whether a person has made it the primary one: the portal only takes the first that is left when that one goes. */
function isByPerson(
  now: number,
  was: number | undefined,
  kept: readonly ContactLink[],
  there: ReadonlyMap<number, ContactLink>,
): boolean {
  if (kept.some(({ CONTACT_ID }) => CONTACT_ID === was && there.has(CONTACT_ID))) return true;
  const left = kept.filter(({ CONTACT_ID }) => there.has(CONTACT_ID)).toSorted((a, b) => (a.SORT ?? 0) - (b.SORT ?? 0));
  return left[0]?.CONTACT_ID !== now;
}
