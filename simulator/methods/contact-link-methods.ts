import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import { mayAccess } from '../crm/record-store.ts';
import type { Call, MethodAnswer, MethodTable } from '../rest/method.ts';
import { asMap, toInt } from '../rest/params.ts';
import { objectAccessDenied, unnamedError } from '../rest-error.ts';
import type { ContactLink } from '../state.ts';
import { requireCrm } from './access.ts';

/** crm.deal.contact.items.* and crm.company.contact.items.*: no events, no history, and texts for codes. */
export const contactLinkMethods: MethodTable = {
  'crm.deal.contact.items.get': { scope: 'crm', run: (call) => getLinks(call, requireDeal(call, 'get')) },
  'crm.deal.contact.items.set': { scope: 'crm', run: (call) => setLinks(call, requireDeal(call, 'set')) },
  'crm.deal.contact.items.delete': { scope: 'crm', run: (call) => deleteLinks(call, requireDeal(call, 'delete')) },
  'crm.company.contact.items.get': { scope: 'crm', run: (call) => getLinks(call, requireCompany(call)) },
  'crm.company.contact.items.set': { scope: 'crm', run: (call) => setLinks(call, requireCompany(call, 'existing')) },
  'crm.company.contact.items.delete': { scope: 'crm', run: (call) => deleteLinks(call, requireCompany(call)) },
};

interface Owner {
  readonly entityTypeId: number;
  readonly id: number;
}

/** Reading and setting end their texts with a dot, deleting does not: the documentation's own inconsistency. */
function requireDeal(call: Call, action: 'get' | 'set' | 'delete'): Owner {
  const dot = action === 'delete' ? '' : '.';
  const id = requireOwnerId(call);
  requireCrm(call, `Access denied${dot}`);
  const deal = call.portal.crm.records.get(EntityType.deal, id);
  if (!deal) throw unnamedError(`Not found${dot}`);
  if (!mayAccess(call.caller.user, deal)) throw objectAccessDenied(call.portal.config.statusProfile);
  return { entityTypeId: EntityType.deal, id };
}

/** Nobody checks that a company exists, except when its contacts are set; a limited user fails the rights check first. */
function requireCompany(call: Call, existence?: 'existing'): Owner {
  const id = requireOwnerId(call);
  requireCrm(call, 'Access denied');
  const company = call.portal.crm.records.get(EntityType.company, id);
  const { user } = call.caller;
  const mayReach = company ? mayAccess(user, company) : user.admin || user.rights === 'all';
  if (!mayReach) throw objectAccessDenied(call.portal.config.statusProfile);
  if (existence && !company) throw unnamedError('Not found');
  return { entityTypeId: EntityType.company, id };
}

function requireOwnerId(call: Call): number {
  const id = call.params.legacyId();
  if (id < 1) throw unnamedError('The parameter ownerEntityID is invalid or not defined.');
  return id;
}

function getLinks(call: Call, owner: Owner): MethodAnswer {
  const rows = call.portal.crm.links.of(owner.entityTypeId, owner.id).map((link) => ({
    CONTACT_ID: link.contactId,
    SORT: link.sort,
    ROLE_ID: 0,
    IS_PRIMARY: link.primary ? 'Y' : 'N',
  }));
  return { result: rows };
}

/** Replaces the whole set. Nobody checks that the contacts exist. */
function setLinks(call: Call, owner: Owner): MethodAnswer {
  const items = call.params.legacy('items');
  if (typeof items !== 'object' || items === null) throw unnamedError('The parameter items must be array.');
  const links: ContactLink[] = [];
  for (const [index, value] of Object.values(items).entries()) {
    const item = asMap(value);
    const contactId = toInt(item['CONTACT_ID']);
    if (contactId < 1 || links.some((link) => link.contactId === contactId)) continue;
    const sort = item['SORT'] === undefined ? defaultSort(owner, index, links) : toInt(item['SORT']);
    links.push({ contactId, sort, primary: item['IS_PRIMARY'] === 'Y' });
  }
  if (owner.entityTypeId === EntityType.company) forgetPrimaries(call, owner, links);
  call.portal.crm.links.replace(owner.entityTypeId, owner.id, withPrimary(owner, links));
  return { result: true };
}

function defaultSort(owner: Owner, index: number, links: readonly ContactLink[]): number {
  if (owner.entityTypeId === EntityType.deal) return (index + 1) * 10;
  return Math.max(0, ...links.map((link) => link.sort)) + 10;
}

/** The company that is said to be a contact's primary one becomes it, whichever it was before. */
function forgetPrimaries(call: Call, owner: Owner, links: readonly ContactLink[]): void {
  const { links: all } = call.portal.crm;
  for (const { contactId } of links.filter(({ primary }) => primary)) {
    for (const { companyId } of all.companiesOf(contactId).filter((one) => one.companyId !== owner.id)) {
      const link = all.of(EntityType.company, companyId).find((one) => one.contactId === contactId);
      if (link) link.primary = false;
    }
  }
}

/** A deal has exactly one primary contact: the first that says so, else the first of all. */
function withPrimary(owner: Owner, links: readonly ContactLink[]): ContactLink[] {
  if (owner.entityTypeId === EntityType.company) return [...links];
  const chosen = links.find((link) => link.primary) ?? links[0];
  return links.map((link) => ({ ...link, primary: link === chosen }));
}

function deleteLinks(call: Call, owner: Owner): MethodAnswer {
  call.portal.crm.links.replace(owner.entityTypeId, owner.id, []);
  return { result: true };
}
