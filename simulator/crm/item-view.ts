import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import type { PortalConfig } from '../options.ts';
import type { CrmRecord } from '../state.ts';
import { renderMoment } from '../zoned-time.ts';
import type { Operations } from './operations.ts';

export type ItemField = (record: CrmRecord) => unknown;

/**
 * A record as crm.item.* shows it: names in camelCase, numbers as numbers, "nothing linked" as 0 and []. Smart-process
 * items have no `stageSemanticId` (universal/object-fields.md).
 */
export class ItemView {
  readonly #crm: Operations;
  readonly #config: PortalConfig;

  constructor(crm: Operations, config: PortalConfig) {
    this.#crm = crm;
    this.#config = config;
  }

  /** The fields a type has, apart from `parentIdN` and the user fields. */
  fields(entityTypeId: number): Readonly<Record<string, ItemField>> {
    const moment = (ms: number): string => renderMoment(ms, this.#config.zoneMinutes);
    const shared: Record<string, ItemField> = {
      id: (record) => record.id,
      createdTime: (record) => moment(record.createdAt),
      createdBy: (record) => record.createdBy,
      updatedTime: (record) => moment(record.updatedAt),
      updatedBy: (record) => record.updatedBy,
      assignedById: (record) => record.assignedById,
      opened: (record) => (record.opened ? 'Y' : 'N'),
    };
    if (entityTypeId === EntityType.contact) {
      return {
        ...shared,
        name: (record) => record.name,
        lastName: (record) => record.lastName,
        companyId: (record) => record.companyId,
        companyIds: (record) => this.#crm.links.companiesOf(record.id).map((company) => company.companyId),
        leadId: (record) => record.leadId,
      };
    }
    if (entityTypeId === EntityType.company) return { ...shared, title: (record) => record.title };
    const staged: Record<string, ItemField> = {
      ...shared,
      title: (record) => record.title,
      stageId: (record) => record.stageId,
      movedTime: (record) => moment(record.movedAt),
      movedBy: (record) => record.movedBy,
      companyId: (record) => record.companyId,
      contactId: (record) => this.#primaryContact(record),
      contactIds: (record) => this.#crm.links.ids(entityTypeId, record.id),
    };
    if (entityTypeId === EntityType.lead) {
      return { ...staged, stageSemanticId: (record) => this.#semantics(record) };
    }
    if (entityTypeId === EntityType.deal) {
      return {
        ...staged,
        stageSemanticId: (record) => this.#semantics(record),
        categoryId: (record) => record.categoryId,
        closed: (record) => (this.#semantics(record) === 'P' ? 'N' : 'Y'),
        leadId: (record) => record.leadId,
        isRecurring: () => 'N',
      };
    }
    return {
      ...staged,
      previousStageId: (record) => record.previousStageId,
      categoryId: (record) => record.categoryId,
    };
  }

  /** Whether a filter or an order may name the field. */
  knows(entityTypeId: number, field: string): boolean {
    return field in this.fields(entityTypeId) || /^(parentId\d+|ufCrm.*|opportunity|currencyId|sourceId)$/.test(field);
  }

  value(record: CrmRecord, field: string): unknown {
    const getter = this.fields(record.entityTypeId)[field];
    if (getter) return getter(record);
    const parent = /^parentId(\d+)$/.exec(field)?.[1];
    return parent === undefined ? (record.custom[field] ?? null) : (record.parents[parent] ?? 0);
  }

  /** The chosen fields, or all of them; `originalNames` writes user fields as UF_CRM_…. */
  render(record: CrmRecord, select: readonly string[] = [], originalNames = false): Record<string, unknown> {
    const all = this.#names(record);
    const wantsAll = select.length === 0 || select.includes('*');
    const wantsUserFields = wantsAll || select.includes('uf_*') || select.includes('UF_*');
    const chosen = all.filter((name) => {
      if (name.startsWith('ufCrm') && wantsUserFields) return true;
      return wantsAll || select.includes(name) || select.includes(originalName(name));
    });
    return Object.fromEntries([
      ...chosen.map((name) => [originalNames ? originalName(name) : name, this.value(record, name)] as const),
      ...(wantsAll ? [['entityTypeId', record.entityTypeId] as const] : []),
    ]);
  }

  #names(record: CrmRecord): string[] {
    const parents = Object.keys(record.parents).map((type) => `parentId${type}`);
    return [...Object.keys(this.fields(record.entityTypeId)), ...parents, ...Object.keys(record.custom)];
  }

  #primaryContact(record: CrmRecord): number {
    const links = this.#crm.links.of(record.entityTypeId, record.id);
    return (links.find((link) => link.primary) ?? links[0])?.contactId ?? 0;
  }

  #semantics(record: CrmRecord): string {
    return this.#crm.stages.semanticsOf(record.entityTypeId, record.stageId);
  }
}

/** `ufCrm_1723` and `ufCrmLossReason` are `UF_CRM_1723` and `UF_CRM_LOSS_REASON` in the database; other names stay. */
function originalName(name: string): string {
  if (!name.startsWith('ufCrm')) return name;
  return `UF_CRM${name
    .slice(5)
    .replaceAll(/([A-Z])/g, '_$1')
    .toUpperCase()}`;
}
