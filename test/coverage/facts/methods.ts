import type { Fact, FactGroup } from '../fact.ts';

const system = 'the fifteen system errors that every page lists';

function factsOf(method: string, facts: Readonly<Record<string, string>>): Fact[] {
  return Object.entries(facts).map(([key, says]) => ({ id: `method/${method}/${key}`, says }));
}

/** Each documented answer of the four methods that delete. */
export const methodFacts: readonly FactGroup[] = [
  {
    title: 'crm.deal.contact.items.delete',
    facts: [
      { id: 'method/crm.deal.contact.items.delete/success', says: '`true`: unlinked, the contacts stay' },
      { id: 'method/crm.deal.contact.items.delete/nothing-linked', says: '`true`, also when nothing was linked' },
      { id: 'method/crm.deal.contact.items.delete/repeated', says: 'a repeat does no harm and is found to be one' },
      { id: 'method/crm.deal.contact.items.delete/missing', says: 'an empty code, "Not found": the deal was deleted' },
      {
        id: 'method/crm.deal.contact.items.delete/owner-id',
        says: 'an empty code, "The parameter ownerEntityID is …"',
      },
      {
        id: 'method/crm.deal.contact.items.delete/access-denied',
        says: '`ACCESS_DENIED` "Access denied!": not this deal',
      },
      {
        id: 'method/crm.deal.contact.items.delete/no-crm-access',
        says: 'an empty code, "Access denied": no deals at all',
      },
    ],
  },
  {
    title: 'crm.company.contact.items.delete',
    facts: factsOf('crm.company.contact.items.delete', {
      success: '`true`: unlinked, the contacts stay',
      'nothing-linked': '`true`, also when nothing was linked',
      'unknown-company': '`true`, also for a company that does not exist',
      'owner-id': 'an empty code, "The parameter ownerEntityID is invalid or not defined"',
      'access-denied': '`ACCESS_DENIED` "Access denied!"',
      'system-errors': system,
    }),
  },
  {
    title: 'crm.contact.delete',
    facts: factsOf('crm.contact.delete', {
      success: '`true`: the contact and all that hangs on it is gone',
      slow: '`true` after 101 s: nobody waits so long, and reading shows that it is done',
      'id-invalid': 'an empty code, "ID is not defined or invalid."',
      'access-denied': 'an empty code, "Access denied."',
      missing: '`ERROR_CORE` "Element not found", in any language: it was gone already',
      'missing-legacy': 'an empty code without a text: it was gone already',
      vetoed: "`ERROR_CORE` with a handler's text: it is still there",
      'system-errors': system,
    }),
  },
  {
    title: 'crm.item.delete',
    facts: factsOf('crm.item.delete', {
      success: '`[]`: an empty list',
      missing: '`NOT_FOUND`, in any language: it was gone already',
      'unknown-type': '`NOT_FOUND` for a type that the portal does not know: no rule may name one',
      'access-denied': '`ACCESS_DENIED`, in any language',
      'delete-denied': '`CRM_ITEM_DELETE_ACCESS_DENIED`',
      'intranet-users-only': '`allowed_only_intranet_user`',
      vetoed: "`TERMINATED_BY_EVENT_COMPATIBLE`: a handler's veto",
      'parameter-missing': '`100`: a parameter is missing',
      'system-errors': system,
    }),
  },
];
