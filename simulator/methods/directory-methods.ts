import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import { filterRows, type ListSource, orderRows } from '../crm/list-filter.ts';
import { mayAccess } from '../crm/record-store.ts';
import { stageEntityId } from '../crm/stage-directory.ts';
import { type Call, type MethodAnswer, type MethodTable, page } from '../rest/method.ts';
import { RestError, unnamedError } from '../rest-error.ts';
import type { HistoryRow, Stage } from '../state.ts';
import { renderMoment } from '../zoned-time.ts';
import { hasCrm, itemAccessDenied, requireCrm, requireType } from './access.ts';

/** Pipelines, stages and the history of stages. */
export const directoryMethods: MethodTable = {
  'crm.category.list': { scope: 'crm', run: listCategories },
  'crm.status.list': { scope: 'crm', run: listStatuses },
  'crm.stagehistory.list': { scope: 'crm', run: listHistory },
};

function listCategories(call: Call): MethodAnswer {
  const entityTypeId = call.params.exactInt('entityTypeId');
  requireType(call, entityTypeId);
  if (!hasCrm(call)) throw itemAccessDenied(call);
  const categories = call.portal.crm.stages
    .pipelines(entityTypeId)
    .toSorted((a, b) => a.sort - b.sort)
    .map((pipeline) => ({
      id: pipeline.id,
      name: pipeline.name,
      sort: pipeline.sort,
      entityTypeId,
      isDefault: pipeline.isDefault ? 'Y' : 'N',
    }));
  return { result: { categories }, total: categories.length };
}

/** One directory a call; an unknown one is an empty list. `select` is overlooked. */
function listStatuses(call: Call): MethodAnswer {
  requireCrm(call);
  const filter = call.params.legacyMap('filter');
  if (typeof filter['ENTITY_ID'] === 'object' && filter['ENTITY_ID'] !== null) {
    throw unnamedError('Filter by ENTITY_ID must be a string');
  }
  const source: ListSource<Record<string, unknown>> = {
    value: (row, field) => row[field],
    knows: (field) => ['ID', 'ENTITY_ID', 'STATUS_ID', 'NAME', 'SORT', 'SYSTEM', 'CATEGORY_ID'].includes(field),
    zoneMinutes: call.portal.config.zoneMinutes,
    overlooksUnknown: true,
  };
  const rows = filterRows(
    call.portal.state.stages.map((stage) => renderStage(call, stage)),
    filter,
    source,
  );
  const ordered = orderRows(rows, call.params.legacyMap('order'), source);
  return { result: ordered, total: ordered.length };
}

/** `EXTRA` exists for leads and deals only; `SEMANTICS` is null for a stage in progress. */
function renderStage(call: Call, stage: Stage): Record<string, unknown> {
  const { stages } = call.portal.crm;
  const semantics = stages.semantics(stage);
  const isStatic = stage.entityId === 'STATUS' || stage.entityId.startsWith('DEAL_STAGE');
  const isFirstFailure = /(^|:)(LOSE|JUNK)$/.test(stage.statusId);
  const meaning = { P: 'process', S: 'success', F: isFirstFailure ? 'failure' : 'apology' }[semantics];
  const isMainPipeline = stage.entityId === 'STATUS' || stage.entityId === stageEntityId(EntityType.deal, 0);
  return {
    ID: String(stage.id),
    ENTITY_ID: stage.entityId,
    STATUS_ID: stage.statusId,
    NAME: stage.name,
    NAME_INIT: stage.system ? stage.name : '',
    SORT: String(stage.sort),
    SYSTEM: stage.system ? 'Y' : 'N',
    CATEGORY_ID: isMainPipeline ? null : String(stage.categoryId),
    COLOR: '#39A8EF',
    SEMANTICS: semantics === 'P' ? null : semantics,
    ...(isStatic ? { EXTRA: { SEMANTICS: meaning, COLOR: '#39A8EF' } } : {}),
  };
}

/** Rows of deals, leads and items that the caller may read. Leads call the stage STATUS_ID. */
function listHistory(call: Call): MethodAnswer {
  const { params, portal, caller } = call;
  const entityTypeId = params.exactInt('entityTypeId');
  requireType(call, entityTypeId);
  if (!hasCrm(call)) throw itemAccessDenied(call);
  if (entityTypeId === EntityType.contact || entityTypeId === EntityType.company) {
    throw new RestError(400, 'INVALID_ARG_VALUE', 'Invalid entityTypeId: the type has no stages');
  }
  const source: ListSource<Record<string, unknown>> = {
    value: (row, field) => row[field],
    knows: (field) => field in renderHistory(entityTypeId, emptyRow, portal.config.zoneMinutes),
    zoneMinutes: portal.config.zoneMinutes,
    overlooksUnknown: true,
  };
  const all = portal.state.history
    .filter((row) => row.entityTypeId === entityTypeId)
    .filter((row) => {
      const owner = portal.crm.records.get(entityTypeId, row.ownerId);
      return owner !== undefined && mayAccess(caller.user, owner);
    })
    .map((row) => renderHistory(entityTypeId, row, portal.config.zoneMinutes));
  const rows = orderRows(filterRows(all, params.legacyMap('filter'), source), params.legacyMap('order'), source);
  return page(rows, params.start(), (row) => row, 'items');
}

const emptyRow: HistoryRow = {
  id: 0,
  typeId: 1,
  entityTypeId: 0,
  ownerId: 0,
  createdAt: 0,
  categoryId: 0,
  stageId: '',
  semantics: 'P',
};

function renderHistory(entityTypeId: number, row: HistoryRow, zoneMinutes: number): Record<string, unknown> {
  const isLead = entityTypeId === EntityType.lead;
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
