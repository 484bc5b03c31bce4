import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import { mayAccess } from '../crm/record-store.ts';
import type { Call, MethodAnswer, MethodTable } from '../rest/method.ts';
import { RestError, unnamedError } from '../rest-error.ts';
import { localized } from '../texts.ts';
import { legacyContact } from './legacy-view.ts';
import { requireCrm, requireNoVeto } from './access.ts';

/** crm.contact.get and crm.contact.delete, both deprecated and both still called. */
export const contactMethods: MethodTable = {
  'crm.contact.get': { scope: 'crm', run: getContact },
  'crm.contact.delete': { scope: 'crm', run: deleteContact },
};

function getContact(call: Call): MethodAnswer {
  requireCrm(call);
  const id = requireId(call);
  const contact = call.portal.crm.records.get(EntityType.contact, id);
  if (!contact) throw unnamedError('Not found');
  if (!mayAccess(call.caller.user, contact)) throw unnamedError('Access denied.');
  return { result: legacyContact(call, contact) };
}

/** ERROR_CORE means "gone" here and "forbidden by a handler" there: only a read tells them apart. */
function deleteContact(call: Call): MethodAnswer {
  requireCrm(call);
  const id = requireId(call);
  const { config, crm } = call.portal;
  const { user } = call.caller;
  const contact = crm.records.get(EntityType.contact, id);
  const mayReach = contact ? mayAccess(user, contact) : user.admin || user.rights === 'all';
  if (!mayReach) throw unnamedError('Access denied.');
  if (!contact) {
    if (config.contactDeleteFate === 'legacy') throw unnamedError('');
    throw new RestError(400, 'ERROR_CORE', localized('elementNotFound', config.language));
  }
  requireNoVeto(call, contact, 'ERROR_CORE');
  crm.remove(call.hit, contact);
  return { result: true };
}

function requireId(call: Call): number {
  const id = call.params.legacyId();
  if (id < 1) throw unnamedError('ID is not defined or invalid.');
  return id;
}
