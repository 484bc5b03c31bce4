import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import { filterRows, type ListSource, orderRows } from '../crm/list-filter.ts';
import { stageEntityId } from '../crm/stage-directory.ts';
import type { Call, MethodAnswer, MethodTable } from '../rest/method.ts';
import { RestError, unnamedError } from '../rest-error.ts';
import type { Pipeline, Stage } from '../state.ts';
import { hasCrm, itemAccessDenied, requireCrm, requireType } from './access.ts';

/** Pipelines and their stages. */
export const directoryMethods: MethodTable = {
  'crm.category.list': { scope: 'crm', run: listCategories },
  'crm.status.list': { scope: 'crm', run: listStatuses },
};

function listCategories(call: Call): MethodAnswer {
  const entityTypeId = call.params.exactInt('entityTypeId');
  requireType(call, entityTypeId);
  if (!hasCrm(call)) throw itemAccessDenied(call);
  if (entityTypeId === EntityType.lead) {
    throw new RestError(400, 'ENTITY_TYPE_NOT_SUPPORTED', 'Entity type LEAD is not supported');
  }
  const categories = pipelinesOf(call, entityTypeId)
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

/** Contacts and companies have the one category they are all in. */
function pipelinesOf(call: Call, entityTypeId: number): Pipeline[] {
  const pipelines = call.portal.crm.stages.pipelines(entityTypeId);
  if (pipelines.length > 0) return pipelines;
  return [{ entityTypeId, id: 0, name: 'General', sort: 100, isDefault: true }];
}

/** One directory a call; an unknown one is an empty list. `select` is overlooked. */
function listStatuses(call: Call): MethodAnswer {
  requireCrm(call);
  const filter = call.params.legacyMap('filter');
  if (typeof filter['ENTITY_ID'] === 'object' && filter['ENTITY_ID'] !== null) {
    throw unnamedError('Filter by ENTITY_ID must be a string');
  }
  const source: ListSource<Record<string, unknown>> = {
    listField: (name) =>
      ['ID', 'ENTITY_ID', 'STATUS_ID', 'NAME', 'SORT', 'SYSTEM', 'CATEGORY_ID'].includes(name)
        ? { read: (row) => row[name], moment: false }
        : undefined,
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

/** `EXTRA` exists for leads, deals and quotes only; `SEMANTICS` is null for a stage in progress. */
function renderStage(call: Call, stage: Stage): Record<string, unknown> {
  const { stages } = call.portal.crm;
  const semantics = stages.semantics(stage);
  const isStatic = ['STATUS', 'QUOTE_STATUS'].includes(stage.entityId) || stage.entityId.startsWith('DEAL_STAGE');
  const isFirstFailure = /(^|:)(LOSE|JUNK|DECLAINED)$/.test(stage.statusId);
  const meaning = { P: 'process', S: 'success', F: isFirstFailure ? 'failure' : 'apology' }[semantics];
  const isMainPipeline =
    ['STATUS', 'QUOTE_STATUS'].includes(stage.entityId) || stage.entityId === stageEntityId(EntityType.deal, 0);
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
