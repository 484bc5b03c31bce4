import type { RuleDeletion } from './schema.ts';

/** Links before records, children before their parent, and the lost record itself last. */
const order: readonly RuleDeletion['what'][] = [
  // Stryker disable next-line StringLiteral: what is not in the list goes first as well
  'deal-contacts',
  'company-contacts',
  'items',
  'contacts',
  'company',
  'deal',
  'lead',
  'item',
];

/** What a rule removes, in the order in which it is carried out, whatever the order of writing. */
export function inExecutionOrder(deletions: readonly RuleDeletion[]): RuleDeletion[] {
  return deletions.toSorted((a, b) => order.indexOf(a.what) - order.indexOf(b.what));
}

/** Whether guards look at what it removes; a record's own deletions and the links of deals concern nobody else. */
export function isGuarded(what: string): boolean {
  return what === 'contacts' || what === 'company' || what === 'company-contacts';
}

/** Whether it removes links only: the records that are linked stay. */
export function removesLinksOnly({ what }: RuleDeletion): boolean {
  return what === 'deal-contacts' || what === 'company-contacts';
}
