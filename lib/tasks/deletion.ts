import type { Command } from '../bitrix24/batch.ts';
import { EntityType } from '../bitrix24/entity-types.ts';
import type { Rule, RuleDeletion } from '../rules/schema.ts';
import type { PresentRecord } from './decide.ts';
import type { Deletion, RecordKey } from './task.ts';

/**
 * When each kind has its turn, whatever the order in the rule: links before records, children before parents, the lost
 * record itself when all else has ended.
 */
const phases: Readonly<Record<Deletion['what'], number>> = {
  'deal-contacts': 0,
  'company-contacts': 0,
  items: 1,
  contacts: 2,
  company: 3,
  deal: 4,
  lead: 4,
  item: 4,
};
export const itemsPhase = phases.items;

export function phaseOf({ what }: Pick<Deletion, 'what'>): number {
  return phases[what];
}

/** The same for two deletions that remove the same thing. */
export function deletionKey({ method, entityTypeId, id }: Pick<Deletion, 'method' | 'entityTypeId' | 'id'>): string {
  return `${isLinks({ method }) ? 'links' : 'record'}:${entityTypeId}:${id}`;
}

/** Whether it removes links and no record. */
export function isLinks({ method }: Pick<Deletion, 'method'>): boolean {
  return method === 'crm.deal.contact.items.delete' || method === 'crm.company.contact.items.delete';
}

/** The call that carries it out. */
export function commandOf({ method, entityTypeId, id }: Deletion): Command {
  return { method, params: method === 'crm.item.delete' ? { entityTypeId, id } : { id } };
}

/**
 * What a rule removes for a lost record, as far as the record itself tells: the items linked to it have to be looked
 * for.
 */
export function deletionsOf(
  { delete: entries }: Pick<Rule, 'delete'>,
  { entityTypeId, id }: RecordKey,
  { contactIds = [], companyId = 0 }: Extract<PresentRecord, { found: true }>,
): Deletion[] {
  const item = { method: 'crm.item.delete' } as const;
  const company = { entityTypeId: EntityType.company, id: companyId };
  return entries.flatMap((entry): Deletion[] => {
    switch (entry.what) {
      case 'deal-contacts':
        return [{ what: entry.what, method: 'crm.deal.contact.items.delete', entityTypeId, id }];
      case 'company-contacts':
        return companyId > 0 ? [{ what: entry.what, method: 'crm.company.contact.items.delete', ...company }] : [];
      case 'contacts':
        return [...new Set(contactIds)].map((contactId) => ({
          what: entry.what,
          method: entry.via,
          entityTypeId: EntityType.contact,
          id: contactId,
        }));
      case 'company':
        return companyId > 0 ? [{ what: entry.what, ...item, ...company }] : [];
      case 'deal':
      case 'lead':
      case 'item':
        return [{ what: entry.what, ...item, entityTypeId, id }];
      // Stryker disable next-line ConditionalExpression,StringLiteral: they end below; named so that the linter sees every kind
      case 'items':
        break;
    }
    return [];
  });
}

/** Whether the rule, as it is now, still asks for this. */
export function isAskedFor({ what, entityTypeId }: Deletion, entries: readonly RuleDeletion[]): boolean {
  return entries.some((entry) => entry.what === what && (entry.what !== 'items' || entry.type === entityTypeId));
}

/** What the rule needs to know of the record and the portal does not say; undefined when nothing is missing. */
export function missingFor(
  { delete: entries }: Pick<Rule, 'delete'>,
  { contactIds, companyId }: Extract<PresentRecord, { found: true }>,
): string | undefined {
  const needs = new Set(entries.map(({ what }) => what));
  if (contactIds === undefined && needs.has('contacts')) return 'its contacts';
  if (companyId === undefined && (needs.has('company') || needs.has('company-contacts'))) return 'its company';
  return undefined;
}

/**
 * Whether what was noted still hangs on the lost record. A person may have taken a contact or the company off it since;
 * what we have unlinked ourselves stays ours. `perhaps-ours`: it does not, and our own deletion, whose answer was lost,
 * may be why. Then it is gone, or a person has unlinked it.
 *
 * @param dealLinks the contacts that are linked to the deal now, where they have been read
 */
export function bondOf(
  deletion: Deletion,
  { contactIds, companyId }: Extract<PresentRecord, { found: true }>,
  all: readonly Deletion[],
  dealLinks: readonly number[] | undefined,
): 'linked' | 'cut' | 'perhaps-ours' {
  const { what, id, snapshotAt } = deletion;
  // A snapshot is taken just before the call.
  const cut = snapshotAt === undefined ? 'cut' : 'perhaps-ours';
  if (what === 'company' || what === 'company-contacts') return companyId === id ? 'linked' : cut;
  if (what !== 'contacts') return 'linked';

  const unlinking = all.find((other) => other.what === 'deal-contacts');
  const wasOurs = unlinking?.snapshotAt !== undefined && unlinking.contactIds?.includes(id) === true;
  if (unlinking?.outcome?.result === 'deleted' || unlinking?.outcome?.result === 'already-gone') {
    return wasOurs ? 'linked' : cut;
  }
  if (unlinking !== undefined && unlinking.outcome === undefined && dealLinks !== undefined) {
    // Our call would have taken all of them: where some are left, a person has taken off those that are not.
    const isThere = dealLinks.length > 0 ? dealLinks.includes(id) : wasOurs;
    return isThere ? 'linked' : 'cut';
  }
  return contactIds?.includes(id) === true ? 'linked' : cut;
}

/** Named in a sentence before the rest is only counted. */
const mostNamed = 12;

/** `crm.item.delete of 3/5, 3/6; crm.deal.contact.items.delete of 2/7`: type and id of each. */
export function describeDeletions(deletions: readonly Deletion[]): string {
  return [...Map.groupBy(deletions, ({ method }) => method)]
    .map(([method, some]) => {
      const named = some.slice(0, mostNamed).map(({ entityTypeId, id }) => `${entityTypeId}/${id}`);
      const more = some.length > mostNamed ? ` and ${some.length - mostNamed} more` : '';
      return `${method} of ${named.join(', ')}${more}`;
    })
    .join('; ');
}
