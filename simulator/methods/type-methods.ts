import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import { type Call, type MethodAnswer, type MethodTable, page } from '../rest/method.ts';
import { hasCrm, itemAccessDenied } from './access.ts';

/** Which types of records the portal has: smart-process ids differ from portal to portal. */
export const typeMethods: MethodTable = {
  'crm.type.list': { scope: 'crm', run: listTypes },
  'crm.enum.ownertype': { scope: 'crm', run: listOwnerTypes },
};

function listTypes(call: Call): MethodAnswer {
  if (!hasCrm(call)) throw itemAccessDenied(call);
  const rows = call.portal.state.types;
  return page(
    rows,
    call.params.start(),
    (type) => ({
      id: type.id,
      title: type.title,
      entityTypeId: type.entityTypeId,
      isCategoriesEnabled: 'Y',
      isStagesEnabled: 'Y',
      isRecyclebinEnabled: 'N',
    }),
    'types',
  );
}

const STATIC_TYPES = [
  { ID: EntityType.lead, NAME: 'Lead', SYMBOL_CODE: 'LEAD', SYMBOL_CODE_SHORT: 'L' },
  { ID: EntityType.deal, NAME: 'Deal', SYMBOL_CODE: 'DEAL', SYMBOL_CODE_SHORT: 'D' },
  { ID: EntityType.contact, NAME: 'Contact', SYMBOL_CODE: 'CONTACT', SYMBOL_CODE_SHORT: 'C' },
  { ID: EntityType.company, NAME: 'Company', SYMBOL_CODE: 'COMPANY', SYMBOL_CODE_SHORT: 'CO' },
  { ID: 7, NAME: 'Quote', SYMBOL_CODE: 'QUOTE', SYMBOL_CODE_SHORT: 'Q' },
  { ID: 31, NAME: 'Invoice', SYMBOL_CODE: 'SMART_INVOICE', SYMBOL_CODE_SHORT: 'SI' },
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
