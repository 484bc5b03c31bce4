import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import { filterRows, type ListSource, orderRows } from '../crm/list-filter.ts';
import { mayAccess } from '../crm/record-store.ts';
import type { PhpMap } from '../php-form.ts';
import { type Call, type MethodAnswer, type MethodTable, page } from '../rest/method.ts';
import { RestError } from '../rest-error.ts';
import type { HistoryRow } from '../state.ts';
import { renderMoment } from '../zoned-time.ts';
import { hasCrm, itemAccessDenied, requireType } from './access.ts';

/** The stages records have been through (crm-stage-history-list.md). */
export const historyMethods: MethodTable = {
  'crm.stagehistory.list': { scope: 'crm', run: listHistory },
};

const COLUMNS = ['ID', 'TYPE_ID', 'OWNER_ID', 'CREATED_TIME'];

/** Rows of deals, leads and items that the caller may read. Leads call the stage STATUS_ID. */
function listHistory(call: Call): MethodAnswer {
  const { params, portal, caller } = call;
  const entityTypeId = params.exactInt('entityTypeId');
  requireType(call, entityTypeId);
  if (!hasCrm(call)) throw itemAccessDenied(call);
  if (entityTypeId === EntityType.contact || entityTypeId === EntityType.company) {
    throw new RestError(400, 'INVALID_ARG_VALUE', 'Invalid entityTypeId: the type has no stages');
  }
  const isLead = entityTypeId === EntityType.lead;
  const columns = [
    ...COLUMNS,
    ...(isLead ? ['STATUS_SEMANTIC_ID', 'STATUS_ID'] : ['CATEGORY_ID', 'STAGE_SEMANTIC_ID', 'STAGE_ID']),
  ];
  const source: ListSource<Record<string, unknown>> = {
    listField: (name) => (columns.includes(name) ? { read: (row) => row[name], moment: false } : undefined),
    zoneMinutes: portal.config.zoneMinutes,
    overlooksUnknown: true,
  };
  const filter = params.legacyMap('filter');
  const all = candidates(call, entityTypeId, filter)
    .filter((row) => {
      const owner = portal.crm.records.get(entityTypeId, row.ownerId);
      return owner !== undefined && mayAccess(caller.user, owner);
    })
    .map((row) => renderHistory(isLead, row, portal.config.zoneMinutes));
  const rows = orderRows(filterRows(all, filter, source), params.legacyMap('order'), source);
  return page(rows, params.start(), (row) => row, 'items');
}

function candidates(call: Call, entityTypeId: number, filter: PhpMap): readonly HistoryRow[] {
  const { state, crm } = call.portal;
  const owner = filter['OWNER_ID'] ?? filter['=OWNER_ID'];
  if (typeof owner === 'number' || typeof owner === 'string') return crm.history.of(entityTypeId, Number(owner));
  return state.history.filter((row) => row.entityTypeId === entityTypeId);
}

function renderHistory(isLead: boolean, row: HistoryRow, zoneMinutes: number): Record<string, unknown> {
  return {
    ID: row.id,
    TYPE_ID: row.typeId,
    OWNER_ID: row.ownerId,
    CREATED_TIME: renderMoment(row.createdAt, zoneMinutes),
    ...(isLead
      ? { STATUS_SEMANTIC_ID: row.semantics, STATUS_ID: row.stageId }
      : { CATEGORY_ID: row.categoryId, STAGE_SEMANTIC_ID: row.semantics, STAGE_ID: row.stageId }),
  };
}
