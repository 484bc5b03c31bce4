import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import { filterRows, type ListSource, orderRows } from '../crm/list-filter.ts';
import { mayAccess } from '../crm/record-store.ts';
import { type Call, type MethodAnswer, type MethodTable, page } from '../rest/method.ts';
import { unnamedError } from '../rest-error.ts';
import { requireCrm } from './access.ts';
import { isLegacyDealField, legacyDeal } from './legacy-view.ts';

/** crm.deal.get and crm.deal.list, deprecated in favour of crm.item.*. */
export const dealMethods: MethodTable = {
  'crm.deal.get': { scope: 'crm', run: getDeal },
  'crm.deal.list': { scope: 'crm', run: listDeals },
};

function getDeal(call: Call): MethodAnswer {
  requireCrm(call);
  const id = call.params.legacyId();
  if (id < 1) throw unnamedError('ID is not defined or invalid.');
  const deal = call.portal.crm.records.get(EntityType.deal, id);
  if (!deal) throw unnamedError('Not found');
  if (!mayAccess(call.caller.user, deal)) throw unnamedError('Access denied.');
  return { result: legacyDeal(call, deal) };
}

function listDeals(call: Call): MethodAnswer {
  requireCrm(call);
  const { params, portal } = call;
  const source: ListSource<Record<string, unknown>> = {
    listField: (name) => (isLegacyDealField(name) ? { read: (row) => row[name], moment: false } : undefined),
    zoneMinutes: portal.config.zoneMinutes,
    overlooksUnknown: true,
  };
  const visible = portal.crm.records.all(EntityType.deal).filter((deal) => mayAccess(call.caller.user, deal));
  const all = visible.map((deal) => legacyDeal(call, deal));
  const rows = orderRows(filterRows(all, params.legacyMap('filter'), source), params.legacyMap('order'), source);
  const select = params.legacyList('select');
  const wantsAll = select.length === 0 || select.includes('*');
  return page(rows, params.start(), (row) => (wantsAll ? row : choose(row, ['ID', ...select])));
}

function choose(row: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).filter(([name]) => names.includes(name)));
}
