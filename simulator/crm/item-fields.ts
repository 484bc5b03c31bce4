import { EntityType, quoteTypeId } from '../../lib/bitrix24/entity-types.ts';
import type { CrmRecord } from '../state.ts';
import { type FieldContext, type ItemField, readOnly, stored, writable } from './item-field.ts';
import { multifieldFields } from './multifields.ts';
import { SMART_INVOICE } from './record-types.ts';

/** The system fields of every type, as universal/object-fields.md lists them, as far as somebody may ask for them. */

const common: readonly ItemField[] = [
  readOnly('id', 'integer', (record) => record.id),
  readOnly('createdTime', 'datetime', (record) => record.createdAt),
  readOnly('createdBy', 'user', (record) => record.createdBy),
  readOnly('updatedTime', 'datetime', (record) => record.updatedAt),
  readOnly('updatedBy', 'user', (record) => record.updatedBy),
  writable('assignedById', 'user', (record) => record.assignedById),
  writable('opened', 'boolean', (record) => (record.opened ? 'Y' : 'N')),
  writable('lastActivityTime', 'datetime', (record) => record.lastActivityAt || record.createdAt),
  writable('lastActivityBy', 'user', (record) => record.lastActivityBy || record.createdBy),
  stored('sourceId', 'crm_status'),
  stored('sourceDescription', 'text'),
  stored('comments', 'text'),
  stored('observers', 'user', [], true),
  stored('utmSource', 'string'),
  stored('utmMedium', 'string'),
  stored('utmCampaign', 'string'),
];

const title = writable('title', 'string', (record) => record.title);

/** Where the record came from, for whoever exchanges it with another system. */
const origin: readonly ItemField[] = [
  stored('originatorId', 'string'),
  stored('originId', 'string'),
  stored('originVersion', 'string'),
];

const money: readonly ItemField[] = [
  stored('opportunity', 'double', 0),
  stored('currencyId', 'crm_currency', 'EUR'),
  stored('isManualOpportunity', 'boolean', 'N'),
];

const stage: readonly ItemField[] = [
  writable('stageId', 'crm_status', (record) => (record.stageId === '' ? null : record.stageId)),
  readOnly('movedTime', 'datetime', (record) => record.movedAt),
  readOnly('movedBy', 'user', (record) => record.movedBy),
];

const client: readonly ItemField[] = [
  writable('companyId', 'crm_company', (record) => record.companyId),
  { ...writable('contactId', 'crm_contact', primaryContact), deprecated: true },
  { ...writable('contactIds', 'crm_contact', contactIds), multiple: true },
];

const semantics = readOnly('stageSemanticId', 'string', (record, { stages }) =>
  stages.semanticsOf(record.entityTypeId, record.stageId),
);
const previousStage = readOnly('previousStageId', 'crm_status', (record) => record.previousStageId);
const category = writable('categoryId', 'crm_category', (record) => record.categoryId);
const lead = writable('leadId', 'crm_lead', (record) => record.leadId);

const person: readonly ItemField[] = [
  writable('name', 'string', (record) => record.name),
  writable('lastName', 'string', (record) => record.lastName),
  stored('secondName', 'string'),
  stored('post', 'string'),
  stored('honorific', 'crm_status'),
  stored('birthdate', 'date'),
];

const dates: readonly ItemField[] = [stored('begindate', 'date'), stored('closedate', 'date')];

const FIELDS: Readonly<Record<number, readonly ItemField[]>> = {
  [EntityType.lead]: [
    ...common,
    ...origin,
    title,
    ...person,
    stored('companyTitle', 'string'),
    ...stage,
    semantics,
    stored('statusDescription', 'text'),
    ...client,
    ...money,
    stored('isReturnCustomer', 'boolean', 'N'),
    ...multifieldFields,
  ],
  [EntityType.deal]: [
    ...common,
    ...origin,
    title,
    category,
    ...stage,
    semantics,
    previousStage,
    readOnly('closed', 'boolean', (record, context) => (semantics.read(record, context) === 'P' ? 'N' : 'Y')),
    ...client,
    lead,
    ...money,
    ...dates,
    stored('typeId', 'crm_status'),
    stored('probability', 'integer'),
    stored('additionalInfo', 'string'),
    stored('isRecurring', 'boolean', 'N'),
    stored('isReturnCustomer', 'boolean', 'N'),
    stored('isRepeatedApproach', 'boolean', 'N'),
  ],
  [EntityType.contact]: [
    ...common,
    ...origin,
    ...person,
    { ...writable('companyId', 'crm_company', (record) => record.companyId), deprecated: true },
    { ...writable('companyIds', 'crm_company', companyIds), multiple: true },
    lead,
    category,
    stored('typeId', 'crm_status'),
    stored('export', 'boolean', 'Y'),
    ...multifieldFields,
  ],
  [EntityType.company]: [
    ...common,
    ...origin,
    title,
    category,
    { ...writable('contactIds', 'crm_contact', contactIds), multiple: true },
    lead,
    stored('typeId', 'crm_status'),
    stored('industry', 'crm_status'),
    stored('employees', 'crm_status'),
    stored('revenue', 'double', 0),
    stored('currencyId', 'crm_currency', 'EUR'),
    { ...stored('isMyCompany', 'boolean', 'N'), immutable: true },
    ...multifieldFields,
  ],
  [quoteTypeId]: [...common, title, category, ...stage, ...client, ...money, ...dates, stored('quoteNumber', 'string')],
  [SMART_INVOICE]: [
    ...common,
    title,
    category,
    ...stage,
    previousStage,
    ...client,
    ...money,
    ...dates,
    stored('accountNumber', 'string'),
    stored('xmlId', 'string'),
  ],
};

const smartProcess: readonly ItemField[] = [
  ...common,
  title,
  category,
  ...stage,
  previousStage,
  ...client,
  ...money,
  ...dates,
  stored('xmlId', 'string'),
];

/** What belongs to stages comes in the rows of a type without stages too, but is not described (object-fields.md#spa). */
const unstaged = smartProcess.map((field) =>
  [...stage, previousStage].includes(field) ? { ...field, responseOnly: true } : field,
);

export function itemFields(entityTypeId: number, withStages: boolean): readonly ItemField[] {
  return FIELDS[entityTypeId] ?? (withStages ? smartProcess : unstaged);
}

function contactIds(record: CrmRecord, { links }: FieldContext): number[] {
  return links.ids(record.entityTypeId, record.id);
}

function companyIds(record: CrmRecord, { links }: FieldContext): number[] {
  return links.companiesOf(record.id).map((company) => company.companyId);
}

function primaryContact(record: CrmRecord, { links }: FieldContext): number {
  const all = links.of(record.entityTypeId, record.id);
  return (all.find((link) => link.primary) ?? all[0])?.contactId ?? 0;
}
