import { ItemView } from '../crm/item-view.ts';
import type { ListSource } from '../crm/list-filter.ts';
import { type Call, type MethodAnswer, type MethodTable, page } from '../rest/method.ts';
import type { CrmRecord } from '../state.ts';
import { hasCrm, itemAccessDenied, requireItem, requireNoVeto, requireType } from './access.ts';
import { readItemChange, startingPipeline } from './item-change.ts';
import { describeFields, wantsOriginalNames } from './item-field-methods.ts';
import { itemRows } from './item-rows.ts';

/** crm.item.*: one interface for every type of record (universal/*.md). Parameter names are exact. */
export const itemMethods: MethodTable = {
  'crm.item.list': { scope: 'crm', run: listItems },
  'crm.item.fields': { scope: 'crm', run: describeFields },
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
  const view = viewOf(call, entityTypeId);
  const source: ListSource<CrmRecord> = {
    listField: view.listField,
    zoneMinutes: portal.config.zoneMinutes,
    overlooksUnknown: false,
  };
  const order = params.optionalMap('order');
  const rows = itemRows(call, entityTypeId, source, params.optionalMap('filter'), order);
  const select = params.optionalList('select');
  return page(rows, params.start(), (record) => view.render(record, select), 'items');
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
  return viewOf(call, record.entityTypeId).render(record);
}

function viewOf(call: Call, entityTypeId: number): ItemView {
  return new ItemView(call.portal.crm, call.portal.config, entityTypeId, wantsOriginalNames(call));
}
