import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import { mayAccess } from '../crm/record-store.ts';
import type { Call, MethodAnswer, MethodTable } from '../rest/method.ts';
import { asMap, toInt } from '../rest/params.ts';
import { objectAccessDenied, unnamedError } from '../rest-error.ts';
import { requireCrm } from './access.ts';

/** crm.contact.company.items.*: the companies of a contact, seen from the contact. */
export const companyLinkMethods: MethodTable = {
  'crm.contact.company.items.get': { scope: 'crm', run: getCompanies },
  'crm.contact.company.items.set': { scope: 'crm', run: setCompanies },
};

function requireContact(call: Call): number {
  const id = call.params.legacyId();
  if (id < 1) throw unnamedError('The parameter ownerEntityID is invalid or not defined.');
  requireCrm(call);
  const contact = call.portal.crm.records.get(EntityType.contact, id);
  if (!contact) throw unnamedError('Not found.');
  if (!mayAccess(call.caller.user, contact)) throw objectAccessDenied(call.portal.config.statusProfile);
  return id;
}

function getCompanies(call: Call): MethodAnswer {
  const companies = call.portal.crm.links.companiesOf(requireContact(call));
  return {
    result: companies.map(({ companyId, primary }, index) => ({
      COMPANY_ID: companyId,
      SORT: (index + 1) * 10,
      ROLE_ID: 0,
      IS_PRIMARY: primary ? 'Y' : 'N',
    })),
  };
}

function setCompanies(call: Call): MethodAnswer {
  const id = requireContact(call);
  const items = call.params.legacy('items');
  if (typeof items !== 'object' || items === null) throw unnamedError('The parameter items must be array.');
  const rows = Object.values(items).map(asMap);
  const primaryFirst = rows.toSorted((a, b) => Number(b['IS_PRIMARY'] === 'Y') - Number(a['IS_PRIMARY'] === 'Y'));
  const ids = primaryFirst.map((row) => toInt(row['COMPANY_ID'])).filter((companyId) => companyId > 0);
  call.portal.crm.companies.replace(id, [...new Set(ids)]);
  return { result: true };
}
