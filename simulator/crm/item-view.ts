import { EntityType } from '../../lib/bitrix24/entity-types.ts';
import type { PortalConfig } from '../options.ts';
import type { CrmRecord } from '../state.ts';
import { renderMoment } from '../zoned-time.ts';
import type { ItemField } from './item-field.ts';
import { itemFields } from './item-fields.ts';
import type { ListField } from './list-filter.ts';
import type { Operations } from './operations.ts';

/**
 * Records of one type as crm.item.* shows them: names in camelCase, numbers as numbers, "nothing linked" as 0 and [].
 * Smart-process items and invoices have no `stageSemanticId` (universal/object-fields.md).
 */
export class ItemView {
  readonly #crm: Operations;
  readonly #config: PortalConfig;
  readonly #entityTypeId: number;
  readonly #originalNames: boolean;
  readonly #fields: ReadonlyMap<string, ItemField>;

  /** `originalNames`: custom fields are called UF_CRM_… in rows, select, filter and order, and by no other name. */
  constructor(crm: Operations, config: PortalConfig, entityTypeId: number, originalNames = false) {
    this.#crm = crm;
    this.#config = config;
    this.#entityTypeId = entityTypeId;
    this.#originalNames = originalNames;
    this.#fields = new Map(
      itemFields(entityTypeId, crm.stages.hasStages(entityTypeId)).map((field) => [field.name, field]),
    );
  }

  /** The system fields. */
  get fields(): readonly ItemField[] {
    return [...this.#fields.values()];
  }

  /** What a filter or an order names, or undefined when it may not. */
  readonly listField = (name: string): ListField<CrmRecord> | undefined => {
    const field = this.#fields.get(name);
    if (field) {
      if (field.onlyWithAll || (name === 'contactIds' && !this.#filtersByContacts())) return undefined;
      return { read: (record) => field.read(record, this.#crm), moment: field.type === 'datetime' };
    }
    const parent = /^parentId(\d+)$/.exec(name)?.[1];
    if (parent !== undefined) {
      if (!this.#crm.parentTypes(this.#entityTypeId).includes(Number(parent))) return undefined;
      return { read: (record) => record.parents[parent] ?? 0, moment: false };
    }
    const custom = this.#crm.fields.find(this.#entityTypeId, name);
    if (!custom || name !== (this.#originalNames ? custom.name : custom.camel)) return undefined;
    const empty = custom.multiple ? [] : null;
    return { read: (record) => record.custom[custom.camel] ?? empty, moment: false };
  };

  /** The chosen fields, or all of them. */
  render(record: CrmRecord, select: readonly string[] = []): Record<string, unknown> {
    const isBare = select.length === 0 || (select.length === 1 && select[0] === '*');
    const wantsAll = isBare || select.includes('*');
    const shown: Record<string, unknown> = {};
    for (const [name, field] of this.#fields) {
      if (field.onlyWithAll ? isBare : wantsAll || select.includes(name)) shown[name] = this.#show(record, field);
    }
    for (const type of this.#crm.parentTypes(this.#entityTypeId)) {
      const name = `parentId${type}`;
      if (wantsAll || select.includes(name)) shown[name] = record.parents[type] ?? 0;
    }
    const wantsCustom = wantsAll || select.includes('uf_*') || select.includes('UF_*');
    for (const custom of this.#crm.fields.of(this.#entityTypeId)) {
      const name = this.#originalNames ? custom.name : custom.camel;
      if (!wantsCustom && !select.includes(name)) continue;
      shown[name] = record.custom[custom.camel] ?? (custom.multiple ? [] : null);
    }
    if (isBare) shown['entityTypeId'] = record.entityTypeId;
    return shown;
  }

  #filtersByContacts(): boolean {
    return this.#entityTypeId !== EntityType.deal || this.#config.dealsFilterByContacts;
  }

  #show(record: CrmRecord, field: ItemField): unknown {
    const value = field.read(record, this.#crm);
    return field.type === 'datetime' && typeof value === 'number'
      ? renderMoment(value, this.#config.zoneMinutes)
      : value;
  }
}
