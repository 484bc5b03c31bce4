import { ItemView } from '../crm/item-view.ts';
import { filterRows, type ListSource, orderRows } from '../crm/list-filter.ts';
import { mayAccess } from '../crm/record-store.ts';
import type { PhpMap } from '../php-form.ts';
import { type Call, type MethodAnswer, type MethodTable, page } from '../rest/method.ts';
import type { CrmRecord } from '../state.ts';
import { hasCrm, itemAccessDenied, requireItem, requireNoVeto, requireType } from './access.ts';
import { readItemChange, startingPipeline } from './item-change.ts';

/** crm.item.*: one interface for every type of record (universal/*.md). Parameter names are exact. */
export const itemMethods: MethodTable = {
  'crm.item.list': { scope: 'crm', run: listItems },
  'crm.item.get': { scope: 'crm', run: getItem },
  'crm.item.add': { scope: 'crm', run: addItem },
  'crm.item.update': { scope: 'crm', run: updateItem },
  'crm.item.delete': { scope: 'crm', run: deleteItem },
};

function listItems(call: Call): MethodAnswer {
  const { portal, params } = call;
  const entityTypeId = params.exactInt('entityTypeId');
  requireType(call, entityTypeId);
  if (!hasCrm(call)) throw itemAccessDenied(call);
  const view = new ItemView(portal.crm, portal.config);
  const source: ListSource<CrmRecord> = {
    value: (record, field) => view.value(record, field),
    knows: (field) => view.knows(entityTypeId, field),
    zoneMinutes: portal.config.zoneMinutes,
    overlooksUnknown: false,
  };
  const filter = params.optionalMap('filter');
  const candidates = narrow(call, entityTypeId, filter);
  const rows = orderRows(filterRows(candidates, filter, source), params.optionalMap('order'), source);
  const select = params.optionalList('select');
  return page(rows, params.start(), (record) => view.render(record, select, wantsOriginalNames(call)), 'items');
}

/** A filter by ids looks only at those: the list of a large portal would take the simulator long otherwise. */
function narrow(call: Call, entityTypeId: number, filter: PhpMap): CrmRecord[] {
  const { records } = call.portal.crm;
  const ids = filter['@id'] ?? filter['=id'] ?? filter['id'];
  if (ids === undefined || ids === null) return records.visible(entityTypeId, call.caller.user);
  const wanted = typeof ids === 'object' ? Object.values(ids) : [ids];
  return [...new Set(wanted.map(Number))]
    .toSorted((a, b) => a - b)
    .flatMap((id) => records.get(entityTypeId, id) ?? [])
    .filter((record) => mayAccess(call.caller.user, record));
}

function getItem(call: Call): MethodAnswer {
  const entityTypeId = call.params.exactInt('entityTypeId');
  const id = call.params.exactInt('id');
  requireType(call, entityTypeId);
  return { result: { item: render(call, requireItem(call, entityTypeId, id)) } };
}

function addItem(call: Call): MethodAnswer {
  const entityTypeId = call.params.exactInt('entityTypeId');
  const fields = call.params.exactMap('fields');
  requireType(call, entityTypeId);
  if (!hasCrm(call)) throw itemAccessDenied(call);
  const categoryId = startingPipeline(call, entityTypeId, fields);
  const change = readItemChange(call, entityTypeId, fields, categoryId);
  const record = call.portal.crm.add(call.hit, entityTypeId, categoryId, change);
  return { result: { item: render(call, record) } };
}

function updateItem(call: Call): MethodAnswer {
  const entityTypeId = call.params.exactInt('entityTypeId');
  const id = call.params.exactInt('id');
  const fields = call.params.exactMap('fields');
  requireType(call, entityTypeId);
  const record = requireItem(call, entityTypeId, id);
  call.portal.crm.update(call.hit, record, readItemChange(call, entityTypeId, fields, record.categoryId, record));
  return { result: { item: render(call, record) } };
}

/** Success is an empty list: neither true nor null. */
function deleteItem(call: Call): MethodAnswer {
  const entityTypeId = call.params.exactInt('entityTypeId');
  const id = call.params.exactInt('id');
  requireType(call, entityTypeId);
  const record = requireItem(call, entityTypeId, id);
  requireNoVeto(call, record, 'TERMINATED_BY_EVENT_COMPATIBLE');
  call.portal.crm.remove(call.hit, record);
  return { result: [] };
}

function render(call: Call, record: CrmRecord): Record<string, unknown> {
  return new ItemView(call.portal.crm, call.portal.config).render(record, [], wantsOriginalNames(call));
}

function wantsOriginalNames(call: Call): boolean {
  return call.params.values['useOriginalUfNames'] === 'Y';
}
