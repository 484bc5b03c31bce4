import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import { multifields } from '../crm/multifields.ts';
import type { Call, MethodAnswer, MethodTable } from '../rest/method.ts';
import { toText } from '../rest/params.ts';
import { unnamedError } from '../rest-error.ts';
import { requireCrm } from './access.ts';

/** Who has a telephone number or an e-mail address (duplicates/crm-duplicate-find-by-comm.md). */
export const duplicateMethods: MethodTable = {
  'crm.duplicate.findbycomm': { scope: 'crm', run: findByCommunication },
};

const NAMES = { LEAD: EntityType.lead, CONTACT: EntityType.contact, COMPANY: EntityType.company } as const;
/** Values a call may look for, and records of a type it names. */
const MOST = 20;

/**
 * Records by type; an empty list, and no map, when there are none. From 20 of one type on, the types after it are left
 * out.
 */
function findByCommunication(call: Call): MethodAnswer {
  requireCrm(call);
  const type = toText(call.params.legacy('type')).toUpperCase();
  const values = call.params.legacyList('values').map((value) => normal(type, value));
  if (type !== 'PHONE' && type !== 'EMAIL') throw unnamedError('Communication type is not defined or invalid');
  if (values.length === 0) throw unnamedError('Values is not defined or invalid');
  const wanted = toText(call.params.legacy('entity_type')).toUpperCase();
  let isFull = false;
  const found = Object.entries(NAMES).flatMap(([name, entityTypeId]) => {
    if (isFull || (wanted !== '' && wanted !== name)) return [];
    const ids = call.portal.crm.records
      .all(entityTypeId)
      .filter((record) =>
        multifields(record).some(
          (one) => one.typeId === type && values.slice(0, MOST).includes(normal(type, one.value)),
        ),
      )
      .map(({ id }) => id);
    isFull = ids.length >= MOST;
    return ids.length === 0 ? [] : [[name, ids.slice(0, MOST)] as const];
  });
  return { result: found.length === 0 ? [] : Object.fromEntries(found) };
}

function normal(type: string, value: string): string {
  return type === 'PHONE' ? value.replaceAll(/\D/g, '') : value.trim().toLowerCase();
}
