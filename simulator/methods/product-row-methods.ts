import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import { filterRows, type ListSource } from '../crm/list-filter.ts';
import { SMART_INVOICE } from '../crm/record-types.ts';
import type { PhpMap } from '../php-form.ts';
import { type Call, type MethodAnswer, type MethodTable, page } from '../rest/method.ts';
import { asMap, toInt, toText } from '../rest/params.ts';
import { RestError } from '../rest-error.ts';
import { requireItem } from './access.ts';

/** crm.item.productrow.*: what is sold with a deal, a lead or an item (universal/product-rows/*.md). */
export const productRowMethods: MethodTable = {
  'crm.item.productrow.list': { scope: 'crm', run: listRows },
  'crm.item.productrow.set': { scope: 'crm', run: setRows },
};

const SHORT_CODES: Readonly<Record<string, number>> = {
  L: EntityType.lead,
  D: EntityType.deal,
  SI: SMART_INVOICE,
};

/** Fields that the portal counts itself. */
const OWN = ['id', 'ownerId', 'ownerType', 'priceAccount', 'measureName', 'type', 'customized', 'xmlId', 'storeId'];
const NUMBERS = ['productId', 'price', 'quantity', 'discountTypeId', 'discountRate', 'discountSum', 'taxRate', 'sort'];

interface Owner {
  readonly type: string;
  readonly entityTypeId: number;
  readonly id: number;
}

/** The rows of one owner, who has to be named. */
function listRows(call: Call): MethodAnswer {
  const { '=ownerType': type, '=ownerId': id, ...filter } = call.params.exactMap('filter');
  if (type === undefined || id === undefined) {
    throw new RestError(400, 'REQUIRED_ARG_MISSING', 'Required fields: =ownerType, =ownerId');
  }
  const owner = ownerOf(call, toText(type), toInt(id));
  const source: ListSource<Readonly<Record<string, unknown>>> = {
    listField: (name) =>
      name === 'id' || name === 'productId' ? { read: (row) => row[name], moment: false } : undefined,
    zoneMinutes: call.portal.config.zoneMinutes,
    overlooksUnknown: true,
  };
  const rows = filterRows(shown(call, owner), filter, source);
  const byId = call.params.optionalMap('order')['id'] !== undefined;
  const sorted = rows.toSorted(
    (a, b) => (byId ? 0 : Number(a['sort']) - Number(b['sort'])) || Number(a['id']) - Number(b['id']),
  );
  return page(sorted, call.params.start(), (row) => row, 'productRows');
}

function setRows(call: Call): MethodAnswer {
  const owner = ownerOf(call, toText(call.params.values['ownerType']), call.params.exactInt('ownerId'));
  const rows = Object.values(call.params.exactMap('productRows')).map((value) => readRow(asMap(value)));
  call.portal.crm.belongings.setProductRows(owner.entityTypeId, owner.id, rows);
  return { result: { productRows: shown(call, owner) } };
}

function readRow(given: PhpMap): { id?: number; fields: Record<string, unknown> } {
  const fields = Object.fromEntries(
    Object.entries(given)
      .filter(([name]) => !OWN.includes(name))
      .map(([name, value]) => [name, NUMBERS.includes(name) && value !== '' ? Number(value) : value]),
  );
  return given['id'] === undefined ? { fields } : { id: toInt(given['id']), fields };
}

function ownerOf(call: Call, type: string, id: number): Owner {
  const dynamic = /^T([0-9a-f]+)$/.exec(type)?.[1];
  const entityTypeId = SHORT_CODES[type] ?? (dynamic === undefined ? 0 : Number.parseInt(dynamic, 16));
  if (entityTypeId === 0) throw new RestError(400, 'INVALID_ARG_VALUE', 'Invalid ownerType');
  requireItem(call, entityTypeId, id);
  return { type, entityTypeId, id };
}

function shown(call: Call, { type, entityTypeId, id }: Owner): Record<string, unknown>[] {
  return call.portal.crm.belongings.productRows(entityTypeId, id).map((row) => {
    return { sort: 10, quantity: 1, ...row.fields, id: row.id, ownerId: id, ownerType: type };
  });
}
