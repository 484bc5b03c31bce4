import { EntityType, quoteTypeId } from '../../lib/bitrix24/entity-types.ts';
import type { RecordChange } from '../crm/operations.ts';
import type { PhpMap, PhpValue } from '../php-form.ts';
import type { Call } from '../rest/method.ts';
import { toInt, toText } from '../rest/params.ts';
import { RestError } from '../rest-error.ts';
import type { CrmRecord } from '../state.ts';
import { localized } from '../texts.ts';
import { readMoment } from '../zoned-time.ts';
import { typedValue } from './field-value.ts';

/** Fields that only the portal writes: a value for them is overlooked. */
const READ_ONLY = new Set([
  'id',
  'entityTypeId',
  'createdTime',
  'createdBy',
  'updatedTime',
  'updatedBy',
  'movedTime',
  'movedBy',
  'closed',
  'stageSemanticId',
  'previousStageId',
  'hasPhone',
  'hasEmail',
  'hasImol',
]);

/** The `fields` of crm.item.add and crm.item.update as a change; throws CRM_FIELD_ERROR_VALUE_NOT_VALID for a stage that is none. */
export function readItemChange(
  call: Call,
  entityTypeId: number,
  fields: PhpMap,
  categoryId: number,
  record?: CrmRecord,
): RecordChange {
  const change: RecordChange = {};
  const custom: Record<string, unknown> = {};
  const parents: Record<string, number> = {};
  for (const [name, value] of Object.entries(fields)) {
    const parent = /^parentId(\d+)$/.exec(name)?.[1];
    if (READ_ONLY.has(name) || name === 'categoryId' || name === 'stageId') continue;
    else if (parent !== undefined) parents[parent] = toInt(value);
    else if (!readPlain(call, change, name, value)) custom[name] = typedValue(call, entityTypeId, name, value);
  }
  const stageId = targetStage(call, entityTypeId, fields, categoryId, record);
  return { ...change, custom, parents, ...(stageId === undefined ? {} : { stageId }) };
}

/** The pipeline a new record is put into: the named one, or the type's default. */
export function startingPipeline(call: Call, entityTypeId: number, fields: PhpMap): number {
  if ([EntityType.lead, EntityType.contact, EntityType.company, quoteTypeId].some((type) => type === entityTypeId))
    return 0;
  const pipelines = call.portal.crm.stages.pipelines(entityTypeId);
  const named = fields['categoryId'];
  if (named === undefined) return (pipelines.find((pipeline) => pipeline.isDefault) ?? pipelines[0])?.id ?? 0;
  const id = toInt(named);
  if (!pipelines.some((pipeline) => pipeline.id === id)) throw invalidStage(call);
  return id;
}

function readPlain(call: Call, change: RecordChange, name: string, value: PhpValue): boolean {
  switch (name) {
    case 'title':
    case 'name':
    case 'lastName':
      change[name] = toText(value);
      return true;
    case 'companyId':
    case 'leadId':
    case 'assignedById':
      change[name] = toInt(value);
      return true;
    case 'opened':
      change.opened = value === 'Y';
      return true;
    case 'contactId':
      change.contactIds = toInt(value) > 0 ? [toInt(value)] : [];
      return true;
    case 'contactIds':
    case 'companyIds':
      change[name] = typeof value === 'object' && value !== null ? Object.values(value).map(toInt) : [];
      return true;
    case 'lastActivityTime':
      change.lastActivityAt = readMoment(toText(value), call.portal.config.zoneMinutes);
      if (Number.isNaN(change.lastActivityAt)) delete change.lastActivityAt;
      return true;
    case 'lastActivityBy':
      change.lastActivityBy = toInt(value);
      return true;
    default:
      return false;
  }
}

function targetStage(
  call: Call,
  entityTypeId: number,
  fields: PhpMap,
  categoryId: number,
  record?: CrmRecord,
): string | undefined {
  if (!call.portal.crm.stages.hasStages(entityTypeId)) return undefined;
  const { stages } = call.portal.crm;
  const pipelineId = fields['categoryId'] === undefined ? categoryId : toInt(fields['categoryId']);
  if (entityTypeId !== EntityType.lead && !stages.pipeline(entityTypeId, pipelineId)) throw invalidStage(call);
  const inPipeline = stages.stages(entityTypeId, pipelineId);
  const named = fields['stageId'];
  if (named !== undefined) {
    const stage = inPipeline.find((candidate) => candidate.statusId === toText(named));
    if (!stage) throw invalidStage(call);
    return stage.statusId;
  }
  if (!record || pipelineId === categoryId) return undefined;
  // A deal that changes pipelines without naming a stage stays what it was: lost, won or open.
  const meaning = stages.semanticsOf(entityTypeId, record.stageId);
  return (inPipeline.find((stage) => stages.semantics(stage) === meaning) ?? inPipeline[0])?.statusId;
}

function invalidStage(call: Call): RestError {
  return new RestError(400, 'CRM_FIELD_ERROR_VALUE_NOT_VALID', localized('stageInvalid', call.portal.config.language));
}
