import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import { filterRows, type ListSource, orderRows } from '../crm/list-filter.ts';
import type { PhpMap } from '../php-form.ts';
import { type Call, type MethodAnswer, type MethodTable, page } from '../rest/method.ts';
import { toInt, toText } from '../rest/params.ts';
import { unnamedError } from '../rest-error.ts';
import { scalarText } from '../scalar.ts';
import { requireCrm } from './access.ts';

/** What an address hangs on: crm.enum.ownertype calls a requisite 8. */
const REQUISITE = 8;

/** Requisites of contacts and companies, with bank details and addresses (requisites/*.md): everything is text. */
export const requisiteMethods: MethodTable = {
  'crm.requisite.list': { scope: 'crm', run: (call) => list(call, requisites(call)) },
  'crm.requisite.add': { scope: 'crm', run: addRequisite },
  'crm.requisite.bankdetail.list': { scope: 'crm', run: (call) => list(call, bankDetails(call)) },
  'crm.requisite.bankdetail.add': { scope: 'crm', run: addBankDetail },
  'crm.address.list': { scope: 'crm', run: (call) => list(call, addresses(call)) },
  'crm.address.add': { scope: 'crm', run: addAddress },
};

type Row = Readonly<Record<string, unknown>>;

function list(call: Call, all: readonly Row[]): MethodAnswer {
  requireCrm(call);
  const source: ListSource<Row> = {
    listField: (name) => (/^[A-Z0-9_]+$/.test(name) ? { read: (row) => row[name], moment: false } : undefined),
    zoneMinutes: call.portal.config.zoneMinutes,
    overlooksUnknown: true,
  };
  const rows = orderRows(
    filterRows(all, call.params.legacyMap('filter'), source),
    call.params.legacyMap('order'),
    source,
  );
  return page(rows, call.params.start(), (row) => row);
}

function requisites({ portal }: Call): Row[] {
  return portal.crm.belongings.requisites.map(({ id, entityTypeId, entityId, fields }) =>
    texts({ ID: id, ENTITY_TYPE_ID: entityTypeId, ENTITY_ID: entityId, ...fields }),
  );
}

function bankDetails({ portal }: Call): Row[] {
  return portal.crm.belongings.bankDetails.map(({ id, requisiteId, fields }) =>
    texts({ ID: id, ENTITY_ID: requisiteId, ...fields }),
  );
}

function addresses({ portal }: Call): Row[] {
  const { belongings } = portal.crm;
  return belongings.addresses.map(({ requisiteId, typeId, fields }) => {
    const owner = belongings.requisites.find(({ id }) => id === requisiteId);
    const anchor = { ANCHOR_TYPE_ID: owner?.entityTypeId ?? 0, ANCHOR_ID: owner?.entityId ?? 0 };
    return texts({ TYPE_ID: typeId, ENTITY_TYPE_ID: REQUISITE, ENTITY_ID: requisiteId, ...fields, ...anchor });
  });
}

/** What the portal itself fills in is overlooked. */
function givenFields(call: Call, own: readonly string[]): PhpMap {
  const fields = call.params.legacyMap('fields');
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !own.includes(name)));
}

const OWN = ['ID', 'DATE_CREATE', 'DATE_MODIFY', 'CREATED_BY_ID', 'MODIFY_BY_ID'];

function addRequisite(call: Call): MethodAnswer {
  requireCrm(call);
  const { ENTITY_TYPE_ID, ENTITY_ID, ...fields } = givenFields(call, OWN);
  const [entityTypeId, entityId] = [toInt(ENTITY_TYPE_ID), toInt(ENTITY_ID)];
  const mayHave = entityTypeId === EntityType.contact || entityTypeId === EntityType.company;
  if (!mayHave) throw unnamedError('ENTITY_TYPE_ID is not defined or invalid.');
  if (!call.portal.crm.records.get(entityTypeId, entityId)) throw unnamedError('ENTITY_ID is not defined or invalid.');
  if (toText(fields['NAME']) === '') throw unnamedError('NAME is not defined or invalid.');
  return { result: call.portal.crm.belongings.addRequisite(entityTypeId, entityId, fields) };
}

function requireRequisite(call: Call, id: number): void {
  if (!call.portal.crm.belongings.requisites.some((one) => one.id === id)) {
    throw unnamedError('ENTITY_ID is not defined or invalid.');
  }
}

function addBankDetail(call: Call): MethodAnswer {
  requireCrm(call);
  const { ENTITY_ID, ...fields } = givenFields(call, [...OWN, 'ENTITY_TYPE_ID']);
  requireRequisite(call, toInt(ENTITY_ID));
  return { result: call.portal.crm.belongings.addBankDetail(toInt(ENTITY_ID), fields) };
}

function addAddress(call: Call): MethodAnswer {
  requireCrm(call);
  const own = ['ANCHOR_TYPE_ID', 'ANCHOR_ID'];
  const { TYPE_ID, ENTITY_TYPE_ID, ENTITY_ID, ...fields } = givenFields(call, own);
  if (toInt(TYPE_ID) < 1) throw unnamedError('TYPE_ID is not defined or invalid.');
  if (toInt(ENTITY_TYPE_ID) !== REQUISITE) throw unnamedError('ENTITY_TYPE_ID is not defined or invalid.');
  requireRequisite(call, toInt(ENTITY_ID));
  if (!call.portal.crm.belongings.addAddress(toInt(ENTITY_ID), toInt(TYPE_ID), fields)) {
    throw unnamedError('TypeAddress exists.');
  }
  return { result: true };
}

function texts(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === 'number' ? scalarText(value) : value]),
  );
}
