import { EntityType, quoteTypeId } from '../../lib/bitrix24/entity-types.ts';
import type { DynamicType, PortalState } from '../state.ts';

/** The invoices of today. Every portal has them, and crm.type.list does not show them. */
export const SMART_INVOICE = 31;

const STATIC_NAMES: Readonly<Record<number, string>> = {
  [EntityType.lead]: 'LEAD',
  [EntityType.deal]: 'DEAL',
  [EntityType.contact]: 'CONTACT',
  [EntityType.company]: 'COMPANY',
  [quoteTypeId]: 'QUOTE',
};

/** LEAD, DEAL, CONTACT, COMPANY or QUOTE; undefined for invoices and smart processes, which share the dynamic events. */
export function staticName(entityTypeId: number): string | undefined {
  return STATIC_NAMES[entityTypeId];
}

export function isDynamic(entityTypeId: number): boolean {
  return staticName(entityTypeId) === undefined;
}

export function dynamicType(state: PortalState, entityTypeId: number): DynamicType | undefined {
  return state.types.find((type) => type.entityTypeId === entityTypeId);
}

export function isKnownType(state: PortalState, entityTypeId: number): boolean {
  return !isDynamic(entityTypeId) || entityTypeId === SMART_INVOICE || dynamicType(state, entityTypeId) !== undefined;
}

/** Contacts and companies have no stages, and a smart process may be made without. */
export function hasStages(state: PortalState, entityTypeId: number): boolean {
  if (entityTypeId === EntityType.contact || entityTypeId === EntityType.company) return false;
  return dynamicType(state, entityTypeId)?.stages ?? true;
}

/** The types whose records a record of this type may name as `parentId…`. */
export function parentTypes(state: PortalState, entityTypeId: number): number[] {
  const dynamic = state.types.map((type) => type.entityTypeId);
  const all = isDynamic(entityTypeId) ? [EntityType.lead, EntityType.deal, SMART_INVOICE, ...dynamic] : dynamic;
  return all.filter((type) => type !== entityTypeId);
}
