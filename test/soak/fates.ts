import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import type { SimulatedPortal } from '../../simulator/portal.ts';

/** What a deal is, and so what must have become of it in the end. */
export const fates = [
  'contacts-unlinked',
  'contacts-deleted',
  'deal-deleted',
  'refused',
  'waits',
  'no-rule',
  'open',
  'won',
  'lost-before',
  'observed',
] as const;
export type Fate = (typeof fates)[number];

/** In whose pipeline the rules do what; those that are never lost may be in any. */
export const pipelineOf: Readonly<Record<Fate, number>> = {
  'contacts-unlinked': 5,
  'contacts-deleted': 6,
  'deal-deleted': 7,
  refused: 7,
  'no-rule': 8,
  waits: 9,
  open: 5,
  won: 6,
  'lost-before': 7,
  observed: 7,
};

export const rules = `
version: 1
rules:
  - id: unlink
    when: { type: deal, pipelines: [5], stages: all-lost }
    wait: 0m
    delete: [deal-contacts]
  - id: delete-contacts
    when: { type: deal, pipelines: [6], stages: all-lost }
    wait: 0m
    delete: [deal-contacts, contacts]
  - id: delete-deal
    when: { type: deal, pipelines: [7], stages: all-lost }
    wait: 0m
    delete: [deal-contacts, deal]
  - id: wait
    when: { type: deal, pipelines: [9], stages: all-lost }
    wait: 5h
    delete: [contacts, deal]
`;

/** A deal that is followed. */
export interface Followed {
  readonly portal: SimulatedPortal;
  readonly id: number;
  readonly contacts: readonly number[];
  fate: Fate;
}

/** What of a followed deal is still there. */
export interface Remains {
  readonly deal: boolean;
  /** Of its contacts, how many are linked to it, and how many are there at all. */
  readonly linked: number;
  readonly contacts: number;
}

export function remainsOf({ portal, id, contacts }: Followed): Remains {
  const linked = new Set(portal.contactsOf(id));
  return {
    deal: portal.deal(id) !== undefined,
    linked: contacts.filter((contact) => linked.has(contact)).length,
    contacts: contacts.filter((contact) => portal.item(EntityType.contact, contact) !== undefined).length,
  };
}

/** Whether a deal with so many contacts has become what its fate says. */
export function isFulfilled(fate: Fate, { deal, linked, contacts }: Remains, count: number): boolean {
  if (fate === 'contacts-unlinked' || fate === 'refused') return deal && linked === 0 && contacts === count;
  if (fate === 'contacts-deleted') return deal && linked === 0 && contacts === 0;
  if (fate === 'deal-deleted') return !deal && contacts === count;
  return deal && linked === count && contacts === count;
}
