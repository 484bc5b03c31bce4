import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import { upperName } from '../crm/field-names.ts';
import type { ItemField } from '../crm/item-field.ts';
import { itemFields } from '../crm/item-fields.ts';
import { stageEntityId } from '../crm/stage-directory.ts';
import type { Call, MethodAnswer } from '../rest/method.ts';
import type { CustomField } from '../state.ts';
import { hasCrm, itemAccessDenied, requireType } from './access.ts';

/** crm.item.fields: what there is to read and write of a type (universal/crm-item-fields.md). */
export function describeFields(call: Call): MethodAnswer {
  const { crm } = call.portal;
  const entityTypeId = call.params.exactInt('entityTypeId');
  requireType(call, entityTypeId);
  if (!hasCrm(call)) throw itemAccessDenied(call);
  const originalNames = wantsOriginalNames(call);
  const system = itemFields(entityTypeId, crm.stages.hasStages(entityTypeId)).filter((field) => !field.responseOnly);
  const fields = [
    ...system.map((field) => [field.name, describeSystem(call, entityTypeId, field)] as const),
    ...crm.parentTypes(entityTypeId).map((type) => [`parentId${type}`, describeParent(type)] as const),
    ...crm.fields
      .of(entityTypeId)
      .map((field) => [originalNames ? field.name : field.camel, describeCustom(field)] as const),
  ];
  return { result: { fields: Object.fromEntries(fields) } };
}

export function wantsOriginalNames(call: Call): boolean {
  const wish = call.params.values['useOriginalUfNames'];
  return wish === 'Y' || wish === 'y' || wish === true;
}

function describeSystem(call: Call, entityTypeId: number, field: ItemField): Readonly<Record<string, unknown>> {
  const isStage = field.name === 'stageId' || field.name === 'previousStageId';
  return {
    ...flags(field.type),
    isReadOnly: field.readOnly ?? false,
    isImmutable: field.immutable ?? false,
    isMultiple: field.multiple ?? false,
    ...(field.deprecated ? { isDeprecated: true } : {}),
    ...(isStage ? { statusType: defaultDirectory(call, entityTypeId) } : {}),
    title: field.name,
    ...(field.name === 'companyId' ? { settings: { parentEntityTypeId: EntityType.company } } : {}),
    upperName: upperName(field.name),
  };
}

function describeParent(type: number): Readonly<Record<string, unknown>> {
  const name = `parentId${type}`;
  return { ...flags('crm_entity'), title: name, settings: { parentEntityTypeId: type }, upperName: upperName(name) };
}

function describeCustom(field: CustomField): Readonly<Record<string, unknown>> {
  const items = field.items.map(({ id, value }) => ({ ID: String(id), VALUE: value }));
  return {
    ...flags(field.type),
    isRequired: field.required,
    isMultiple: field.multiple,
    isDynamic: true,
    title: field.title,
    ...(field.type === 'enumeration' ? { items } : {}),
    upperName: field.name,
  };
}

function flags(type: string): Readonly<Record<string, unknown>> {
  const none = { isRequired: false, isReadOnly: false, isImmutable: false, isMultiple: false, isDynamic: false };
  return { type, ...none };
}

function defaultDirectory(call: Call, entityTypeId: number): string {
  const pipelines = call.portal.crm.stages.pipelines(entityTypeId);
  return stageEntityId(entityTypeId, (pipelines.find((pipeline) => pipeline.isDefault) ?? pipelines[0])?.id ?? 0);
}
