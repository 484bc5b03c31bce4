import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import { itemFields } from '../crm/item-fields.ts';
import { ItemView } from '../crm/item-view.ts';
import { scalarText } from '../scalar.ts';
import type { Call } from '../rest/method.ts';
import type { CrmRecord } from '../state.ts';

/** A deal as crm.deal.get shows it: UPPER_SNAKE names, every value a string or null, and no list of contacts. */
export function legacyDeal(call: Call, deal: CrmRecord): Record<string, unknown> {
  const item = new ItemView(call.portal.crm, call.portal.config, EntityType.deal, true).render(deal);
  const { contactIds: _contactIds, entityTypeId: _entityTypeId, createdTime, updatedTime, ...fields } = item;
  return upper({ ...fields, dateCreate: createdTime, dateModify: updatedTime });
}

export function legacyContact(call: Call, contact: CrmRecord): Record<string, unknown> {
  const item = new ItemView(call.portal.crm, call.portal.config, EntityType.contact, true).render(contact);
  const { companyIds: _companyIds, fm: _fm, entityTypeId: _entityTypeId, createdTime, updatedTime, ...fields } = item;
  return upper({ ...fields, dateCreate: createdTime, dateModify: updatedTime });
}

/** Whether crm.deal.list may filter or sort by the name. */
export function isLegacyDealField(name: string): boolean {
  const known = itemFields(EntityType.deal, true).map((field) => upperSnake(field.name));
  return known.includes(name) || /^(UF_CRM_|DATE_CREATE$|DATE_MODIFY$)/.test(name);
}

function upper(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [upperSnake(name), text(value)]));
}

function text(value: unknown): unknown {
  if (value === null || value === undefined) return null;
  return typeof value === 'object' ? value : scalarText(value);
}

function upperSnake(name: string): string {
  return name.startsWith('UF_') ? name : name.replaceAll(/([A-Z])/g, '_$1').toUpperCase();
}
