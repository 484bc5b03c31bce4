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
  { contactIds, companyId }: Extract<PresentRecord, { found: true }>,
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

/**
 * Whether it is still about the lost record: a person may have taken a contact or the company off it since it was
 * noted. What we have unlinked ourselves stays ours.
 */
export function isStillLinked(
  deletion: Deletion,
  { contactIds, companyId }: Extract<PresentRecord, { found: true }>,
  all: readonly Deletion[],
): boolean {
  const { what, id } = deletion;
  if (what === 'company' || what === 'company-contacts') return companyId === id;
  if (what !== 'contacts') return true;
  return contactIds.includes(id) || all.some((other) => other.what === 'deal-contacts' && other.outcome !== undefined);
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
