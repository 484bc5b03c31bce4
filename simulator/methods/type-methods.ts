import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import { filterRows, type ListSource, orderRows } from '../crm/list-filter.ts';
import { SMART_INVOICE } from '../crm/record-types.ts';
import { type Call, type MethodAnswer, type MethodTable, page } from '../rest/method.ts';
import { systemError } from '../rest-error.ts';
import type { DynamicType } from '../state.ts';
import { itemAccessDenied } from './access.ts';

/** Which types of records the portal has: smart-process ids differ from portal to portal. */
export const typeMethods: MethodTable = {
  'crm.type.list': { scope: 'crm', run: listTypes },
  'crm.enum.ownertype': { scope: 'crm', run: listOwnerTypes },
};

/** Smart processes only: the invoice is a type that is not listed. For administrators (crm-type-list.md). */
function listTypes(call: Call): MethodAnswer {
  const { params, portal, caller } = call;
  if (caller.user.extranet) throw systemError('allowed_only_intranet_user', portal.config.statusProfile);
  if (!caller.user.admin) throw itemAccessDenied(call);
  const types = portal.state.types.map((type) => describeType(type, portal.crm.bin.isOn(type.entityTypeId)));
  const known = Object.keys(describeType(anyType, false));
  const source: ListSource<Record<string, unknown>> = {
    listField: (name) => (known.includes(name) ? { read: (row) => row[name], moment: false } : undefined),
    zoneMinutes: portal.config.zoneMinutes,
    overlooksUnknown: false,
  };
  const found = filterRows(types, params.optionalMap('filter'), source);
  const rows = orderRows(found, params.optionalMap('order'), source);
  return page(rows, params.start(), (type) => type, 'types');
}

const anyType: DynamicType = { id: 0, entityTypeId: 0, title: '', stages: true, categories: true };

function describeType(type: DynamicType, hasBin: boolean): Record<string, unknown> {
  return {
    id: type.id,
    title: type.title,
    code: '',
    entityTypeId: type.entityTypeId,
    isCategoriesEnabled: type.categories ? 'Y' : 'N',
    isStagesEnabled: type.stages ? 'Y' : 'N',
    isClientEnabled: 'Y',
    isLinkWithProductsEnabled: 'Y',
    isSourceEnabled: 'Y',
    isBeginCloseDatesEnabled: 'Y',
    isObserversEnabled: 'Y',
    isAutomationEnabled: 'Y',
    isRecyclebinEnabled: hasBin ? 'Y' : 'N',
  };
}

const STATIC_TYPES = [
  { ID: EntityType.lead, NAME: 'Lead', SYMBOL_CODE: 'LEAD', SYMBOL_CODE_SHORT: 'L' },
  { ID: EntityType.deal, NAME: 'Deal', SYMBOL_CODE: 'DEAL', SYMBOL_CODE_SHORT: 'D' },
  { ID: EntityType.contact, NAME: 'Contact', SYMBOL_CODE: 'CONTACT', SYMBOL_CODE_SHORT: 'C' },
  { ID: EntityType.company, NAME: 'Company', SYMBOL_CODE: 'COMPANY', SYMBOL_CODE_SHORT: 'CO' },
  { ID: 7, NAME: 'Quote', SYMBOL_CODE: 'QUOTE', SYMBOL_CODE_SHORT: 'Q' },
  { ID: SMART_INVOICE, NAME: 'Invoice', SYMBOL_CODE: 'SMART_INVOICE', SYMBOL_CODE_SHORT: 'SI' },
];

function listOwnerTypes(call: Call): MethodAnswer {
  const dynamic = call.portal.state.types.map((type) => ({
    ID: type.entityTypeId,
    NAME: type.title,
    SYMBOL_CODE: `DYNAMIC_${type.entityTypeId}`,
    SYMBOL_CODE_SHORT: `T${type.entityTypeId.toString(16)}`,
  }));
  return { result: [...STATIC_TYPES, ...dynamic] };
}
